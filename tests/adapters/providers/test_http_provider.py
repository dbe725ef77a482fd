"""The speech API's client against the metered provider and against servers that break the line."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import json
import os
import socket
import zlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies
from hypothesis import settings as hypothesis_settings

from speeko_jobs.adapters.providers import response_errors as answers
from speeko_jobs.adapters.providers.endpoint import endpoint
from speeko_jobs.adapters.providers.provider import check, list_voices, open_provider
from speeko_jobs.core.model.speech import Failure, ProviderError, Speech, SpeechRequest
from speeko_jobs.core.providers.profiles import PROFILES, Profile
from speeko_jobs.errors import ConfigError, ServerError
from speeko_jobs.settings import Settings
from tests.fixtures.metered import MeteredProvider
from tests.metered import audio
from tests.wait import wait_until

SPEEKO = PROFILES["speeko"]
TEXT = "A soft cotton shirt"
REQUEST = SpeechRequest(bytes(range(32)), TEXT, "kokoro", "kokoro-friendly", "en-GB", "mp3", 1.25)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeteredProvider]:
    provider = MeteredProvider(tmp_path_factory.mktemp("metered"))
    yield provider
    provider.stop()


@pytest.fixture
def api(shared: MeteredProvider) -> MeteredProvider:
    """The module's provider, well behaved and with an empty bill."""
    shared.script([])
    shared.bill_file.write_bytes(b"")
    return shared


def speak(
    settings: Settings,
    request: SpeechRequest = REQUEST,
    profile: Profile = SPEEKO,
    times: int = 1,
    key: bytes | None = None,
) -> list[Speech | ProviderError]:
    """What that many calls after one another brought, each with a new key unless one is given."""

    async def run() -> list[Speech | ProviderError]:
        provider = open_provider(profile, settings)
        outcomes: list[Speech | ProviderError] = []
        try:
            for _ in range(times):
                mine = dataclasses.replace(request, key=key or os.urandom(32))
                try:
                    outcomes.append(await provider.speak(mine))
                except ProviderError as error:
                    outcomes.append(error)
        finally:
            await provider.aclose()
        return outcomes

    return asyncio.run(run())


def error_of(
    settings: Settings, request: SpeechRequest = REQUEST, profile: Profile = SPEEKO
) -> ProviderError:
    (outcome,) = speak(settings, request, profile)
    assert isinstance(outcome, ProviderError)
    return outcome


