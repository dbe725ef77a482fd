"""Webhooks: born with the state, sent at least once, signed, bounded, and to no address that is forbidden."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import webhooks as events
from speeko_jobs.errors import ConfigError
from speeko_jobs.flow.delivery import finalize
from speeko_jobs.flow.lifecycle import control, webhooks
from speeko_jobs.settings import Settings
from tests.fixtures.inprocess import InProcess
from tests.fixtures.spine import texts

SECRET = "canary-of-the-webhook"
ROWS = [(f"r{n}", text) for n, text in enumerate(texts(3))]


@dataclass
class Receiver:
    """A web server that answers with the given statuses, then 204, and keeps what it was sent."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    stop: Callable[[], None] = lambda: None

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.paths.append(self.path)
            status = made.statuses.pop(0) if made.statuses else 204
            made.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            if status // 100 == 3:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    def stop() -> None:
        if thread.is_alive():
            server.shutdown()
            thread.join()
            server.server_close()

    made.stop = stop
    yield made
    stop()


@pytest.fixture
def sender(flow: InProcess) -> Iterator[InProcess]:
    """A process that may tell receivers on this machine."""
    opened = flow.again(webhook_secret=SECRET, allow_private_webhooks=1)
    yield opened
    opened.close()


def due_now(flow: InProcess) -> None:
    flow.books.execute("UPDATE speeko.hook SET due_at = clock_timestamp() WHERE due_at IS NOT NULL")


def standing(flow: InProcess) -> list[tuple[Any, ...]]:
    query = "SELECT event, tries, delivered_at IS NOT NULL, due_at IS NULL, error FROM speeko.hook"
    return flow.books.execute(f"{query} ORDER BY born_at")


def ended(flow: InProcess, receiver: Receiver, rows: Any = ROWS) -> int:
    """A job with a webhook, at its end; its number."""
    job, _ = flow.submit(flow.catalog(rows), {"webhook": receiver.url()})
    flow.drive(job)
    return job


