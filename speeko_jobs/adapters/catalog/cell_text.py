"""A value of JSON, Parquet or a spreadsheet as the text of a cell.

Knows how values are written. Which text is fit to speak is not its business.
"""

from __future__ import annotations

import datetime
import json
import math
from decimal import Decimal
from typing import Any

EXACT_FLOATS = 1e16  # below, a float has all digits of a whole number; Excel keeps 15


def cell_text(value: Any) -> str:
    """Plain text: null and NaN "", whole numbers without ".0", dates in ISO 8601, nested values as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, (int, Decimal)):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "surrogateescape")
    if isinstance(value, (list, dict, tuple)):
        return json.dumps(value, ensure_ascii=False, default=cell_text)
    return str(value)


def _float_text(value: float) -> str:
    if math.isnan(value):
        return ""
    if value.is_integer() and abs(value) < EXACT_FLOATS:
        return str(int(value))
    return repr(value)
