"""A browser beside a job that real workers do: pages move without being loaded anew, and buttons work.

The tests of this file share workers and a dashboard. Each runs alone and in any order, too.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.core.model.states import JobState
from tests.fixtures.browser import Page, expect
from tests.fixtures.spine import texts, write_catalog
from tests.fixtures.stage import Stage, stage  # noqa: F401
from tests.wait import wait_until

STAYED = "window.stayed = true"
FIGURES = """names => Object.fromEntries([...document.querySelectorAll("main [data-figure]")]
    .filter(data => names.includes(data.dataset.figure)).map(data => [data.dataset.figure, data.value]))"""
MAX_TABS = 60


def catalog(stage: Stage, rows: int, what: str) -> Path:  # noqa: F811
    return write_catalog(stage.spine.folder / f"{what}.csv", texts(rows, what))


def served(page: Page, where: str) -> int:
    return int(page.evaluate(f"document.querySelector('{where} [data-figure=with_audio]').value"))


def moves(page: Page, where: str, past: int) -> None:
    """Wait until more rows are served than that."""
    script = (
        "([where, past]) => Number(document.querySelector(`${where} [data-figure=with_audio]`)?.value) > past"
    )
    page.wait_for_function(script, arg=[where, past])


def tab_to(page: Page, name: str) -> None:
    """Go to a button by the keyboard alone."""
    for _ in range(MAX_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    raise AssertionError(f"{MAX_TABS} tabs did not come to {name!r}")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


@pytest.mark.usefixtures("one_day")
def test_a_job_is_seen_from_its_submission_to_its_end(stage: Stage, page: Page) -> None:  # noqa: F811
    spine = stage.spine
    page.goto(stage.url)
    expect(page.locator("#line")).to_have_text("live")
    page.evaluate(STAYED)

    # the list
    job = spine.submit(catalog(stage, 800, "plum"), output="plum")
    expect(page.locator(f"#job-{job}")).to_contain_text("running")
    stage.start_workers()
    moves(page, f"#job-{job}", 20)
    assert page.evaluate("window.stayed")

    # its page; paused and resumed by the keyboard
    page.get_by_role("link", name=f"Job {job}", exact=True).click()
    expect(page.locator("#line")).to_have_text("live")
    page.evaluate(STAYED)
    before = served(page, "#progress")
    moves(page, "#progress", before)
    stage.hold()
    tab_to(page, "Pause")
    page.keyboard.press("Enter")
    expect(page.locator("#head .mark")).to_have_text("paused by the user")
    assert spine.job(job).state is JobState.PAUSED
    expect(page.locator("#announce")).to_have_text(f"Job {job} is paused by the user")
    wait_until(lambda: focused(page) == "Resume", "the focus on what takes the button's place")
    page.keyboard.press("Enter")
    expect(page.locator("#head .mark")).to_have_text("running")
    assert spine.job(job).state is JobState.RUNNING

    # its end
    stage.release()
    spine.wait(job, sweeping=True)
    expect(page.locator("#head .mark")).to_have_text("done")
    expect(page).to_have_title(f"100% · job {job} · speeko")
    assert page.evaluate("window.stayed")
    check_figures(stage, page, job)


def check_figures(stage: Stage, page: Page, job: int) -> None:  # noqa: F811
    """What the pages show is what the command line tells."""
    status, today = stage.speeko("status", str(job)), stage.speeko("costs", "today")
    told = {name: status[name] for name in ("rows", "calls", "cost_usd", "saved_usd", "list_cost_usd")}
    told |= {f"sources.{source}": rows for source, rows in status["sources"].items()}
    page.wait_for_function(f"({FIGURES})(['calls']).calls === '{status['calls']}'")
    assert page.evaluate(FIGURES, list(told)) == {name: str(value) for name, value in told.items()}
    page.goto(f"{stage.url}/costs")
    told = {f"today.{name}": today["total"][name] for name in ("cost_usd", "saved_usd", "calls", "chars")}
    told |= {"total_usd": today["total_usd"]}
    page.goto(f"{stage.url}/costs?days=today")
    page.wait_for_function(f"({FIGURES})(['today.calls'])['today.calls'] === '{today['total']['calls']}'")
    assert page.evaluate(FIGURES, list(told)) == {name: str(value) for name, value in told.items()}


def test_what_a_viewer_does_outlives_changes(stage: Stage, page: Page) -> None:  # noqa: F811
    spine = stage.spine
    stage.start_workers()
    job = spine.submit(catalog(stage, 1500, "pear"), output="pear")
    page.goto(f"{stage.url}/jobs/{job}")
    moves(page, "#progress", 40)
    expect(page.locator("#samples audio").first).to_be_visible()
    page.locator("#course summary").first.click()
    page.evaluate("""() => {
        const audio = document.querySelector("#samples audio");
        window.sound = audio;
        audio.loop = true;
        getSelection().selectAllChildren(document.querySelector("#money h2"));
        return audio.play();
    }""")
    page.locator("#course .wide").first.focus()

    at = served(page, "#progress")
    moves(page, "#progress", at + 20)
    stage.hold()

    assert page.evaluate("[sound.isConnected, sound.paused]") == [True, False]
    assert page.evaluate("getSelection().toString()") == "Money"
    assert page.evaluate("document.querySelector('#course details').open") is True
    assert page.evaluate("document.activeElement.matches('#course .wide')") is True
    page.evaluate("sound.pause()")

    # cancelled by the dialog; Escape leaves it
    tab_to(page, "speeko")
    tab_to(page, "Cancel…")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert focused(page) == "Go on with it"
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert focused(page) == "Cancel…"
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.locator("#head .mark")).to_have_text("cancelled by the user")
    stage.release()
    spine.until(lambda: spine.job(job).finished_at, "the end of the cancelled job")


def test_a_worker_that_is_killed_is_told_of(stage: Stage, open_page: Callable[..., Page]) -> None:  # noqa: F811
    spine = stage.spine
    stage.start_workers()
    workers, job_page = open_page(), open_page()
    workers.goto(f"{stage.url}/workers")
    job = spine.submit(catalog(stage, 800, "fig"), output="fig")
    job_page.goto(f"{stage.url}/jobs/{job}")
    expect(workers.locator("#engines tbody tr").first).to_be_visible()
    moves(job_page, "#progress", 20)
    stage.hold()
    workers.evaluate(STAYED)

    node = spine.nodes[0].container
    victim = engine(spine.sql("SELECT pid FROM speeko.claimant WHERE lease_until > clock_timestamp()"), node)
    os.kill(victim, signal.SIGKILL)

    expect(workers.locator("#gone")).to_contain_text(f"({victim})")
    expect(workers.locator("#gone .mark").first).to_have_text("killed")
    expect(workers.locator("#gone time").first).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
    assert workers.evaluate("window.stayed")
    stage.release()
    spine.wait(job, sweeping=True)
    expect(job_page.locator("#head .mark")).to_have_text("done")


def engine(rows: list[tuple[Any, ...]], node: Any) -> int:
    """A process of the node that makes calls now."""
    return int(next(pid for (pid,) in rows if pid in node.children()))


def test_a_dashboard_that_comes_back_is_found_again(stage: Stage, page: Page) -> None:  # noqa: F811
    stage.start_workers()
    page.excuse("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET")
    page.goto(stage.url)
    expect(page.locator("#line")).to_have_text("live")
    page.evaluate(STAYED)

    assert stage.dashboard.kill("SIGTERM") == 0
    expect(page.locator("#line")).to_contain_text("not live since")
    job = stage.spine.submit(catalog(stage, 1, "date"), output="date")
    stage.spine.wait(job, sweeping=True)
    stage.dashboard.start()

    expect(page.locator("#line")).to_have_text("live")
    expect(page.locator(f"#job-{job}")).to_contain_text("done")
    assert page.evaluate("window.stayed")


def test_a_hidden_tab_gives_its_line_back(stage: Stage, page: Page) -> None:  # noqa: F811
    stage.start_workers()
    page.clock.install()
    page.goto(stage.url)
    expect(page.locator("#line")).to_have_text("live")
    hide = "hidden => { Object.defineProperty(document, 'hidden', {get: () => hidden, configurable: true});"
    hide += " document.dispatchEvent(new Event('visibilitychange')) }"
    page.evaluate(hide, True)
    page.clock.fast_forward(31_000)
    job = stage.spine.submit(catalog(stage, 1, "lime"), output="lime")
    stage.spine.wait(job, sweeping=True)
    assert page.locator(f"#job-{job}").count() == 0
    page.evaluate(hide, False)
    expect(page.locator(f"#job-{job}")).to_contain_text("done")
