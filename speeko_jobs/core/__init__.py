"""Pure values and decisions. No I/O, no clock, nothing of Celery, SQL or click."""
