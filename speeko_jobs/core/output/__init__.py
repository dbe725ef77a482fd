"""Text made fit to leave: formatting, sanitizing, redaction, signatures and public addresses."""
