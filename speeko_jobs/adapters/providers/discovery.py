"""What can be asked of a speech API without spending money: is it there, is the key good, which voices.

Blocking (requests), for the command line. The calls that cost money are in `http_provider`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import requests

from speeko_jobs.adapters.providers.endpoint import KEY_VARIABLE, URL_VARIABLE, Endpoint, endpoint
from speeko_jobs.adapters.providers.response_errors import error_of, one_line
from speeko_jobs.core.providers.profiles import Profile
from speeko_jobs.errors import ConfigError, ServerError
from speeko_jobs.settings import Settings

_TIMEOUT_SECONDS = (5.0, 15.0)  # to connect, between two reads
_MAX_BYTES = 4_000_000
_VOICES_PATH, _MODELS_PATH = "/v1/audio/voices", "/v1/models"


def list_voices(
    profile: Profile, settings: Settings, seconds: tuple[float, float] | None = None
) -> list[str]:
    """The names that the server lists, sorted; the profile's where the API has no such list."""
    if not profile.lists_voices:
        return list(profile.voices)
    where = endpoint(profile, settings)
    status, body = _get(where, _VOICES_PATH, seconds or _TIMEOUT_SECONDS)
    if status == 404:
        return list(profile.voices)
    if status != 200:
        raise _refused(profile, where, status, body)
    voices = _names_of(body)
    if voices is None:
        raise ServerError(f"{where.base_url}{_VOICES_PATH}: not a list of voices: check {URL_VARIABLE}")
    return voices


def list_models(profile: Profile, settings: Settings) -> list[str]:
    """Return the names of the models that the server lists; none where it has no such list."""
    status, body = _get(endpoint(profile, settings), _MODELS_PATH)
    return (_names_of(body) or []) if status == 200 else []


def check(profile: Profile, settings: Settings) -> str:
    """One line on an API that answers. A call that needs the key comes first, /health where there is none."""
    where = endpoint(profile, settings)
    paths = [_VOICES_PATH, _MODELS_PATH] if profile.lists_voices else [_MODELS_PATH]
    for path in paths:
        status, body = _get(where, path)
        if status == 200:
            verdict = "the key is accepted" if where.api_key else "it asks for no key"
            return f"{profile.name} at {where.base_url} answers, {verdict} (GET {path})"
        if status not in (404, 405, 501):
            raise _refused(profile, where, status, body)
    status, body = _get(where, "/health")
    if status == 200:
        return f"{profile.name} at {where.base_url} answers; whether the key is good shows at the first call"
    if status in (404, 405):
        raise ServerError(f"{where.base_url}: no speech API answers there: check {URL_VARIABLE}")
    raise _refused(profile, where, status, body)


def _get(where: Endpoint, path: str, seconds: tuple[float, float] = _TIMEOUT_SECONDS) -> tuple[int, bytes]:
    """Status and body of a GET, no redirect followed and no proxy of the environment used."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            with session.get(
                where.base_url + path,
                headers=where.headers,
                timeout=seconds,
                allow_redirects=False,
                stream=True,
            ) as response:
                body = bytearray()
                for part in response.iter_content(65_536):
                    body += part
                    if len(body) > _MAX_BYTES:
                        raise ServerError(f"{where.base_url}{path}: the answer is too long")
                return response.status_code, bytes(body)
        except (requests.RequestException, OSError) as error:
            reason = _cause(error, where.api_key)
            message = f"{where.base_url} does not answer ({reason}): is it running, is {URL_VARIABLE} right?"
            raise ServerError(message) from None


def _cause(error: Exception, key: str) -> str:
    if isinstance(error, requests.Timeout):
        return "timeout"
    if isinstance(error, requests.exceptions.SSLError):
        return "TLS: " + one_line(str(error), (key,))[-120:]
    text = str(error)
    for sign, short in (("refused", "connection refused"), ("resolve", "no such host"), ("reset", "reset")):
        if sign in text:
            return short
    return type(error).__name__


def _refused(profile: Profile, where: Endpoint, status: int, body: bytes) -> ConfigError | ServerError:
    reason = error_of(status, {}, body, datetime.now(UTC), (where.api_key,)).reason
    if status in (401, 403):
        return ConfigError(f"{profile.name} does not accept the key ({reason}): set {KEY_VARIABLE}")
    if 300 <= status < 400:
        return ConfigError(f"{where.base_url}: {reason}")
    return ServerError(f"{profile.name} at {where.base_url} refuses ({reason})")


def _names_of(body: bytes) -> list[str] | None:
    """Names out of {"voices": [...]}, {"data": [...]} or a bare list, of strings or of {"id", "name"}."""
    try:
        value: Any = json.loads(body)
    except ValueError:
        return None
    if isinstance(value, dict):
        value = value.get("voices", value.get("data"))
    if not isinstance(value, list):
        return None
    names = [v if isinstance(v, str) else _name_of(v) for v in value]
    return sorted({one_line(name) for name in names if name})


def _name_of(value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    return str(value.get("id") or value.get("voice_id") or value.get("name") or "")
