"""The screen of `speeko top`."""
