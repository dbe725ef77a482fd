"""How benches show their figures: one table each, on the terminal, whatever pytest captures.

All of a run are shown once more at its end (conftest.py), so that they stand together.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

SHOWN: list[str] = []  # the tables of this run


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[str | int | float]]) -> None:
    """Print a table. Numbers are rounded to what they are worth."""
    cells = [list(header), *[[_shown(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = [f"{title} ({os.cpu_count()} cores, load {os.getloadavg()[0]:.1f})"]
    for row in cells:
        first, *rest = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        lines.append("  " + "  ".join([row[0].ljust(len(first)), *rest]))
    SHOWN.append("\n".join(lines))
    print(f"\n\n{SHOWN[-1]}")


def size(name: str, default: int) -> int:
    """How large a bench is to be: SPEEKO_BENCH_<name>, or the default."""
    return int(os.environ.get(f"SPEEKO_BENCH_{name}", default))


def _shown(cell: str | int | float) -> str:
    if isinstance(cell, str):
        return cell
    return f"{cell:,.0f}" if abs(cell) >= 10 or isinstance(cell, int) else f"{cell:.2f}"
