"""Text without what looks like a secret: passwords and signatures in addresses, bearer tokens. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

HIDDEN = "***"
_LOGIN = re.compile(r"(://)[^/\s@?#]*@")
_QUERY = re.compile(
    r"([?&;][^=\s&;?]*(?:key|secret|token|sig|pass|credential|auth)[^=\s&;?]*=)[^&;\s'\"]+", re.IGNORECASE
)
_BEARER = re.compile(r"(?i)(bearer\s+)\S+")


def redacted(text: str) -> str:
    """The text with *** where logins, secret-sounding query values and bearer tokens were."""
    text = _LOGIN.sub(rf"\1{HIDDEN}@", text)
    return _BEARER.sub(rf"\1{HIDDEN}", _QUERY.sub(rf"\1{HIDDEN}", text))


def without_secrets(url: str) -> str:
    """Return the address without user, password, query and fragment; a path or "-" as it is."""
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the address"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