def test_the_end_is_told_once_and_signed(sender: InProcess, receiver: Receiver) -> None:
    job = ended(sender, receiver)
    assert webhooks.send_due(sender.context) == 1
    assert webhooks.send_due(sender.context) == 0
    ((headers, body),) = receiver.got
    event = json.loads(body)
    assert (event["type"], event["id"]) == ("job.done", headers["webhook-id"])
    assert event["data"] == sender.summary()
    assert event["data"]["job"] == job
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.digest(SECRET.encode(), text, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert "authorization" not in headers


def test_pauses_failures_and_cancels_are_told_and_a_job_without_a_webhook_is_silent(
    sender: InProcess, receiver: Receiver
) -> None:
    sender.run(sender.catalog(ROWS))
    assert standing(sender) == []
    job, _ = sender.submit(
        sender.catalog([*ROWS, ("x", "One more."), ("y", "!")]), {"webhook": receiver.url()}
    )
    control.pause(sender.context, job, "for lunch")
    webhooks.send_due(sender.context)
    control.resume(sender.context, job)
    sender.drive(job)
    webhooks.send_due(sender.context)
    other, _ = sender.submit(sender.catalog([("z", "The last.")]), {"webhook": receiver.url()})
    control.cancel(sender.context, other)
    sender.drive(other)
    sender.deliver(other)
    finalize.finalize(sender.context, other)
    webhooks.send_due(sender.context)
    told = [(event["type"], event["reason"], event["data"]["job"]) for event in receiver.events]
    assert told == [
        ("job.paused", "for lunch", job),
        ("job.failed", "", job),
        ("job.cancelled", "by the user", other),
    ]
    assert receiver.events[0]["data"]["state"] == "paused"


def test_a_receiver_that_errs_gets_the_same_event_again_and_is_given_up_in_the_end(
    sender: InProcess, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    ended(sender, receiver)
    receiver.statuses = [500, 302]
    for _ in range(3):
        webhooks.send_due(sender.context)
        webhooks.send_due(sender.context)  # not due yet
        due_now(sender)
    assert receiver.paths == ["/hook"] * 3  # the redirect was not followed
    assert len({event["id"] for event in receiver.events}) == 1
    assert standing(sender) == [("done", 3, True, True, "")]
    receiver.got.clear()
    ended(sender, receiver, [("other", "Another text.")])
    receiver.statuses = [500] * 100
    for _ in range(20):
        webhooks.send_due(sender.context)
        due_now(sender)
    assert len(receiver.got) == len(webhooks.WAITS_SECONDS) + 1
    assert standing(sender)[1] == ("done", 8, False, True, "it answers 500")
    assert "given up" in caplog.text
    assert receiver.url() not in caplog.text


def test_a_receiver_that_is_away_is_told_when_it_is_back(sender: InProcess, receiver: Receiver) -> None:
    ended(sender, receiver)
    receiver.stop()
    assert webhooks.send_due(sender.context) == 0
    ((_, tries, delivered, over, error),) = standing(sender)
    assert (tries, delivered, over) == (1, False, False)
    assert error == "not reached: ConnectionError"


def test_an_event_whose_sender_dies_comes_due_again(sender: InProcess, receiver: Receiver) -> None:
    ended(sender, receiver)
    (taken,) = events.take(sender.context.database, most=8, lease_seconds=300)  # and nothing more
    assert webhooks.send_due(sender.context) == 0  # its lease holds
    due_now(sender)
    assert webhooks.send_due(sender.context) == 1
    events.failed(sender.context.database, taken, "late", 1.0)  # it was not dead after all
    assert standing(sender) == [("done", 2, True, True, "")]
    assert [event["id"] for event in receiver.events] == [taken.id]
    due = "UPDATE speeko.hook SET delivered_at = NULL, due_at = clock_timestamp()"
    sender.books.execute(due)  # as if it had died between the answer and its note
    assert webhooks.send_due(sender.context) == 1
    assert [event["id"] for event in receiver.events] == [taken.id] * 2


def test_private_and_metadata_addresses_are_not_connected(flow: InProcess, receiver: Receiver) -> None:
    ended(flow, receiver)
    assert webhooks.send_due(flow.context) == 0
    assert "a private address" in standing(flow)[0][4]
    assert receiver.got == []
    (note,) = finalize.status(flow.context, 1)["notes"][-1:]
    assert note.startswith('webhook event "done" not delivered: a private address: set SPEEKO_ALLOW_PRIVATE_')
    assert note.endswith("(1 try, it will be sent again)")
    assert events.lost(flow.context.database, most=10) == []
    flow.books.execute("UPDATE speeko.hook SET due_at = NULL")  # given up
    assert "(1 try, given up)" in finalize.status(flow.context, 1)["notes"][-1]
    assert [(hook.job, hook.event) for hook in events.lost(flow.context.database, most=10)] == [(1, "done")]
    allowed = flow.again(allow_private_webhooks=1)
    for url in ("http://169.254.169.254/latest", "http://[fd00:ec2::254]/"):  # commands refuse them earlier
        job, _ = flow.submit(flow.catalog(ROWS), {"webhook": url})
        flow.drive(job)
        assert webhooks.send_due(allowed.context, job) == 0
        assert "a link-local or metadata address" in standing(flow)[-1][4]
    allowed.close()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/", "example.com", "http://", "http://user:pw@example.com/", "http://user@example.com/",
        "https://example.com/?token=canary", "http://example.com:99999/", "https://example.com/a b",
        "https://example.com/\r\nHost: x",
    ],
    ids=range(9),
)  # fmt: skip
def test_addresses_that_are_refused(flow: InProcess, url: str) -> None:
    with pytest.raises(ConfigError, match="--webhook") as error:
        flow.spec(webhook=url)
    assert "canary" not in str(error.value)


@pytest.mark.parametrize(
    ("host", "private_too"),
    [
        ("169.254.169.254", True), ("[fd00:ec2::254]", True), ("[::ffff:169.254.169.254]", True),
        ("2852039166", True), ("100.100.100.200", True), ("127.0.0.1", False), ("10.1.2.3", False),
        ("0x7f.1", False), ("[::1]", False),
    ],
)  # fmt: skip
def test_literal_addresses_are_refused_before_a_job_is_made(host: str, private_too: bool) -> None:
    url = f"http://{host}:8080/canary"
    with pytest.raises(
        ConfigError, match=r"^--webhook: .* is a (private|link-local or metadata) address"
    ) as error:
        webhooks.check_address(Settings(), url)
    assert "canary" not in str(error.value)
    assert ("SPEEKO_ALLOW_PRIVATE_WEBHOOKS=1" in str(error.value)) is not private_too
    allowed = Settings(allow_private_webhooks=1)
    if private_too:
        with pytest.raises(ConfigError, match="link-local or metadata"):
            webhooks.check_address(allowed, url)
    else:
        webhooks.check_address(allowed, url)
    for passes in ("", "http://localhost:8080/", "https://example.com/hook", "http://8.8.8.8/"):
        webhooks.check_address(Settings(), passes)


def test_the_secret_is_nowhere(
    sender: InProcess, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    receiver.statuses = [500]
    ended(sender, receiver)
    webhooks.send_due(sender.context)
    due_now(sender)
    webhooks.send_due(sender.context)
    assert SECRET not in caplog.text
    assert not [1 for headers, body in receiver.got if SECRET in str(headers) or SECRET.encode() in body]
    for table in ("job", "hook"):
        assert SECRET not in str(sender.books.execute(f"SELECT t::text FROM speeko.{table} t"))
    for path in sender.folder.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()
