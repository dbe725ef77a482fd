"""Decisions over time: call limits, fair shares, breakers, outages, schedules and eviction."""
