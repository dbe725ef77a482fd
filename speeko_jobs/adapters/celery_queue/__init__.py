"""Celery as the message queue: app, queue, consumer and message validation."""
