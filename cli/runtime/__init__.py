"""What a verb runs on: settings, servers, local workers, signals and exit codes."""
