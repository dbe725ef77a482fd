"""A job's spec, how a row becomes texts and keys, and how rows form chunks."""