def with_server(handler: Handler, use: Callable[[str], Awaitable[None]]) -> None:
    """Run `use` with the address of a server that gives every connection to `handler`."""

    async def run() -> None:
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        try:
            await use(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        finally:
            server.close()

    asyncio.run(run())


async def read_request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return first, headers, await reader.readexactly(int(headers.get("content-length", "0")))


def sent_by(profile: Profile, request: SpeechRequest = REQUEST) -> tuple[str, dict[str, str], dict[str, Any]]:
    """The first line, headers and body that a profile's call puts on the wire."""
    seen: list[tuple[str, dict[str, str], bytes]] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()

    async def use(url: str) -> None:
        provider = open_provider(profile, Settings(api_url=url, api_key="sk-1"))
        await provider.speak(request)
        await provider.aclose()

    with_server(handler, use)
    ((first, headers, body),) = seen
    return first, headers, json.loads(body)


# What is sent


def test_a_call_in_the_shape_of_speeko() -> None:
    first, headers, body = sent_by(SPEEKO)
    assert first == "POST /v1/audio/speech HTTP/1.1"
    assert headers["authorization"] == "Bearer sk-1"
    assert headers["idempotency-key"] == REQUEST.key.hex()
    assert headers["accept-encoding"] == "identity"
    assert headers["content-type"] == "application/json"
    assert body == {
        "model": "kokoro",
        "input": TEXT,
        "voice": "kokoro-friendly",
        "response_format": "mp3",
        "speed": 1.25,
        "language": "en-GB",
    }


def test_openai_gets_no_field_it_does_not_know() -> None:
    _, headers, body = sent_by(PROFILES["openai"], dataclasses.replace(REQUEST, speed=1.0))
    assert set(body) == {"model", "input", "voice", "response_format"}
    assert "idempotency-key" not in headers


def test_kokoro_fastapi_gets_its_letter_and_no_stream() -> None:
    _, _, body = sent_by(PROFILES["kokoro-fastapi"])
    assert body["lang_code"] == "b"
    assert body["stream"] is False


def test_a_language_that_the_api_does_not_speak_is_not_sent(api: MeteredProvider) -> None:
    request = dataclasses.replace(REQUEST, language="de")
    error = error_of(api.settings(), request, PROFILES["kokoro-fastapi"])
    assert error.failure is Failure.REFUSED
    assert api.calls == 0


def test_every_script_arrives_as_it_was(api: MeteredProvider) -> None:
    text = '日本語 «é» \u202eעברית 😀 "quotes" \\ / \x7f'
    (speech,) = speak(api.settings(), dataclasses.replace(REQUEST, text=text))
    assert isinstance(speech, Speech)
    assert [entry["text"] for entry in api.bill()] == [text]
    assert audio.read_stamp(speech.audio, "mp3") == audio.stamp_of(text, "kokoro-friendly", "en-GB")


def test_text_that_is_no_unicode_is_refused_unsent(api: MeteredProvider) -> None:
    error = error_of(api.settings(), dataclasses.replace(REQUEST, text="half \ud83d"))
    assert error.failure is Failure.REFUSED
    assert api.calls == 0


# Where it is sent


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://h", "http://h"),
        ("http://h/", "http://h"),
        ("http://h/v1", "http://h"),
        ("http://h/v1/", "http://h"),
        ("https://h:8443/tts/v1//", "https://h:8443/tts"),
        (" https://h/v1/audio/speech ", "https://h"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_base_urls_with_and_without_their_end(url: str, base: str) -> None:
    found = endpoint(SPEEKO, Settings(api_url=url, api_key="k"))
    assert found.base_url == base
    assert found.speech_url == f"{base}/v1/audio/speech"


@pytest.mark.parametrize(
    "url",
    ["ftp://h", "h:80", "http://", "http://h:99999", "http://u:secret@h", "http://h?a=secret", "http://a b"],
)
def test_addresses_that_are_none_are_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ConfigError, match="SPEEKO_API_URL") as caught:
        open_provider(SPEEKO, Settings(api_url=url, api_key="k"))
    assert "secret" not in str(caught.value)


def test_what_is_missing_is_named_by_its_variable() -> None:
    with pytest.raises(ConfigError, match="SPEEKO_API_KEY"):
        open_provider(SPEEKO, Settings(api_url="http://h"))
    with pytest.raises(ConfigError, match="SPEEKO_API_URL"):
        open_provider(SPEEKO, Settings(api_key="k"))


@pytest.mark.parametrize("key", ["a b", "a\r\nX-Evil: 1", "schlüssel"])
def test_a_key_that_no_header_carries_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ConfigError, match="SPEEKO_API_KEY") as caught:
        open_provider(SPEEKO, Settings(api_url="http://h", api_key=key))
    assert key not in str(caught.value)


