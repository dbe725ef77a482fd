"""A catalog behind a caching proxy: it answers most reads, and nobody hears an old text."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
import requests

from speeko_jobs.core.model.states import JobState
from tests.fixtures.cdn import Cdn, cdn, public_s3_url  # noqa: F401
from tests.fixtures.inprocess import InProcess
from tests.metered.audio import read_stamp, stamp_of

ROWS = [(f"sku-{n}", f"This is product number {n}.") for n in range(60)]
READS = 1_000
CHANGED = "It sounds otherwise today."
VOICE = "kokoro-professional"


def delivered(flow: InProcess, url: str, rows: list[tuple[str, str]], base: str, **spec: Any) -> list[Any]:
    """Deliver a catalog to the bucket; the lines of its manifest."""
    import json

    output = f"{url}/out"
    job, _ = flow.submit(flow.catalog(rows), {"output": output, "public_base_url": base, **spec})
    assert flow.drive(job).state is JobState.DONE
    lines = flow.context.store_of(output).get("manifest.jsonl").splitlines()
    return [json.loads(line) for line in lines]


def heard(url: str) -> tuple[bytes, str]:
    """The audio at an address, and what the proxy says of it: HIT, MISS, ..."""
    answer = requests.get(url, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.content, answer.headers.get("X-Cache", "")


def is_of(audio: bytes, text: str) -> bool:
    """Whether the audio is what the provider made of this text."""
    return read_stamp(audio, "mp3") == stamp_of(text, VOICE)


@pytest.mark.parametrize(
    "spec",
    [{"name": "{id}-{hash}.{ext}"}, {"cache_control": "public, max-age=86400"}],
    ids=["hash in the name", "hash in the address"],
)
def test_most_reads_are_hits_and_a_changed_row_is_heard_at_once(
    flow: InProcess,
    cdn: Cdn,  # noqa: F811
    public_s3_url: str,  # noqa: F811
    spec: dict[str, str],
) -> None:
    base = f"{cdn.url}/{public_s3_url.removeprefix('s3://')}/out"
    lines = delivered(flow, public_s3_url, ROWS, base, **spec)
    urls = [line["url"] for line in lines]
    # Zipf: the n-th product is asked for 1/n as often as the first
    weights = [1 / n for n in range(1, len(urls) + 1)]
    asked = random.Random(7).choices(urls, weights, k=READS)
    told = Counter(heard(url)[1] for url in asked)
    assert told["HIT"] >= 0.8 * READS, told
    assert told["MISS"] == len(set(asked)), told

    lines = delivered(flow, public_s3_url, [("sku-0", CHANGED), *ROWS[1:]], base, **spec)
    assert lines[0]["url"] != urls[0]
    assert [line["url"] for line in lines[1:]] == urls[1:]
    audio, _ = heard(lines[0]["url"])
    assert is_of(audio, CHANGED)
    assert heard(lines[0]["url"]) == (audio, "HIT")
    assert heard(urls[5])[1] == "HIT"  # what did not change stays where it was


def test_a_name_without_the_content_is_never_old(
    flow: InProcess,
    cdn: Cdn,  # noqa: F811
    public_s3_url: str,  # noqa: F811
) -> None:
    """By default, and also under an address that is not the manifest's."""
    base = f"{cdn.url}/{public_s3_url.removeprefix('s3://')}/out"
    delivered(flow, public_s3_url, ROWS[:2], base)
    plain = f"{base}/sku-0.mp3"
    first = requests.get(plain, timeout=60)
    assert is_of(first.content, ROWS[0][1])
    assert first.headers["Cache-Control"] == "no-cache"
    assert first.headers["ETag"]
    assert heard(plain)[1] != "HIT"  # the proxy keeps nothing that it would have to ask about
    delivered(flow, public_s3_url, [("sku-0", CHANGED), ROWS[1]], base)
    again = requests.get(plain, timeout=60)
    assert again.headers["ETag"] != first.headers["ETag"]
    assert is_of(again.content, CHANGED)
