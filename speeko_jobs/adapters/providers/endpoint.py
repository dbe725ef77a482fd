"""Where a speech API is and how to say who asks: its base URL and headers, out of the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from speeko_jobs.core.providers.profiles import Profile
from speeko_jobs.errors import ConfigError
from speeko_jobs.settings import Settings, key_variable, url_variable

URL_VARIABLE = "SPEEKO_API_URL"
KEY_VARIABLE = "SPEEKO_API_KEY"
_SPEECH_PATH = "/audio/speech"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A checked address without trailing slash or /v1. The key is kept out of its repr."""

    base_url: str
    api_key: str = field(repr=False)

    @property
    def speech_url(self) -> str:
        return f"{self.base_url}/v1{_SPEECH_PATH}"

    @property
    def health_url(self) -> str:
        """An address that costs nothing to ask, whatever the answer."""
        return f"{self.base_url}/health"

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every call. Identity: an inflated body could be any size before it is counted."""
        headers = {"Accept-Encoding": "identity", "User-Agent": "speeko-jobs"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        return headers


def endpoint(profile: Profile, settings: Settings) -> Endpoint:
    """The API's endpoint. Raises ConfigError that names the variable to set; it never shows a value."""
    key, account = settings.api_key.strip(), settings.account
    named = account not in ("", profile.name)
    who = f"account {account}" if named else profile.name
    url_name, key_name = (
        (url_variable(account), key_variable(account)) if named else (URL_VARIABLE, KEY_VARIABLE)
    )
    if profile.needs_key and not key:
        raise ConfigError(f"{who} needs a key: set {key_name}")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigError(f"{key_name}: a key holds no spaces, line breaks or letters beyond ASCII")
    url = settings.api_url.strip() or profile.default_url
    if not url:
        raise ConfigError(f"{who} needs an address: set {url_name}")
    return Endpoint(_base_url(url, url_name, key_name), key)


def _base_url(url: str, url_name: str, key_name: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url:
        raise ConfigError(f"{url_name}: not an http:// or https:// address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(f"{url_name}: give scheme, host and path only; the key goes in {key_name}")
    path = parts.path.rstrip("/").removesuffix(_SPEECH_PATH).rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"