def test_proxies_of_the_environment_are_not_used(
    api: MeteredProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert isinstance(speak(api.settings())[0], Speech)
    assert list_voices(SPEEKO, api.settings())


# Kinds of failure

OPENAI_QUOTA = {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}


@pytest.mark.parametrize(
    ("status", "headers", "body", "failure"),
    [
        (429, {"Retry-After": "5"}, {}, Failure.THROTTLED),
        (429, {}, {"error": {"message": "slow down"}}, Failure.THROTTLED),
        (429, {}, OPENAI_QUOTA, Failure.ACCOUNT),
        (429, {"Retry-After": "5"}, OPENAI_QUOTA, Failure.THROTTLED),
        (503, {}, "busy", Failure.THROTTLED),
        (409, {}, {"error": {"message": "this key is at work"}}, Failure.THROTTLED),
        (400, {}, {"__type": "ThrottlingException", "message": "Rate exceeded"}, Failure.THROTTLED),
        (400, {}, {"error": {"message": "bad voice"}}, Failure.REFUSED),
        (413, {}, "too large", Failure.REFUSED),
        (422, {}, {"detail": [{"loc": ["body", "input"], "msg": "bad"}]}, Failure.REFUSED),
        (418, {}, "", Failure.REFUSED),
        (404, {}, {"detail": {"message": "A voice with that id was not found"}}, Failure.REFUSED),
        (404, {}, "<html><title>404 Not Found</title></html>", Failure.ACCOUNT),
        (405, {}, {"detail": "Method Not Allowed"}, Failure.ACCOUNT),
        (401, {}, "", Failure.ACCOUNT),
        (402, {}, "", Failure.ACCOUNT),
        (403, {}, "", Failure.ACCOUNT),
        (301, {"Location": "http://127.0.0.1:9/"}, "", Failure.ACCOUNT),
        (408, {}, "", Failure.UNKNOWN),
        (500, {}, "", Failure.UNKNOWN),
        (502, {}, "<h1>Bad Gateway</h1>", Failure.UNKNOWN),
        (504, {}, "", Failure.UNKNOWN),
        (529, {}, "", Failure.UNKNOWN),
    ],
)
def test_statuses(
    api: MeteredProvider, status: int, headers: dict[str, str], body: object, failure: Failure
) -> None:
    api.script([{"status": status, "headers": headers, "body": body}])
    error = error_of(api.settings())
    assert (error.failure, error.status) == (failure, status)
    assert error.reason.startswith(f"HTTP {status}")
    assert api.calls == 0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("5", 5.0),
        ("0", 0.0),
        ("2.5", 2.5),
        (" 7 ", 7.0),
        ("-1", None),
        ("abc", None),
        ("", None),
        ("nan", None),
        ("1e3", None),
        ("٣", None),
        ("9" * 400, 600.0),
        ("315360000", 600.0),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 12:00:30", 30.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2036 12:00:30 GMT", 600.0),
        ("Sun, 99 Nov 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert answers.retry_after_seconds(value, NOW) == seconds


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(0), timedelta(days=-1)])
def test_a_date_to_wait_for_is_read_by_the_clock_of_its_server(ahead: timedelta) -> None:
    """The worker's clock may be a day off, and so may the server's: both dates are the server's."""
    headers = {
        "Date": format_datetime(NOW + ahead, usegmt=True),
        "Retry-After": format_datetime(NOW + ahead + timedelta(seconds=90), usegmt=True),
    }
    assert answers.error_of(429, headers, b"", NOW).retry_after_seconds == 90
    headers["Date"] = "soon"
    assert answers.error_of(429, headers | {"Retry-After": "7"}, b"", NOW).retry_after_seconds == 7


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            '{"error": {"message": "No such voice", "type": "x", "param": null, "code": null}}',
            "No such voice",
        ),
        ('{"error": "boom", "details": "trace"}', "boom"),
        (
            '{"detail": {"error": "validation_error", "message": "Voice not found", "type": "x"}}',
            "Voice not found",
        ),
        (
            '{"detail": [{"loc": ["body", "speed"], "msg": "too fast", "input": "private"}]}',
            "body.speed: too fast",
        ),
        ('{"detail": "Not Found"}', "Not Found"),
        ('{"message": "Rate exceeded", "__type": "ThrottlingException"}', "Rate exceeded"),
        ("Internal Server Error", "Internal Server Error"),
        ("<html><head><title>502 &amp; more</title></head><body>x</body></html>", "502 & more"),
        ("<h1>Bad</h1>\n<p>Gateway</p>", "Bad Gateway"),
        ("two\nlines\x1b[31m\x00 and\u202e more", "two lines [31m and more"),
        ('{"error": ', '{"error":'),
        ("[" * 9000, "[" * 290),
        ("\xff\xfe", "ÿþ"),
        ("null", "null"),
        ("{}", ""),
    ],
)
def test_error_bodies_become_one_line(body: str, reason: str) -> None:
    said = answers.error_of(400, {}, body.encode(), NOW).reason
    assert said == (f"HTTP 400: {reason}" if reason else "HTTP 400")
    assert len(said) <= 300
    assert said.isprintable()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (bytes(range(128, 256)) * 9, "HTTP 500: 1152 bytes that are no text"),
        (gzip.compress(b"Internal Server Error", mtime=0), "HTTP 500: 41 bytes that are no text"),
        (audio.tone("mp3", 0.5)[:2_000], "HTTP 500: 2000 bytes that are no text"),
        (bytes(3_000), "HTTP 500: 3000 bytes that are no text"),
        ("Serverfehler".encode("utf-16"), "HTTP 500: 26 bytes that are no text"),
        ("サーバーの内部エラー".encode("shift-jis"), "HTTP 500: 20 bytes that are no text"),
        ("Der Schlüssel gilt nicht".encode("latin-1"), "HTTP 500: Der Schlüssel gilt nicht"),
        ("Der Schlüssel".encode()[:9], "HTTP 500: Der Schl"),
        (b'{"error": "\x1b]0;\xff\x07 and more"}', 'HTTP 500: {"error": " ]0;ÿ and more"}'),
        (b"<title>\xff\xfe\x9b31m a page of many words</title>", "HTTP 500: ÿþ 31m a page of many words"),
        (b"\xef\xbb\xbfServer error", "HTTP 500: Server error"),
    ],
)  # fmt: skip
def test_bytes_that_are_no_text_are_not_shown(body: bytes, reason: str) -> None:
    said = answers.error_of(500, {}, body, NOW).reason
    assert said == reason
    assert said.isprintable()
    assert "\ufffd" not in said


