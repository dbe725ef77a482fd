"""What a catalog's columns mean, how its files are named, and what changed since the last delivery."""
