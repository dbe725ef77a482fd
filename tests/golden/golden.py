"""The golden file: read, written and compared.

One line of JSON a row: what stands in the catalog, and for each profile the texts of its calls and a short
form of their keys. A profile whose texts are those of the first profile says only its key.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

from speeko_jobs.core.providers.profiles import PROFILES
from tests.golden.rows import Made, Row, made, rows

FILE = Path(__file__).with_name("golden.jsonl.xz")
SHOWN = 5
ADVICE = (
    "Texts that are spoken differently, or have another key, are bought again by everybody who upgrades."
    " If that is meant: `make golden`, and a line in CHANGELOG.md that says which texts and why. New steps"
    " that are off by default change nothing here."
)


def record(row: Row) -> dict[str, Any]:
    """A row of the file, as this version makes it."""
    out: dict[str, Any] = {"option": row.option, "language": row.language, "source": row.source}
    first: tuple[str, ...] | None = None
    for provider in PROFILES:
        texts, key = made(provider, row)
        if first is None:
            first = texts
            out["texts"] = list(texts)
        out[provider] = key if texts == first else [key, *texts]
    return out


def write() -> str:
    lines = [json.dumps(record(row), separators=(",", ":")) for row in rows()]
    with lzma.open(FILE, "wt", encoding="utf-8", preset=9) as file:
        file.write("\n".join(lines) + "\n")
    return f"{len(lines):,} rows over {len(PROFILES)} profiles: {FILE} ({FILE.stat().st_size:,} bytes)"


def read() -> list[dict[str, Any]]:
    with lzma.open(FILE, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def kept(line: dict[str, Any], provider: str) -> Made:
    """What the file says that a profile makes of a row."""
    said = line[provider]
    return Made(tuple(line["texts"]), said) if isinstance(said, str) else Made(tuple(said[1:]), said[0])


def differences(lines: list[dict[str, Any]]) -> list[str]:
    """Every row and profile that comes out otherwise now, with the old and the new texts."""
    out = []
    for number, line in enumerate(lines, start=1):
        row = Row(line["option"], line["language"], line["source"])
        for provider in PROFILES:
            old, new = kept(line, provider), made(provider, row)
            if old == new:
                continue
            what = f"row {number}, {provider}, {row.option}, language {row.language!r}: {row.source!r}\n"
            if old.texts == new.texts:
                out.append(f"{what}  the same texts under another key: {old.key} -> {new.key}")
            else:
                out.append(f"{what}  was: {list(old.texts)}\n  now: {list(new.texts)}")
    return out


def told(found: list[str]) -> str:
    more = f"\n... and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    return (
        f"{len(found):,} outcomes differ from {FILE.name}:\n" + "\n".join(found[:SHOWN]) + f"{more}\n{ADVICE}"
    )