def test_a_text_that_comes_back_in_another_encoding_is_not_shown() -> None:
    body = "Kann nicht sprechen: eine schöne, weiße Bluse".encode("latin-1")
    said = answers.error_of(400, {}, body, NOW, ("eine schöne, weiße Bluse",)).reason
    assert said == "HTTP 400: Kann nicht sprechen: …"


@hypothesis_settings(max_examples=200, deadline=None)
@given(strategies.binary(max_size=400), strategies.sampled_from([400, 429, 500]))
def test_whatever_comes_the_reason_is_short_and_printable(body: bytes, status: int) -> None:
    said = answers.error_of(status, {}, body, NOW).reason
    assert said.startswith(f"HTTP {status}")
    assert said.isprintable()
    assert len(said) <= answers.MAX_REASON_CHARS


def test_a_page_of_nothing_but_brackets_takes_no_time() -> None:
    """As work, not as time: what is searched with the square of its length is short."""
    said = answers.error_of(502, {}, b"<title" * 2_500 + b">far away</title>", NOW).reason
    assert "far away" not in said
    assert len(said) <= answers.MAX_REASON_CHARS


def test_neither_key_nor_text_come_back_in_a_reason(api: MeteredProvider) -> None:
    text = "A private\n text of a customer"
    echo = f"Bearer {api.api_key} said {text!s}"
    cut = f"Unsafe input: {text[:20]}..."
    for body in (echo, cut, {"error": {"message": echo}}, {"detail": [{"msg": echo, "loc": [text]}]}):
        api.script([{"status": 400, "body": body}])
        error = error_of(api.settings(), dataclasses.replace(REQUEST, text=text))
        assert api.api_key not in error.reason
        assert "private" not in error.reason
        assert api.api_key not in repr(error)


def test_a_text_of_one_letter_does_not_garble_the_reason(api: MeteredProvider) -> None:
    api.script([{"status": 400, "body": "voice not there"}])
    assert (
        error_of(api.settings(), dataclasses.replace(REQUEST, text="e")).reason == "HTTP 400: voice not there"
    )


# Lines that break


