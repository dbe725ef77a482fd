"""The first cache tier, in Redis."""
