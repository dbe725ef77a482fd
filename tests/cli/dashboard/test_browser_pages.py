"""Pages in a browser, for every viewer: narrow and wide, light and dark, near and far, by keyboard, without a
script, and with a token."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from importlib import resources
from zoneinfo import ZoneInfo

import pytest

from speeko_cli.dashboard.auth import Access
from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.model.states import JobState
from speeko_jobs.flow.lifecycle import control
from tests.cli.dashboard.conftest import Client, Serve, Shop
from tests.fixtures.browser import Page, expect

OpenPage = Callable[..., Page]
TOKEN = "a-token-of-some-length"
PALE = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((numbers(colour)[3] ?? 1) === 1) return colour;
    }
    throw new Error("no ground");
  };
  const pale = [];
  for (const element of document.querySelectorAll("body *")) {
    const words = [...element.childNodes].filter((n) => n.nodeType === 3 && n.data.trim());
    if (!words.length || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const ink = element.closest("svg") ? style.fill : style.color;
    const [one, other] = [light(ink), light(ground(element))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    const large = parseFloat(style.fontSize) >= 24
      || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) pale.push(`${words[0].data.trim()}: ${ratio.toFixed(2)}`);
  }
  return pale;
}"""
AXE = "axe.run({preload: false, rules: {'color-contrast': {enabled: false}}})"  # PALE is quicker
WIDER = "document.documentElement.scrollWidth - innerWidth"
OUTSIDE = """() => [...document.querySelectorAll("main *")]
  .filter((e) => e.checkVisibility() && !e.closest(".wide, .unseen, svg, thead"))
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5)
  .map((e) => e.outerHTML.slice(0, 120))"""


def paths(shop: Shop) -> list[str]:
    jobs = (f"/jobs/{job}" for job in (shop.done, shop.with_errors, shop.half, shop.paused))
    return ["/", *jobs, "/costs", "/costs?by=source&days=today", "/cache", "/schedules", "/workers"]


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)], ids=["wide-light", "narrow-dark"])
def test_pages_fit_and_can_be_read(
    width: int, dark: bool, board: Client, shop: Shop, open_page: OpenPage
) -> None:
    page = open_page(width, dark=dark)
    for path in paths(shop):
        page.goto(board.url + path)
        expect(page.locator("#line")).to_have_text("live")
        assert page.evaluate(WIDER) <= 0, path
        assert page.evaluate(OUTSIDE) == [], path
        assert page.evaluate(PALE) == [], path


