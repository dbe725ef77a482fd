"""How an event is signed: the Standard Webhooks scheme, version 1 (standardwebhooks.com), symmetric.

The signature is the HMAC-SHA256 of "id.timestamp.body" in base64. A secret that begins with whsec_ is
base64; any other is taken as it stands. Receivers find libraries for it in most languages.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"


def signed(secret: str, id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of an event; without a secret there is no signature among them."""
    headers = {"webhook-id": id, "webhook-timestamp": str(timestamp)}
    if secret:
        mac = hmac.new(_key(secret), f"{id}.{timestamp}.".encode() + body, hashlib.sha256)
        headers["webhook-signature"] = f"v1,{base64.b64encode(mac.digest()).decode()}"
    return headers


def _key(secret: str) -> bytes:
    if secret.startswith(PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()
