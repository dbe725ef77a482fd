"""The queues by name, and how often a sweep is asked for."""

from __future__ import annotations

SYNTHESIZE, DELIVER, CONTROL = "synthesize", "deliver", "control"
QUEUES = (SYNTHESIZE, DELIVER, CONTROL)
SWEEP_SECONDS = 15.0
