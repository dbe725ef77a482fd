"""The limits of calls as records for --json."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from speeko_jobs.flow.reporting.fleet_queries import AccountLimits, PermitHolder


def document(accounts: Sequence[AccountLimits], holders: Sequence[PermitHolder]) -> list[dict[str, Any]]:
    """What --json tells: each account with those who hold permits of it."""
    return [
        dataclasses.asdict(account)
        | {"holders": [dataclasses.asdict(h) for h in holders if h.account == account.name]}
        for account in accounts
    ]
