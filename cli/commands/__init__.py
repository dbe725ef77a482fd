"""A file a verb. Each is imported when its verb is used, and imports what is heavy when it runs."""
