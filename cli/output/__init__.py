"""What verbs print: tables for people, records for --json."""
