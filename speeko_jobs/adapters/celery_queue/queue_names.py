"""The queues by name, what a message is about, how often sweeps are asked for, which brokers there are."""

from __future__ import annotations

from collections.abc import Sequence

SYNTHESIZE, DELIVER, CONTROL = "synthesize", "deliver", "control"
QUEUES = (SYNTHESIZE, DELIVER, CONTROL)
SWEEP_SECONDS = 15.0
REDIS_SCHEMES = ("redis", "rediss", "unix")
AMQP_SCHEMES = ("amqp", "amqps")


def is_redis(url: str) -> bool:
    """Return whether the server at this URL is a Redis."""
    return url.partition("://")[0] in REDIS_SCHEMES


def is_amqp(url: str) -> bool:
    """Whether the broker at this URL is RabbitMQ."""
    return url.partition("://")[0] in AMQP_SCHEMES


def about(task: str, arguments: Sequence[int]) -> str:
    """What a message is about, as Flower shows it: `job 12, chunk 3`; nothing for one without numbers."""
    words = ("schedule run",) if task == "fire" else ("job", "chunk")
    return ", ".join(f"{word} {number}" for word, number in zip(words, arguments, strict=False))


# A worker holds this against its own clock: much less, and one that is fast would drop every request.
VOID_SECONDS = 3_600.0
