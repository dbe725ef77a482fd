"""Delivered audio behind a CDN: headers that fit the names, and addresses that change with what is heard."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests

from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.output import cdn_publishing
from speeko_jobs.errors import ConfigError
from speeko_jobs.flow.delivery import finalize
from tests.fixtures.inprocess import InProcess

ROWS = [("a", "One."), ("b/ä ö", "Two."), ("c", "Three.")]
BASE = "https://cdn.example/audio/"


def job_of(flow: InProcess, rows: list[tuple[str, str]], **spec: Any) -> int:
    job, _ = flow.submit(flow.catalog(rows), spec)
    assert flow.drive(job).state is JobState.DONE
    return job


def headers(s3: str, url: str, path: str) -> Any:
    """What the server sends for an object."""
    answer = requests.get(f"{s3}/{url.removeprefix('s3://')}/{path}", timeout=60)
    if answer.status_code == 403:  # the server wants a signature: ask it as its owner
        import boto3

        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        head = boto3.client("s3", endpoint_url=s3).head_object(Bucket=bucket, Key=f"{prefix}/{path}")
        return head["ResponseMetadata"]["HTTPHeaders"]
    return {name.lower(): value for name, value in answer.headers.items()}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, "no-cache"),
        ({"name": "{id}-{hash}.{ext}"}, cdn_publishing.IMMUTABLE),
        ({"cache_control": "public, max-age=60"}, "public, max-age=60"),
    ],
)
def test_the_header_fits_the_name(
    flow: InProcess, s3_url: str, s3_environment: str, spec: dict[str, str], expected: str
) -> None:
    output = f"{s3_url}/out"
    job_of(flow, [("a", "One.")], output=output, **spec)
    store = flow.context.store_of(output)
    (path,) = [name for name in store.list() if name.endswith(".mp3")]
    found = headers(s3_environment, output, path)
    assert found["cache-control"] == expected
    assert found["etag"]
    assert found["content-type"] == "audio/mpeg"
    assert headers(s3_environment, output, "manifest.csv")["cache-control"] == "no-cache"


def test_the_store_s_own_objects_stay_immutable(flow: InProcess, s3_url: str, s3_environment: str) -> None:
    far = flow.again(store=f"{s3_url}/store")
    job_of(far, [("a", "One.")], output=f"{s3_url}/out")
    (path,) = far.context.store_of(f"{s3_url}/store").list("audio")
    assert headers(s3_environment, f"{s3_url}/store", path)["cache-control"] == cdn_publishing.IMMUTABLE
    assert headers(s3_environment, f"{s3_url}/out", "a.mp3")["cache-control"] == "no-cache"


def test_another_header_delivers_anew_and_buys_nothing(
    flow: InProcess, s3_url: str, s3_environment: str
) -> None:
    """So do files with the header of v0.1.0, whose form in the database has no header."""
    output = f"{s3_url}/out"
    job_of(flow, ROWS[:2], output=output)
    _, plan = flow.submit(flow.catalog(ROWS[:2]), {"output": output})
    assert plan.changes == {"unchanged": 2}
    flow.drive(2)
    flow.books.execute("UPDATE speeko.delivered SET form = 'mp3' RETURNING 1")
    for cache in ("", "public, max-age=5"):
        job, plan = flow.submit(flow.catalog(ROWS[:2]), {"output": output, "cache_control": cache})
        assert (plan.changes, plan.cost_micros) == ({"headers": 2}, 0)
        assert flow.drive(job).delivered == 2
        assert headers(s3_environment, output, "a.mp3")["cache-control"] == (cache or "no-cache")
    assert flow.provider.calls == 2


def test_a_folder_has_no_headers_and_stays_unchanged(flow: InProcess) -> None:
    flow.run(flow.catalog(ROWS))
    assert flow.run(flow.catalog(ROWS), {"cache_control": "max-age=1"})["unchanged"] == 3


def test_urls_in_manifest_results_and_report(flow: InProcess) -> None:
    rows = [*ROWS, ("empty", "!")]
    flow.run(flow.catalog(rows), {"public_base_url": BASE})
    lines = flow.manifest()
    table = flow.table("manifest.csv")
    assert [row["url"] for row in table] == [line["url"] for line in lines]
    assert lines[-1]["url"] == ""
    for line in lines[:3]:
        parts = urlsplit(line["url"])
        assert f"{parts.scheme}://{parts.netloc}{unquote(parts.path)}" == f"{BASE}{line['path']}"
        assert parts.query == f"v={line['key'][:16]}"
        assert line["url"].isascii()
        assert " " not in line["url"]
    page = (flow.output / "report.html").read_text()
    assert f'href="{lines[0]["url"]}"' in page
    told = b"".join(part for _, part in finalize.results(flow.context, 1))
    assert [json.loads(line)["url"] for line in told.splitlines()] == [line["url"] for line in lines]
    # unchanged rows have theirs, too, and a rerun of a part keeps all
    flow.run(flow.catalog(rows), {"public_base_url": BASE})
    assert [line["url"] for line in flow.manifest()] == [line["url"] for line in lines]
    flow.run(flow.catalog([("a", "Another.")]), {"public_base_url": BASE, "merge": True})
    again = [line["url"] for line in flow.manifest()]
    assert again[1:] == [line["url"] for line in lines[1:]]
    assert again[0] != lines[0]["url"]
    assert again[0].partition("?")[0] == lines[0]["url"].partition("?")[0]


def test_without_a_base_the_manifest_has_no_such_column(flow: InProcess) -> None:
    flow.run(flow.catalog(ROWS))
    assert "url" not in flow.manifest()[0]
    with (flow.output / "manifest.csv").open() as file:
        assert "url" not in next(csv.reader(io.StringIO(file.readline())))


def test_names_with_the_hash_change_with_what_is_heard_and_only_then(flow: InProcess) -> None:
    spec = {"name": "{id}-{hash}.{ext}", "public_base_url": BASE}
    flow.run(flow.catalog(ROWS), spec)
    before = {line["id"]: line for line in flow.manifest()}
    assert all(line["key"][:16] in line["path"] for line in before.values())
    assert all("?" not in line["url"] for line in before.values())
    summary = flow.run(flow.catalog([("a", "Another."), *ROWS[1:]]), spec)
    assert (summary["unchanged"], summary["delivered"], summary["removed"]) == (2, 1, 1)
    after = {line["id"]: line for line in flow.manifest()}
    assert after["a"]["path"] != before["a"]["path"]
    assert after["c"]["path"] == before["c"]["path"]
    summary = flow.run(flow.catalog(ROWS), spec | {"loudness": -16.0})
    assert summary["delivered"] == 3  # it sounds otherwise, so it is called otherwise
    assert all(line["path"] not in (before[line["id"]]["path"],) for line in flow.manifest())


@pytest.mark.parametrize(
    "spec",
    [
        {"public_base_url": "cdn.example/audio"},
        {"public_base_url": "ftp://cdn.example/audio"},
        {"public_base_url": "https://cdn.example/audio?x=1"},
        {"public_base_url": "https://user:pass@cdn.example/"},
        {"public_base_url": "https://cdn.example/a b"},
        {"cache_control": "no-cache\r\nX-Evil: 1"},
        {"cache_control": "ü"},
    ],
)
def test_what_cannot_be_is_one_line(flow: InProcess, spec: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"--(public-base-url|cache-control)"):
        flow.spec(**spec)
