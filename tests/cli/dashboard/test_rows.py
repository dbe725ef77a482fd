"""Rows that are looked for, files that are saved, and all of a job's audio in one archive."""

from __future__ import annotations

import io
import json
import zipfile
from urllib.parse import quote

import pytest
import requests

from speeko_cli.dashboard.api import attachment
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.flow.reporting import job_archive
from tests.cli.dashboard.conftest import Client, Shop
from tests.cli.dashboard.test_openapi import check


def find(board: Client, job: int, text: str) -> list[tuple[int, str, str, bool]]:
    found = board.json(f"/api/jobs/{job}/rows?find={quote(text)}")
    check(found, "/api/jobs/{job}/rows")
    return [(row["row"], row["id"], row["outcome"], row["audio"]) for row in found["rows"]]


def test_rows_by_id_and_number(board: Client, shop: Shop) -> None:
    assert find(board, shop.done, "A-1") == [
        (2, "A-1", "delivered", True),
        (11, "A-10", "delivered", True),
        (12, "A-11", "delivered", True),
        (13, "A-12", "delivered", True),
    ]
    assert find(board, shop.done, "3") == [(3, "A-2", "delivered", True)]
    assert find(board, shop.with_errors, "E-") == [(5, "E-1", "failed", False), (6, "E-2", "refused", False)]
    assert find(board, shop.running, "A-3")[0] == (1, "A-30", "waiting", False)
    assert find(board, shop.done, "nothing like it") == []
    assert board.json("/api/jobs/99999/rows?find=a", 404)["error"].startswith("there is no job 99999")
    assert board.json(f"/api/jobs/{shop.done}/rows") == {"rows": [], "more": False}
    assert board.json(f"/api/jobs/{shop.done}/rows?find=A&limit=1")["more"] is True


def test_a_page_shows_what_was_found(board: Client, shop: Shop) -> None:
    html = board.get(f"/jobs/{shop.done}?find=A-10").text
    assert f'src="/api/jobs/{shop.done}/rows/11/audio"' in html
    assert f'href="/api/jobs/{shop.done}/rows/11/audio?download=1"' in html
    assert "No row has this number" in board.get(f"/jobs/{shop.done}?find=%3Cb%3E").text
    assert "<b>" not in board.get(f"/jobs/{shop.done}?find=%3Cb%3E").text.replace("<bdi>", "")


def test_a_file_is_saved_under_its_name(board: Client, shop: Shop) -> None:
    answer = board.get(f"/api/jobs/{shop.done}/rows/2/audio?download=1")
    assert (
        answer.headers["Content-Disposition"] == "attachment; filename=\"A-1.mp3\"; filename*=UTF-8''A-1.mp3"
    )
    assert answer.content == (shop.flow.folder / "out" / "A-1.mp3").read_bytes()
    played = board.get(f"/api/jobs/{shop.done}/rows/2/audio")
    assert "Content-Disposition" not in played.headers


def test_names_in_any_script_are_one_header() -> None:
    given = attachment('日"本\r\n.mp3')
    assert given == "attachment; filename=\"_____.mp3\"; filename*=UTF-8''%E6%97%A5%22%E6%9C%AC%0D%0A.mp3"


def test_all_audio_is_one_archive(board: Client, shop: Shop) -> None:
    answer = board.get(f"/api/jobs/{shop.done}/audio.zip")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/zip"
    assert f'filename="speeko-job-{shop.done}.zip"' in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        assert found.testzip() is None
        audio = {name for name in found.namelist() if name.endswith(".mp3")}
        assert audio == {f"A-{n}.mp3" for n in range(13)}
        assert found.read("A-1.mp3") == (shop.flow.folder / "out" / "A-1.mp3").read_bytes()
        assert json.loads(found.read("summary.json"))["job"] == shop.done
    assert f'href="/api/jobs/{shop.done}/audio.zip"' in board.get(f"/jobs/{shop.done}").text


def test_what_makes_no_archive(board: Client, shop: Shop) -> None:
    assert "has no delivered audio yet" in board.json(f"/api/jobs/{shop.running}/audio.zip", 409)["error"]
    assert "were pruned" in board.json(f"/api/jobs/{shop.pruned}/audio.zip", 409)["error"]
    assert board.json("/api/jobs/99999/audio.zip", 404)["error"].startswith("there is no job 99999")
    assert "audio.zip" not in board.get(f"/jobs/{shop.pruned}").text


def test_a_viewer_who_leaves_stops_the_archive(board: Client, shop: Shop) -> None:
    for _ in range(4):  # more than there are threads for archives
        with board.get(f"/api/jobs/{shop.done}/audio.zip", stream=True) as answer:
            next(answer.iter_content(10))
    assert board.get(f"/api/jobs/{shop.done}/audio.zip").status_code == 200


def test_an_archive_that_breaks_off_is_no_whole_file(
    board: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client sees an error, not an archive that seems well."""
    monkeypatch.setattr(job_archive, "BLOCK_TARGET", 1)  # the first block goes out before the last is read
    query = "SELECT keys FROM speeko.item WHERE job_id = %s AND row_no = 12"
    (((key,),),) = shop.flow.books.execute(query, [shop.done])
    stored = shop.flow.folder / "home" / "audio" / audio_path(bytes(key), "mp3")
    kept = stored.with_suffix(".kept")
    stored.rename(kept)
    stored.symlink_to(kept)  # links are refused
    try:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            board.get(f"/api/jobs/{shop.done}/audio.zip")
    finally:
        stored.unlink()
        kept.rename(stored)
    assert board.get(f"/api/jobs/{shop.done}/audio.zip").status_code == 200
