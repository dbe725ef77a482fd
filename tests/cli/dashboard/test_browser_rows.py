"""Find a row, play and save it, save a whole job, and repeat it by a schedule: in a browser, by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from speeko_cli.dashboard.auth import Access
from tests.cli.dashboard.conftest import Serve
from tests.cli.dashboard.test_browser_pages import OUTSIDE, PALE, WIDER
from tests.fixtures.browser import Page, expect
from tests.fixtures.inprocess import InProcess


@pytest.fixture
def job(flow: InProcess) -> int:
    rows = [(f"SKU-{n}", f"This is row {n}.") for n in range(12)]
    number, _ = flow.submit(flow.catalog([*rows, ("wide-" + "x" * 150, "A long id."), ("SKU-bad", "!")]))
    flow.drive(number)
    return number


def test_a_row_is_found_played_and_saved(serve: Serve, flow: InProcess, job: int, page: Page) -> None:
    client = serve(flow.context)
    page.goto(f"{client.url}/jobs/{job}")
    expect(page.locator("#line")).to_have_text("live")
    field = page.get_by_label("Id, its beginning, or row number")
    field.focus()
    page.keyboard.type("SKU-1")
    page.keyboard.press("Enter")
    expect(page.locator("#rows tbody tr")).to_have_count(3)  # 1, 10, 11
    expect(page.locator("#found-2")).to_contain_text("SKU-1")
    page.locator("#found-2 audio").evaluate("audio => audio.play()")
    page.wait_for_function("document.querySelector('#found-2 audio').currentTime > 0")
    href = page.locator("#found-2 a[download]").get_attribute("href")
    answer = client.get(str(href))
    assert answer.content == (flow.output / "SKU-1.mp3").read_bytes()
    whole = page.get_by_role("link", name="Download all audio (ZIP)").get_attribute("href")
    assert client.get(str(whole)).content[:4] == b"PK\3\4"
    page.goto(f"{client.url}/jobs/{job}?find=SKU-bad")
    expect(page.locator("#found-14")).to_contain_text("refused")
    assert page.locator("#found-14 audio").count() == 0


@pytest.mark.parametrize(("width", "dark"), [(1440, True), (390, False)], ids=["wide-dark", "narrow-light"])
def test_it_fits_and_can_be_read(
    width: int, dark: bool, serve: Serve, flow: InProcess, job: int, open_page: Callable[..., Page]
) -> None:
    client = serve(flow.context, Access("127.0.0.1", allow_actions=True))
    page = open_page(width, dark=dark)
    for words in ("SKU", "wide", "SKU-bad", "nothing"):
        page.goto(f"{client.url}/jobs/{job}?find={words}")
        expect(page.locator("#line")).to_have_text("live")
        page.evaluate("document.getElementById('repeat-fold').open = true")
        assert page.evaluate(WIDER) <= 0, words
        assert page.evaluate(OUTSIDE) == [], words
        assert page.evaluate(PALE) == [], words


def test_a_schedule_is_added_by_its_form(serve: Serve, flow: InProcess, job: int, page: Page) -> None:
    client = serve(flow.context, Access("127.0.0.1", allow_actions=True))
    page.goto(f"{client.url}/jobs/{job}")
    expect(page.locator("#line")).to_have_text("live")
    page.get_by_text("Repeat this job by a schedule").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Name").focus()
    page.keyboard.type("nightly")
    page.keyboard.press("Tab")
    page.keyboard.type("every night")
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_contain_text("every night")  # what is wrong with it
    page.get_by_text("Repeat this job by a schedule").click()
    page.get_by_label("Name").fill("nightly")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{client.url}/schedules")
    expect(page.locator("#schedules")).to_contain_text("nightly")
