"""The queues by name, how often a sweep is asked for, and which brokers there are."""

from __future__ import annotations

SYNTHESIZE, DELIVER, CONTROL = "synthesize", "deliver", "control"
QUEUES = (SYNTHESIZE, DELIVER, CONTROL)
SWEEP_SECONDS = 15.0
REDIS_SCHEMES = ("redis", "rediss", "unix")
AMQP_SCHEMES = ("amqp", "amqps")


def is_amqp(url: str) -> bool:
    """Whether the broker at this URL is RabbitMQ."""
    return url.partition("://")[0] in AMQP_SCHEMES


# A worker holds this against its own clock: much less, and one that is fast would drop every request.
VOID_SECONDS = 3_600.0
