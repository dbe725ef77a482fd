"""Deliver webhook events: a job ended or paused. At least once, with an id by which repeats are known.

An event is a row of a transactional outbox: the change of state writes it. Any worker sends what
is due; one that dies half-way lets the event come due again. What is not taken comes again a few times,
later and later, and is then given up.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from urllib.parse import urlsplit

from speeko_jobs.adapters.http import webhook_client
from speeko_jobs.adapters.postgres import jobs, webhooks
from speeko_jobs.adapters.postgres.webhooks import Hook
from speeko_jobs.core.model.pause_reasons import kind_of
from speeko_jobs.core.output.webhook_signature import signed
from speeko_jobs.core.reporting.next_steps import remedy
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery.finalize import summarize
from speeko_jobs.settings import Settings

AT_ONCE = 8
LEASE_SECONDS = 300.0  # longer than AT_ONCE tries take at worst
WAITS_SECONDS = (15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600)  # after each try but the last
log = logging.getLogger(__name__)


def send_due(context: Context, job: int | None = None) -> int:
    """Send the events that are due, of one job or of all; how many were taken by their receivers."""
    due = webhooks.take(context.database, most=AT_ONCE, lease_seconds=LEASE_SECONDS, job=job)
    return sum([_send(context, hook) for hook in due])


def _send(context: Context, hook: Hook) -> bool:
    if hook.tries > len(WAITS_SECONDS) + 1:  # whoever had it last died over it
        webhooks.failed(context.database, hook, "the sender died", None)
        return False
    url = jobs.show(context.database, hook.job).spec.webhook
    settings = context.settings
    body = payload(context, hook)
    headers = signed(settings.webhook_secret, hook.id, int(hook.taken), body)
    try:
        webhook_client.post(url, body, headers, allow_private=settings.allow_private_webhooks == 1)
    except webhook_client.WebhookError as error:
        wait = WAITS_SECONDS[hook.tries - 1] if hook.tries <= len(WAITS_SECONDS) else None
        webhooks.failed(context.database, hook, str(error), wait)
        what = f"again in {wait} s" if wait is not None else "given up"
        log.warning(
            "job %d: its webhook at %s did not take %r: %s (%s)",
            hook.job,
            urlsplit(url).hostname,
            hook.event,
            error,
            what,
        )
        return False
    webhooks.delivered(context.database, hook)
    return True


def check_address(settings: Settings, url: str) -> None:
    """Raise ConfigError for a webhook at a literal address to which nothing is sent under these settings.

    For commands that submit; a job whose webhook is refused later runs all the same.
    """
    webhook_client.check_literal(url, allow_private=settings.allow_private_webhooks == 1)


def _pause(hook: Hook) -> dict[str, str]:
    """The kind of a pause, and what ends it."""
    if hook.event != "paused":
        return {}
    return {"kind": kind_of(hook.reason).value, "remedy": remedy(hook.reason, hook.job)}


def payload(context: Context, hook: Hook) -> bytes:
    """The event as JSON: what happened when, and the job's summary as it stands now."""
    event = {
        "id": hook.id,
        "type": f"job.{hook.event}",
        "timestamp": datetime.fromtimestamp(hook.occurred_at, UTC).isoformat(timespec="milliseconds"),
        "reason": hook.reason,
        **_pause(hook),
        "data": summarize(context, hook.job),
    }
    return json.dumps(event, ensure_ascii=False).encode()
