"""From stored audio to files in the destination, with manifest and report."""
