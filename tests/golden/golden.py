"""The golden files, one for each version of the text rules: read, written and compared.

The file of the first version has one line of JSON a row: what stands in the catalog, and for each profile the
texts of its calls and a short form of their keys. A profile whose texts are those of the first profile says
only its key. The file of a later version has the lines that differ from the version before, with the number
of their row.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

from speeko_jobs.core.providers.profiles import PROFILES
from speeko_jobs.core.text.text_rules import FIRST_VERSION, VERSIONS
from tests.golden.rows import Made, Row, made, rows

FOLDER = Path(__file__).parent
SHOWN = 5
ADVICE = (
    "Texts that are spoken differently, or have another key, are bought again by everybody who upgrades. A"
    " changed rule is a field of TextRules that a released version lacks (core/text/text_rules.py): no"
    " version that was released may differ. If the newest version is meant to: `make golden`, and a line in"
    " CHANGELOG.md that says which texts and why. New steps that are off by default change nothing here."
)

Lines = list[dict[str, Any]]


def file_of(version: int) -> Path:
    """Return the file of a version."""
    return FOLDER / ("golden.jsonl.xz" if version == FIRST_VERSION else f"golden_{version}.jsonl.xz")


def record(row: Row, version: int) -> dict[str, Any]:
    """Return a row of the file, as this version of the rules makes it."""
    out: dict[str, Any] = {"option": row.option, "language": row.language, "source": row.source}
    first: tuple[str, ...] | None = None
    for provider in PROFILES:
        texts, key = made(provider, row, version)
        if first is None:
            first = texts
            out["texts"] = list(texts)
        out[provider] = key if texts == first else [key, *texts]
    return out


def write() -> str:
    """Write all files; return what was written."""
    told, before = [], Lines()
    for version in sorted(VERSIONS):
        lines = [record(row, version) for row in rows()]
        changed = [
            {"row": number, **line} if before else line
            for number, line in enumerate(lines, 1)
            if not before or line != before[number - 1]
        ]
        with lzma.open(file_of(version), "wt", encoding="utf-8", preset=9) as file:
            file.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line in changed)
        told.append(f"version {version}: {len(changed):,} rows over {len(PROFILES)} profiles")
        before = lines
    return "\n".join(told)


def read(version: int) -> Lines:
    """Return what each row is spoken as under a version."""
    with lzma.open(file_of(version), "rt", encoding="utf-8") as file:
        found = [json.loads(line) for line in file]
    if version == FIRST_VERSION:
        return found
    lines = read(version - 1)
    for line in found:
        lines[line.pop("row") - 1] = line
    return lines


def kept(line: dict[str, Any], provider: str) -> Made:
    """What the file says that a profile makes of a row."""
    said = line[provider]
    return Made(tuple(line["texts"]), said) if isinstance(said, str) else Made(tuple(said[1:]), said[0])


def differences(lines: Lines, version: int) -> list[str]:
    """Every row and profile that comes out otherwise now, with the old and the new texts."""
    out = []
    for number, line in enumerate(lines, start=1):
        row = Row(line["option"], line["language"], line["source"])
        for provider in PROFILES:
            old, new = kept(line, provider), made(provider, row, version)
            if old == new:
                continue
            what = f"version {version}, row {number}, {provider}, {row.option}, "
            what += f"language {row.language!r}: {row.source!r}\n"
            if old.texts == new.texts:
                out.append(f"{what}  the same texts under another key: {old.key} -> {new.key}")
            else:
                out.append(f"{what}  was: {list(old.texts)}\n  now: {list(new.texts)}")
    return out


def told(found: list[str], version: int) -> str:
    more = f"\n... and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    return (
        f"{len(found):,} outcomes differ from {file_of(version).name}:\n"
        + "\n".join(found[:SHOWN])
        + f"{more}\n{ADVICE}"
    )