def test_axe_finds_nothing(board: Client, serve: Serve, shop: Shop, open_page: OpenPage) -> None:
    program = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    acting = serve(shop.flow.context, Access("127.0.0.1", allow_actions=True))
    pages = (f"/jobs/{shop.paused}", f"/jobs/{shop.paused}/cancel", f"/jobs/{shop.done}?find=A")
    asked = [acting.url + path for path in pages]
    page = open_page(390)
    for url in [*asked, *(board.url + path for path in ("/", "/costs", "/cache", "/schedules", "/workers"))]:
        page.goto(url)
        page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        page.evaluate(program)
        found = page.evaluate(AXE)["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == [], url


def test_times_are_those_of_the_viewer(board: Client, shop: Shop, open_page: OpenPage) -> None:
    for zone in ("Asia/Kathmandu", "America/New_York"):
        page = open_page(timezone_id=zone)
        page.goto(f"{board.url}/jobs/{shop.done}")
        time = page.locator("#head time").first
        at = datetime.fromisoformat(time.get_attribute("datetime")).astimezone(ZoneInfo(zone))
        expect(time).to_have_text(f"{at.day} {at:%b %Y, %H:%M}")
    page = open_page(java_script_enabled=False)
    page.goto(f"{board.url}/jobs/{shop.done}")
    told = page.locator("#head time").first.inner_text()
    assert told == f"{at.astimezone(ZoneInfo('UTC')):%Y-%m-%d %H:%M UTC}"


def test_a_line_that_was_rendered_again_keeps_the_viewers_zone(
    board: Client, shop: Shop, open_page: OpenPage
) -> None:
    page = open_page()
    page.goto(board.url)
    expect(page.locator("#line")).to_have_text("live")
    texts = page.evaluate("[...document.querySelectorAll('#list time')].map(time => time.textContent)")
    assert texts
    assert not [text for text in texts if "UTC" in text]


def test_without_a_script(serve: Serve, shop: Shop, open_page: OpenPage) -> None:
    acting = serve(shop.flow.context, Access("127.0.0.1", allow_actions=True))
    rows = [(f"n{n}", f"A text of number {n} for a job that is moved.") for n in range(3)]
    job, _ = shop.flow.submit(shop.flow.catalog(rows), {"output": str(shop.flow.folder / "moved")})
    page = open_page(390, java_script_enabled=False)
    page.goto(acting.url)
    page.get_by_role("link", name=f"Job {job}", exact=True).click()
    for button, state in (("Pause", "paused by the user"), ("Resume", "running")):
        page.get_by_role("button", name=button).click()
        assert page.locator("#head .mark").inner_text() == state
        assert page.url == f"{acting.url}/jobs/{job}"
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_role("button", name="Cancel the job").click()
    assert page.locator("#head .mark").inner_text() == "cancelled by the user"
    assert jobs.show(shop.flow.context.database, job).state is JobState.CANCELLED

    page.goto(acting.url)
    page.locator("input[name=words]").fill("no-such-file")
    page.get_by_role("button", name="Find").click()
    assert "No job is like that" in page.locator("main").inner_text()
    page.get_by_role("link", name="Show all jobs").click()
    page.get_by_role("link", name="Costs").click()
    page.get_by_role("link", name="By tenant").click()
    assert "shop" in page.locator("#table").inner_text()


@pytest.mark.parametrize("scripted", [True, False], ids=["script", "no-script"])
def test_a_job_goes_on_under_a_higher_budget(
    serve: Serve, shop: Shop, open_page: OpenPage, scripted: bool
) -> None:
    flow = shop.flow
    texts = [f"Text {n} of a job with a budget, {scripted}." for n in range(3)]
    job, plan = flow.submit(flow.catalog(enumerate(texts)), {"output": str(flow.folder / f"dear-{scripted}")})
    control.resume(flow.context, job, plan.cost_micros // 2)
    flow.drive(job)
    acting = serve(flow.context, Access("127.0.0.1", allow_actions=True))
    page = open_page(390, java_script_enabled=scripted)
    page.excuse("40[09]")
    page.goto(f"{acting.url}/jobs/{job}")
    if scripted:
        expect(page.locator("#line")).to_have_text("live")
        assert (page.evaluate(WIDER) <= 0, page.evaluate(OUTSIDE), page.evaluate(PALE)) == (True, [], [])
        page.evaluate(resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
        assert page.evaluate(AXE)["violations"] == []
    field = page.get_by_label("New budget, $")
    for amount, said in (("all of it", "is not an amount of dollars"), ("0.00", "is below that")):
        field.fill(amount)
        field.press("Enter")
        expect(page.locator("#told")).to_contain_text(said)
    expect(page.locator("#head .mark")).to_have_text("paused: budget used up")
    field.fill(f"{plan.cost_micros / 1e6:.6f}")
    field.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#head .mark")).to_have_text("running")
    expect(field).to_be_hidden()
    assert flow.drive(job).state is JobState.DONE


def test_an_action_that_is_too_late_is_said_on_the_page(
    serve: Serve, shop: Shop, open_page: OpenPage
) -> None:
    acting = serve(shop.flow.context, Access("127.0.0.1", allow_actions=True))
    catalog = shop.flow.catalog([("late", "A text for a job that is paused twice.")])
    job, _ = shop.flow.submit(catalog, {"output": str(shop.flow.folder / "late")})
    page = open_page()
    page.excuse("409")
    page.goto(f"{acting.url}/jobs/{job}")
    expect(page.locator("#line")).to_have_text("live")
    button = page.get_by_role("button", name="Pause")
    # at once: what the page is sent meanwhile replaces the button
    retry = "(button, path) => { button.setAttribute('formaction', path); button.click() }"
    button.evaluate(retry, f"/jobs/{job}/retry")
    expect(page.locator("#told")).to_contain_text(f"job {job} is running: it cannot be retried")
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.locator("#head .mark")).to_have_text("cancelled by the user")
    expect(page.locator("#told")).to_be_hidden()


def test_by_the_keyboard(board: Client, page: Page) -> None:
    page.goto(board.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_dashboard_that_wants_a_token(serve: Serve, shop: Shop, page: Page) -> None:
    page.excuse("401")
    locked = serve(shop.flow.context, Access("127.0.0.1", TOKEN))
    page.goto(f"{locked.url}/costs?by=day")
    assert page.evaluate(PALE) == []
    page.get_by_label("Token").fill("not it")
    page.keyboard.press("Enter")
    expect(page.locator("[role=alert]")).to_have_text("that is not the token")
    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    page.wait_for_url("**/costs?by=day")
    expect(page.locator("#line")).to_have_text("live")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title(re.compile("Sign in"))


def test_pages_that_say_what_is_wrong(board: Client, page: Page) -> None:
    page.excuse("40[04]")
    for path in ("/jobs/999999", "/?shown=some", "/nothing"):
        page.goto(board.url + path)
        expect(page.locator("[role=alert]")).not_to_be_empty()
        assert page.evaluate(PALE) == []
