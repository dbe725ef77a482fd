"""Send one claimed text to a provider. Every outcome is an answer: a driver's own fault counts as unknown.

Books nothing: callers settle what it returns.
"""

from __future__ import annotations

import logging

from speeko_jobs.adapters import failpoints
from speeko_jobs.adapters.postgres.claims import Claim
from speeko_jobs.adapters.providers.provider import OnAudio, Provider
from speeko_jobs.core.model.speech import Failure, ProviderError, Speech, SpeechRequest

log = logging.getLogger(__name__)


async def send(
    provider: Provider, claim: Claim, speed: float, on_audio: OnAudio | None = None
) -> Speech | ProviderError:
    """Call once for a claim; return the speech, or the error it brought."""
    request = SpeechRequest(
        claim.idempotency_key, claim.text, claim.model, claim.voice, claim.language, claim.format, speed
    )
    failpoints.point("before_send", claim.text)
    result: Speech | ProviderError
    try:
        result = await provider.speak(request, on_audio)
    except ProviderError as error:
        result = error
    except Exception as error:
        # whatever it was, the call may have been paid for
        log.exception("the %s provider failed", provider.profile.name)
        result = ProviderError(Failure.UNKNOWN, f"{type(error).__name__} in the provider's driver")
    failpoints.point("after_response", claim.text)
    return result
