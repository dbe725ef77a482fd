"""Text without what looks like a secret: passwords and signatures in addresses, bearer tokens. Pure."""

from __future__ import annotations

import re

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
