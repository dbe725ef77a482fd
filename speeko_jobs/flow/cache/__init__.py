"""The cached audio: statistics, eviction, invalidation, integrity, and audio that is missing."""
