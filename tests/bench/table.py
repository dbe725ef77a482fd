"""How benches show their figures: one table each, on the terminal, whatever pytest captures."""

from __future__ import annotations

import os
from collections.abc import Sequence


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[str | int | float]]) -> None:
    """Print a table. Numbers are rounded to what they are worth."""
    cells = [list(header), *[[_shown(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    print(f"\n\n{title} ({os.cpu_count()} cores, load {os.getloadavg()[0]:.1f})")
    for row in cells:
        first, *rest = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        print("  " + "  ".join([row[0].ljust(len(first)), *rest]))


def _shown(cell: str | int | float) -> str:
    if isinstance(cell, str):
        return cell
    return f"{cell:,.0f}" if abs(cell) >= 10 or isinstance(cell, int) else f"{cell:.2f}"