@pytest.mark.parametrize("said", [b"garbage\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"\0" * 9_000])
def test_an_answer_that_is_no_http_leaves_the_money_unknown(said: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(said)
        writer.close()

    async def use(url: str) -> None:
        provider = open_provider(SPEEKO, Settings(api_url=url, api_key="k"))
        with pytest.raises(ProviderError) as caught:
            await provider.speak(REQUEST)
        assert caught.value.failure is Failure.UNKNOWN
        assert caught.value.reason.isprintable()
        await provider.aclose()

    with_server(handler, use)


def test_a_refused_connection_was_not_sent() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        error = error_of(Settings(api_url=url, api_key="k"))
    assert error.failure is Failure.NOT_SENT


def test_a_failed_tls_handshake_was_not_sent(api: MeteredProvider) -> None:
    error = error_of(api.settings(api_url=api.url.replace("http:", "https:")))
    assert error.failure is Failure.NOT_SENT


def test_a_handshake_that_never_ends_was_not_sent() -> None:
    with socket.socket() as silent:  # accepts in the kernel, says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        error = error_of(Settings(api_url=url, api_key="k", request_timeout_seconds=0.5))
    assert error.failure is Failure.NOT_SENT


@pytest.mark.parametrize(("when", "billed"), [("before", 0), ("after", 1)])
def test_a_reset_leaves_the_money_unknown(api: MeteredProvider, when: str, billed: int) -> None:
    api.script([{"reset": when}])
    assert error_of(api.settings()).failure is Failure.UNKNOWN
    assert api.calls == billed


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("after", [0, 1, 5_000])
def test_a_cut_body_is_no_success(api: MeteredProvider, chunked: bool, after: int) -> None:
    api.script([{"cut_after_bytes": after, "chunked": chunked}])
    assert error_of(api.settings()).failure is Failure.UNKNOWN
    assert api.calls == 1


@pytest.mark.parametrize("rule", [{"drip": True}, {"delay_seconds": 30}])
def test_the_deadline_is_for_the_whole_call(api: MeteredProvider, rule: dict[str, Any]) -> None:
    api.script([rule])
    error = error_of(api.settings(request_timeout_seconds=1.5))
    assert error.failure is Failure.UNKNOWN
    assert error.reason == "no whole answer within 1.5 s"
    assert api.calls == 1


def test_an_error_whose_body_never_ends_still_has_its_status(api: MeteredProvider) -> None:
    api.script([{"status": 400, "endless": True, "body": "no such voice " * 1_000}])
    error = error_of(api.settings())
    assert (error.failure, error.status) == (Failure.REFUSED, 400)


def test_an_endless_body_is_left_at_the_limit(api: MeteredProvider) -> None:
    api.script([{"endless": True}])
    error = error_of(api.settings(max_audio_mb=1))
    assert error.failure is Failure.UNKNOWN
    assert "1 MB" in error.reason


def answering(head: str, body: bytes) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    return handler


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("gzip", gzip.compress(b"audio", mtime=0), b"audio"),
        ("deflate", zlib.compress(b"audio"), b"audio"),
        ("gzip", b"no gzip", b"no gzip"),
        ("gzip", gzip.compress(bytes(3_000_000), mtime=0), None),
    ],
)
def test_a_body_compressed_unasked(encoding: str, body: bytes, expected: bytes | None) -> None:
    async def use(url: str) -> None:
        provider = open_provider(SPEEKO, Settings(api_url=url, api_key="k", max_audio_mb=1))
        try:
            if expected is None:
                with pytest.raises(ProviderError, match="longer than 1 MB") as caught:
                    await provider.speak(REQUEST)
                assert caught.value.failure is Failure.UNKNOWN
            else:
                assert (await provider.speak(REQUEST)).audio == expected
        finally:
            await provider.aclose()

    with_server(answering(f"Content-Encoding: {encoding}\r\n", body), use)


def test_a_redirect_is_not_followed(api: MeteredProvider, tmp_path: Path) -> None:
    other = MeteredProvider(tmp_path)
    try:
        for status in (301, 302, 307, 308):
            api.script([{"status": status, "headers": {"Location": f"{other.url}/v1/audio/speech"}}])
            error = error_of(api.settings())
            assert error.failure is Failure.ACCOUNT
            assert "SPEEKO_API_URL" in error.reason
        assert other.summary()["answers"] == {}
    finally:
        other.stop()


def test_a_post_on_a_kept_connection_that_closes_is_not_sent_again() -> None:
    """The server keeps the connection, reads the second request, perhaps bills it, and hangs up."""
    requests: list[str] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append((await read_request(reader))[1]["idempotency-key"])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        requests.append((await read_request(reader))[1]["idempotency-key"])
        writer.close()

    async def use(url: str) -> None:
        provider = open_provider(SPEEKO, Settings(api_url=url, api_key="k"))
        assert (await provider.speak(REQUEST)).audio == b"ok"
        second = dataclasses.replace(REQUEST, key=bytes(32))
        with pytest.raises(ProviderError) as caught:
            await provider.speak(second)
        assert caught.value.failure is Failure.UNKNOWN
        await provider.aclose()
        assert requests == [REQUEST.key.hex(), second.key.hex()]

    with_server(handler, use)


def test_a_connection_that_closed_while_idle_is_not_used_again() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    async def use(url: str) -> None:
        provider = open_provider(SPEEKO, Settings(api_url=url, api_key="k"))
        for _ in range(3):
            assert (await provider.speak(REQUEST)).audio == b"ok"
            for _ in range(50):  # lets the loop see the server's end
                await asyncio.sleep(0)
            await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        await provider.aclose()

    with_server(handler, use)


# Many at a time, and the meter itself


def test_as_many_calls_as_asked_for_are_in_flight_at_once(tmp_path: Path) -> None:
    provider = MeteredProvider(tmp_path)
    provider.script([{"match": "*", "times": -1, "hold_after_bytes": 1}])
    requests = [dataclasses.replace(REQUEST, key=bytes([n] * 32), text=f"row {n}") for n in range(150)]

    async def run() -> list[Speech]:
        client = open_provider(SPEEKO, provider.settings())
        try:
            calls = asyncio.gather(*map(client.speak, requests))
            await asyncio.to_thread(
                wait_until, lambda: provider.summary()["in_flight"] == 150, "all calls to be in flight"
            )
            await asyncio.to_thread(provider.release)
            return await calls
        finally:
            await client.aclose()

    try:
        speeches = asyncio.run(run())
        assert provider.summary()["max_in_flight"] == 150
    finally:
        provider.stop()
    for request, speech in zip(requests, speeches, strict=True):
        stamp = audio.stamp_of(request.text, request.voice, request.language)
        assert audio.read_stamp(speech.audio, "mp3") == stamp


def test_the_bill_is_the_price_list_to_the_micro_dollar(api: MeteredProvider) -> None:
    speak(api.settings(), times=3)
    assert api.micros == 3 * SPEEKO.price(len(TEXT), "kokoro", "kokoro-friendly")


def test_a_repeat_with_the_same_key_is_answered_and_not_billed(tmp_path: Path) -> None:
    for options, billed in (({}, 1), ({"ignore_idempotency": True}, 2)):
        folder = tmp_path / str(billed)
        folder.mkdir()
        provider = MeteredProvider(folder, **options)
        try:
            first, second = (speak(provider.settings(), key=REQUEST.key)[0] for _ in range(2))
            assert isinstance(first, Speech)
            assert isinstance(second, Speech)
            assert first.audio == second.audio
            assert provider.calls == billed
        finally:
            provider.stop()


def test_a_repeat_is_not_billed_after_the_provider_was_killed_either(tmp_path: Path) -> None:
    provider = MeteredProvider(tmp_path)
    try:
        speak(provider.settings(), key=REQUEST.key)
        provider.stop()
        provider.start()
        assert isinstance(speak(provider.settings(), key=REQUEST.key)[0], Speech)
        assert provider.calls == 1
    finally:
        provider.stop()


def test_more_calls_than_the_limit_are_throttled_and_free(tmp_path: Path) -> None:
    provider = MeteredProvider(tmp_path, limit=4, latency_ms=1_000)

    async def run() -> list[Speech | BaseException]:
        client = open_provider(SPEEKO, provider.settings())
        requests = [dataclasses.replace(REQUEST, key=bytes([n] * 32)) for n in range(20)]
        try:
            return await asyncio.gather(*map(client.speak, requests), return_exceptions=True)
        finally:
            await client.aclose()

    try:
        outcomes = asyncio.run(run())
        errors = [o for o in outcomes if isinstance(o, ProviderError)]
        assert {(e.failure, e.retry_after_seconds) for e in errors} == {(Failure.THROTTLED, 1.0)}
        assert provider.calls == 20 - len(errors) > 0
    finally:
        provider.stop()


def test_the_meter_refuses_what_openai_refuses(api: MeteredProvider) -> None:
    strict = dataclasses.replace(SPEEKO, extra_body={"stream": False})
    assert "stream" in error_of(api.settings(), profile=strict).reason
    for change in ({"text": ""}, {"text": "x" * 4_097}, {"voice": ""}, {"format": "aiff"}, {"speed": 9.0}):
        error = error_of(api.settings(), dataclasses.replace(REQUEST, **change))  # type: ignore[arg-type]
        assert (error.failure, error.status) == (Failure.REFUSED, 400)
    assert error_of(api.settings(api_key="wrong")).failure is Failure.ACCOUNT
    assert api.calls == 0


def test_what_was_answered_was_billed_before_though_the_provider_is_killed(tmp_path: Path) -> None:
    provider = MeteredProvider(tmp_path)
    requests = [dataclasses.replace(REQUEST, key=os.urandom(32), text=f"row {n}") for n in range(400)]

    async def run() -> list[Speech | BaseException]:
        client = open_provider(SPEEKO, provider.settings())
        calls = [asyncio.ensure_future(client.speak(request)) for request in requests]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        provider.stop()
        try:
            return await asyncio.gather(*calls, return_exceptions=True)
        finally:
            await client.aclose()

    try:
        outcomes = asyncio.run(run())
    finally:
        provider.stop()
    answered = {r.text for r, o in zip(requests, outcomes, strict=True) if isinstance(o, Speech)}
    failures = {o.failure for o in outcomes if isinstance(o, ProviderError)}
    assert answered
    assert answered <= {entry["text"] for entry in provider.bill()}
    assert failures <= {Failure.UNKNOWN, Failure.NOT_SENT}
    assert len(answered) + sum(isinstance(o, ProviderError) for o in outcomes) == len(requests)


# Free calls


def serving(pages: dict[str, tuple[int, object]]) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, _, _ = await read_request(reader)
        status, value = pages.get(first.split()[1], (404, "no"))
        body = json.dumps(value).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    return handler


def free(
    what: Callable[[Profile, Settings], Any], profile: Profile, pages: dict[str, tuple[int, object]]
) -> Any:
    answers: list[Any] = []

    async def use(url: str) -> None:
        settings = Settings(api_url=url, api_key="sk-secret-1")
        try:
            answers.append(await asyncio.to_thread(what, profile, settings))
        except (ConfigError, ServerError) as error:
            answers.append(error)

    with_server(serving(pages), use)
    return answers[0]


@pytest.mark.parametrize(
    "voices",
    [
        {"voices": ["b", "a"]},
        {"voices": [{"id": "b", "name": "B"}, {"id": "a", "name": "A"}]},
        ["a", "b", "a"],
        {"data": [{"id": "a"}, {"name": "b"}, None, 3]},
    ],
)
def test_lists_of_voices_in_every_shape(voices: object) -> None:
    assert free(list_voices, SPEEKO, {"/v1/audio/voices": (200, voices)}) == ["a", "b"]


def test_voices_of_the_profile_where_the_api_has_no_list() -> None:
    assert list_voices(PROFILES["openai"], Settings())[0] == "alloy"
    assert free(list_voices, SPEEKO, {}) == list(SPEEKO.voices)


def test_a_list_that_is_none() -> None:
    assert isinstance(free(list_voices, SPEEKO, {"/v1/audio/voices": (200, "hello")}), ServerError)


@pytest.mark.parametrize(
    ("pages", "kind", "says"),
    [
        ({"/v1/audio/voices": (200, [])}, str, "the key is accepted"),
        ({"/v1/models": (200, {})}, str, "the key is accepted"),
        ({"/health": (200, {})}, str, "shows at the first call"),
        (
            {"/v1/audio/voices": (401, {"error": {"message": "bad sk-secret-1"}})},
            ConfigError,
            "SPEEKO_API_KEY",
        ),
        ({"/v1/audio/voices": (302, "")}, ConfigError, "SPEEKO_API_URL"),
        ({"/v1/audio/voices": (500, "oops")}, ServerError, "oops"),
        ({}, ServerError, "SPEEKO_API_URL"),
    ],
)
def test_doctor_lines(pages: dict[str, tuple[int, object]], kind: type, says: str) -> None:
    line = free(check, SPEEKO, pages)
    assert isinstance(line, kind)
    assert says in str(line)
    assert "sk-secret-1" not in str(line)
    assert "\n" not in str(line)


def test_doctor_finds_nobody_there() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(ServerError, match="connection refused"):
            check(SPEEKO, Settings(api_url=url, api_key="k"))


def test_doctor_costs_nothing(api: MeteredProvider) -> None:
    assert "the key is accepted" in check(SPEEKO, api.settings())
    with pytest.raises(ConfigError, match="SPEEKO_API_KEY"):
        check(SPEEKO, api.settings(api_key="wrong"))
    assert api.calls == 0
