"""Addresses to listen at, and passwords beyond this machine, for verbs that serve pages."""

from __future__ import annotations

import ipaddress

MIN_PASSWORD_CHARS, MIN_DIFFERENT_CHARS = 12, 5


def weakness(password: str, user: str = "") -> str:
    """Return what makes a password too weak for other machines to see; "" for a good one."""
    if len(password) < MIN_PASSWORD_CHARS:
        return f"it has fewer than {MIN_PASSWORD_CHARS} characters"
    if len(set(password)) < MIN_DIFFERENT_CHARS:
        return f"it has fewer than {MIN_DIFFERENT_CHARS} different characters"
    if user and password.lower().replace(user.lower(), "") in ("", "password"):
        return "it repeats the user's name"
    return "it is on every list of passwords" if password.lower() in _COMMON else ""


_COMMON = (
    "passwordpassword",
    "password1234",
    "password12345",
    "123456789012",
    "1234567890123",
    "qwertyuiopas",
)


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches it."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
