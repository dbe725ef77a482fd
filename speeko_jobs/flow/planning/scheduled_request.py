"""What a schedule has submitted, as a value that survives JSON: a job's spec, how to read its catalog, money.

Holds no secret. The price is kept as it was set, with its days: each run is planned with its own day's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from speeko_jobs.adapters.catalog import ReadOptions
from speeko_jobs.core.billing.price_schedule import price_on
from speeko_jobs.core.job import job_spec as core_spec
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.errors import ConfigError, UsageError
from speeko_jobs.flow.delivery.removed_files import MAX_DELETED_SHARE
from speeko_jobs.flow.planning.lexicon_loading import wording_of
from speeko_jobs.flow.planning.planner import CatalogOptions


@dataclass(frozen=True)
class Request:
    """A catalog, and what is to be done with it. `prices`: USD for a million characters, by day."""

    spec: JobSpec
    orders: CatalogOptions
    prices: str = ""
    budget_micros: int | None = None
    priority: int = 0
    partial: bool = False
    most_deleted_share: Decimal = MAX_DELETED_SHARE

    def check(self) -> None:
        """Raise ConfigError or UsageError for what no worker could do, or should not know."""
        for source in self.orders.sources:
            if source == "-":
                raise UsageError("a schedule cannot read standard input: name a file or a URL")
            if redacted(source) != source:
                raise ConfigError(
                    f"{redacted(source)}: no keys and passwords in the address, it is shown and stored: set"
                    " them where the store's own tools look (AWS_SECRET_ACCESS_KEY, ...)"
                )
        price_on(self.prices, date.min)
        wording_of(self.spec)

    def spec_on(self, day: date) -> JobSpec:
        """The spec with that day's price."""
        return dataclasses.replace(self.spec, price_per_million=price_on(self.prices, day))

    def to_json(self) -> dict[str, Any]:
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        fields |= {"spec": self.spec.to_json(), "orders": dataclasses.asdict(self.orders)}
        return fields | {"most_deleted_share": str(self.most_deleted_share)}


def from_json(data: Mapping[str, Any]) -> Request:
    """The request that `to_json` wrote. Raises UsageError when it holds a field of a newer version."""
    try:
        read = dict(data["orders"])
        read |= {name: tuple(value) for name, value in read.items() if isinstance(value, list)}
        orders = CatalogOptions(**read | {"read": ReadOptions(**read["read"])})
        spec, share = core_spec.from_json(data["spec"]), Decimal(data["most_deleted_share"])
        return Request(**dict(data) | {"spec": spec, "orders": orders, "most_deleted_share": share})
    except TypeError:
        raise UsageError("the schedule was made by a newer speeko: upgrade the workers") from None
