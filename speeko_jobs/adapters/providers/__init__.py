"""Drivers of speech: a speech API over HTTP, and espeak-ng on this machine."""
