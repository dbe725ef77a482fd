"""Catalogs by the million, and the state after one was bought and delivered: set by SQL, without calls.

What a night finds is what a job of the night before leaves in Postgres; a million calls and files more
would not change what is measured. Redis knows nothing: look-ups that should not be made would show.
"""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.bench.programs import planned
from tests.fixtures.spine import Spine

SEEN_FILES = 20  # submit looks for the first few by path, to see whether the folder was emptied
LOOKS = ("red", "blue", "soft", "light", "heavy", "warm", "cosy", "modern", "classic", "slim")
THINGS = ("chair", "lamp", "table", "shirt", "jacket", "bottle", "bag", "shoe", "mug", "plate")
STUFFS = ("cotton", "wool", "steel", "oak", "leather", "glass", "ceramic", "linen", "bamboo", "rubber")


def write_lines(path: Path, rows: int, *, every: int = 0, says: Sequence[str] = ()) -> Path:
    """A shop's CSV of so many rows with different texts, always the same; each `every`th row says one of
    `says` in place of its own."""
    pick = random.Random(7).choice
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["sku", "name", "description", "price"])
        for n in range(rows):
            look, thing, stuff = pick(LOOKS), pick(THINGS), pick(STUFFS)
            text = f"The {look} {thing} number {n} is made of {stuff} and comes with a {pick(STUFFS)} case."
            if every and n % every == 0:
                text = says[n // every % len(says)]
            writer.writerow([f"SKU-{n:08d}", f"{look} {thing}", text, f"{n % 1000}.99"])
    return path


def deliver_on_paper(spine: Spine, catalog: Path, output: str = "out") -> dict[str, float]:
    """Make it so that all rows of the catalog were bought and delivered to `output` before; what the
    planning took, nothing being known. No workers may be there yet."""
    found = planned(spine, "submit", catalog, output)
    job = found["job"]
    for statement in (
        f"UPDATE speeko.utterance SET state = 'done', bytes = 30000, millis = 5000, sha256 = sha256('audio'),"
        f" bought_job = {job}, bought_row = 1, settled_at = clock_timestamp() WHERE state = 'missing'",
        f"INSERT INTO speeko.delivered (destination_id, path, content, job_id, bytes, millis)"
        f" SELECT j.destination_id, i.path, i.keys[1], j.id, 30000, 5000"
        f" FROM speeko.item i JOIN speeko.job j ON j.id = i.job_id WHERE j.id = {job} ORDER BY i.path",
        f"UPDATE speeko.chunk SET state = 'delivered', delivered_at = clock_timestamp() WHERE job_id = {job}",
        f"UPDATE speeko.job SET state = 'done', finalized = true, chunks_open = 0, uncounted_row = NULL,"
        f" delivered = rows, finished_at = clock_timestamp() WHERE id = {job}",
        "VACUUM ANALYZE",
    ):
        spine.sql(statement)
    first = f"SELECT path FROM speeko.delivered WHERE job_id = {job} ORDER BY path LIMIT {SEEN_FILES}"
    for (path,) in spine.sql(first):
        (spine.folder / output / path).touch()
    forget_redis(spine)
    return found


def forget_redis(spine: Spine) -> None:
    """Redis as after its loss: no records, no messages."""
    with spine.redis.client as client:
        client.flushdb(asynchronous=True)  # millions of keys take longer than an answer may


def fill_cache(spine: Spine, texts: int) -> None:
    """So many texts more in the cache, that no catalog here has."""
    at_once = 1_000_000
    for start in range(0, texts, at_once):
        spine.sql(
            "INSERT INTO speeko.utterance (key, state, provider, model, voice, language, format, chars,"
            " cost_micros, text, bytes, millis, sha256, bought_job, bought_row, settled_at)"
            " SELECT sha256(n::text::bytea), 'done', 'speeko', 'kokoro', 'kokoro-professional', '', 'mp3', 9,"
            " 900, 'a text', 30000, 5000, sha256('audio'), 1, n, clock_timestamp()"
            f" FROM generate_series({start + 1}, {min(start + at_once, texts)}) AS n"
        )
    spine.sql("VACUUM ANALYZE speeko.utterance")


def clear(spine: Spine, output: str) -> None:
    """Take away what a job wrote: millions of rows are gigabytes of manifest."""
    for folder in (spine.folder / output, Path(spine.settings.store_url) / "jobs"):
        shutil.rmtree(folder, ignore_errors=True)
