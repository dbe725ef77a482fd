"""Find audio in another format for texts whose own is not there, so that nothing is bought for them.

Asked only for keys that are to be bought, a batch at a time. Where no audio of the
engine was ever bought in a usable format, nothing is asked at all: that costs one look at the jobs a plan.
"""

from __future__ import annotations

from collections.abc import Mapping

from speeko_jobs.adapters.postgres import plan_loading
from speeko_jobs.core.job.convertible_formats import SiblingKeys, Spoken, usable_formats
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.flow.context import Context


class Reuse:
    """Stand-ins for one job's keys. `is_possible` is False where there can be none."""

    def __init__(self, context: Context, spec: JobSpec) -> None:
        self._context = context
        formats = usable_formats(spec)
        if formats:
            bought = plan_loading.formats_bought(context.database, spec.provider, spec.model)
            formats = tuple(format for format in formats if format in bought)
        self.is_possible = bool(formats)
        self._siblings = SiblingKeys(spec, formats)

    def find(self, wanted: Mapping[bytes, Spoken]) -> dict[bytes, bytes]:
        """Return for each key that has one the key of audio that is there: the best of its formats.

        A sibling that somebody buys at this moment does not count: nobody waits for it.
        """
        if not self.is_possible or not wanted:
            return {}
        siblings = self._siblings.of(wanted)
        missing = self._missing([key for keys in siblings.values() for key in keys])
        found = {}
        for key, others in siblings.items():
            there = next((other for other in others if other not in missing), None)
            if there is not None:
                found[key] = there
        return found

    def _missing(self, keys: list[bytes]) -> set[bytes]:
        """Those of these keys that have no audio now."""
        return set(plan_loading.not_done(self._context.database, keys))
