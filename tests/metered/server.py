"""The metered provider: a speech API that bills into a file, as its own process.

    python -m tests.metered.server --port 0 --bill bill.jsonl

Speaks the shape of the speech APIs (bearer key, strict body, errors, Idempotency-Key), answers real audio
and misbehaves on request (POST /script). What it charges is a line in the bill file, durable before the
answer leaves: the ground truth that ledgers are compared with. It bills when a call arrives, so a client that
dies while it waits has paid. The first line on stdout is JSON: {"port": ...}.

POST /script takes a list of rules; the first whose `match` (part of the input, "*") fits and whose `times`
(default 1, -1: for ever) are not used up decides: status, body, headers, bill (default: where the status is
2xx), delay_seconds, reset ("before" or "after" billing), cut_after_bytes (and chunked), garbage (html, json,
empty, silence, short, wrong_format, long_header, gzip_bomb), drip (a byte a second), endless, say (speak this
text's audio in place of its own), format (sound audio, but in this one), hold_after_bytes (the rest comes
after POST /release).

POST /lag {"seconds": 0.1} slows /health down, as a long way would.

POST /limit {"limit": 10} changes how many calls it takes at once (0: any number).
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import socket
import struct
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from speeko_jobs.core.providers.profiles import PROFILES, Profile
from tests.metered import audio

FIELDS = {"model", "input", "voice", "instructions", "response_format", "speed", "stream_format", "language"}
_TYPES = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
}
_RULE_FIELDS = {
    "match", "times", "status", "body", "headers", "bill", "delay_seconds", "reset", "cut_after_bytes",
    "chunked", "garbage", "drip", "endless", "say", "hold_after_bytes", "format",
    "times_longer", "times_dearer",
}  # fmt: skip


class Refusal(Exception):
    """An answer in OpenAI's error shape."""

    def __init__(
        self, status: int, message: str, code: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.headers = status, message, code, headers or {}

    def response(self) -> web.Response:
        kind = "invalid_request_error" if self.status < 429 else "requests"
        error = {"message": self.message, "type": kind, "param": None, "code": self.code or None}
        return web.json_response({"error": error}, status=self.status, headers=self.headers)


class Bill:
    """The bill file: one JSON line a billed call. `durable` returns once all lines so far are on disk."""

    def __init__(self, path: Path, fsync: bool) -> None:
        self.calls = self.micros = self.chars = 0
        self.by_key: dict[str, dict[str, int]] = {}
        self.seen: dict[str, str] = {}  # idempotency key → digest of the body that was billed
        for line in path.read_text("utf-8").splitlines() if path.exists() else []:
            self._count(json.loads(line))
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._fsync = fsync
        self._waiting: list[asyncio.Future[None]] = []
        self._flushing: asyncio.Task[None] | None = None

    def add(self, entry: dict[str, Any]) -> None:
        entry = {"n": self.calls + 1, **entry}
        os.write(self._file, json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        self._count(entry)

    async def durable(self) -> None:
        if not self._fsync:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        await done

    async def _flush(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            await asyncio.to_thread(os.fsync, self._file)
            for done in group:
                if not done.done():
                    done.set_result(None)
        self._flushing = None

    def _count(self, entry: dict[str, Any]) -> None:
        self.calls += 1
        self.micros += entry["micros"]
        self.chars += entry["chars"]
        of_key = self.by_key.setdefault(entry["key"], {"calls": 0, "micros": 0})
        of_key["calls"] += 1
        of_key["micros"] += entry["micros"]
        if entry["key"]:
            self.seen[entry["key"]] = entry["body"]


@dataclass
class Meter:
    """The server's state and its one handler."""

    profile: Profile
    api_key: str
    bill: Bill
    honour_keys: bool = True
    replays: bool = False  # 200s by idempotency key, garbage too
    latency_seconds: float = 0.0
    limit: int = 0
    audio_bytes: int = 0
    rules: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    answers: dict[str, bytes] = field(default_factory=dict)
    lag_seconds: float = 0.0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            if request.path == "/v1/audio/speech" and request.method == "POST":
                return await self._counted(request)
            return await self._other(request)
        except Refusal as refusal:
            self.counts[str(refusal.status)] += 1
            return refusal.response()

    async def _other(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/health":
            await asyncio.sleep(self.lag_seconds)
            return web.json_response({"status": "ok"})
        if request.path == "/script" and request.method == "POST":
            return web.json_response({"rules": self._load(await request.json())})
        if request.path == "/lag" and request.method == "POST":
            self.lag_seconds = float((await request.json())["seconds"])
            return web.json_response({"seconds": self.lag_seconds})
        if request.path == "/release" and request.method == "POST":
            self.released.set()
            return web.json_response({"released": True})
        if request.path == "/limit" and request.method == "POST":
            self.limit = int((await request.json())["limit"])
            return web.json_response({"limit": self.limit})
        if request.path == "/bill":
            return web.json_response(self._summary())
        if request.path == "/v1/audio/voices":
            self._check_key(request)
            return web.json_response({"voices": list(self.profile.voices)})
        raise Refusal(404, f"Invalid URL ({request.method} {request.path})")

    def _summary(self) -> dict[str, Any]:
        return {
            "calls": self.bill.calls,
            "micros": self.bill.micros,
            "chars": self.bill.chars,
            "asked": self.asked,
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
            "answers": dict(self.counts),
            "by_key": self.bill.by_key,
        }

    def _load(self, rules: Any) -> int:
        for rule in rules:
            if unknown := set(rule) - _RULE_FIELDS:
                raise Refusal(400, f"unknown in a rule: {sorted(unknown)}")
        self.rules = [dict(rule) for rule in rules]
        self.released.clear()
        return len(self.rules)

    async def _counted(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked += 1
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            return await self._speech(request)
        finally:
            self.in_flight -= 1

    async def _speech(self, request: web.BaseRequest) -> web.StreamResponse:
        self._check_key(request)
        key = request.headers.get("Idempotency-Key", "")
        kept = self.answers.get(key)
        if kept is not None:
            self.counts["repeated"] += 1
            return web.Response(body=kept)
        answer = await self._bought(request)
        if not self.replays or not isinstance(answer, web.Response) or answer.status != 200:
            return answer
        if key and isinstance(answer.body, bytes):
            self.answers[key] = answer.body
        return answer

    async def _bought(self, request: web.BaseRequest) -> web.StreamResponse:
        raw = await request.read()
        body = checked_body(raw)
        rule = self._rule(body["input"])
        if rule is None and self.limit and self.in_flight > self.limit:
            raise Refusal(429, "Too many concurrent requests", "rate_limit_exceeded", {"Retry-After": "1"})
        if rule is not None and rule.get("reset") == "before":
            return reset(request)
        if rule is None or rule.get("bill", int(rule.get("status", 200)) // 100 == 2):
            times = float(rule.get("times_dearer", 1)) if rule else 1.0
            self._charge(request.headers.get("Idempotency-Key", ""), raw, body, times)
            await self.bill.durable()
        delay = self.latency_seconds + (float(rule.get("delay_seconds", 0)) if rule else 0)
        if delay:
            await asyncio.sleep(delay)
        if rule is not None:
            return await self._misbehave(request, rule, body)
        self.counts["200"] += 1
        return web.Response(body=self._audio(body), content_type=_TYPES[body["response_format"]])

    def _check_key(self, request: web.BaseRequest) -> None:
        if request.headers.get("Authorization") != f"Bearer {self.api_key}":
            raise Refusal(401, "Incorrect API key provided", "invalid_api_key")

    def _charge(self, key: str, raw: bytes, body: dict[str, Any], times_dearer: float) -> None:
        digest = hashlib.sha256(raw).hexdigest()[:16]
        if key and self.honour_keys and key in self.bill.seen:
            if self.bill.seen[key] != digest:
                raise Refusal(422, "This idempotency key was used with another body", "idempotency_error")
            self.counts["repeated"] += 1
            return
        text, model, voice = body["input"], body["model"], body["voice"]
        chars = self.profile.billable_chars(text)
        micros = round(times_dearer * self.profile.price(chars, model, voice))
        self.bill.add(
            {
                "key": key,
                "chars": chars,
                "micros": micros,
                "model": model,
                "voice": voice,
                "language": body.get("language", ""),
                "format": body["response_format"],
                "body": digest,
                "text": text,
            }
        )

    def _audio(self, body: dict[str, Any], times_longer: float = 1.0) -> bytes:
        format, text = body["response_format"], body["input"]
        chars = round(len(text) * times_longer)
        plain = audio.sized(format, self.audio_bytes) if self.audio_bytes else audio.spoken(format, chars)
        return audio.stamped(plain, format, audio.stamp_of(text, body["voice"], body.get("language", "")))

    def _rule(self, text: str) -> dict[str, Any] | None:
        for rule in self.rules:
            times = rule.get("times", 1)
            if times != 0 and (rule.get("match", "*") == "*" or rule["match"] in text):
                rule["times"] = times - 1  # below zero from the start: for ever
                return rule
        return None

    async def _misbehave(
        self, request: web.BaseRequest, rule: dict[str, Any], body: dict[str, Any]
    ) -> web.StreamResponse:
        self.counts["scripted"] += 1
        status, headers = (
            int(rule.get("status", 200)),
            {k: str(v) for k, v in rule.get("headers", {}).items()},
        )
        if rule.get("reset"):
            return reset(request)
        if rule.get("garbage") == "gzip_bomb":
            said, headers = audio.bomb(), headers | {"Content-Encoding": "gzip"}
        elif "garbage" in rule:
            said = audio.garbage(rule["garbage"], body["response_format"])
        elif "format" in rule:
            said = audio.own(rule["format"], body["input"])
        elif "say" in rule:
            said = self._audio({**body, "input": rule["say"]})
        elif "times_longer" in rule:
            said = self._audio(body, float(rule["times_longer"]))
        elif "body" in rule:
            text = rule["body"] if isinstance(rule["body"], str) else json.dumps(rule["body"])
            said = text.encode()
        else:
            said = self._audio(body)
        if "hold_after_bytes" in rule:
            return await self._in_two(request, said, rule["hold_after_bytes"])
        if not {"cut_after_bytes", "drip", "endless"} & set(rule):
            return web.Response(body=said, status=status, headers=headers)
        answer = web.StreamResponse(status=status, headers=headers)
        if rule.get("endless") or rule.get("chunked"):
            answer.enable_chunked_encoding()
        else:
            answer.content_length = len(said)
        try:
            await answer.prepare(request)
            await self._send_badly(answer, rule, said)
        except ConnectionError:
            pass
        return reset(request, hard=False)

    async def _in_two(self, request: web.BaseRequest, said: bytes, first: int) -> web.StreamResponse:
        """A good answer that comes in two parts, the second when it is told to."""
        answer = web.StreamResponse()
        answer.enable_chunked_encoding()
        try:
            await answer.prepare(request)
            await answer.write(said[:first])
            await self.released.wait()
            await answer.write(said[first:])
            await answer.write_eof()
        except ConnectionError:
            return reset(request)
        return answer

    async def _send_badly(self, answer: web.StreamResponse, rule: dict[str, Any], said: bytes) -> None:
        if "cut_after_bytes" in rule:
            await answer.write(said[: rule["cut_after_bytes"]])
        elif rule.get("drip"):
            for byte in said:
                await answer.write(bytes([byte]))
                await asyncio.sleep(1)
        while rule.get("endless"):
            await answer.write(said)


def checked_body(raw: bytes) -> dict[str, Any]:
    """The body of a speech call, with its defaults. Raises Refusal as strictly as OpenAI's API does."""
    try:
        body = json.loads(raw)
    except ValueError:
        raise Refusal(400, "We could not parse the JSON body of your request") from None
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be a JSON object")
    if unknown := set(body) - FIELDS:
        raise Refusal(400, f"Unrecognized request argument supplied: {sorted(unknown)[0]}")
    for name in ("model", "input", "voice"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise Refusal(400, f"Missing required parameter: '{name}'")
    if len(body["input"]) > 4_096:
        raise Refusal(400, "Invalid 'input': string too long, at most 4096", "string_above_max_length")
    if body.setdefault("response_format", "mp3") not in _TYPES:
        raise Refusal(400, f"Invalid 'response_format': {body['response_format']}")
    speed = body.get("speed", 1.0)
    if isinstance(speed, bool) or not isinstance(speed, (int, float)) or not 0.25 <= speed <= 4.0:
        raise Refusal(400, "Invalid 'speed': between 0.25 and 4.0")
    return body


def reset(request: web.BaseRequest, hard: bool = True) -> web.StreamResponse:
    """End the connection here and now; hard: with a reset instead of an orderly end."""
    if request.transport is not None:
        raw = request.transport.get_extra_info("socket")
        if hard and raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.transport.abort()
        else:
            request.transport.close()
    return web.Response()


async def serve(options: argparse.Namespace) -> None:
    meter = Meter(
        profile=PROFILES[options.profile],
        api_key=os.environ.get("METERED_API_KEY", options.api_key),
        bill=Bill(Path(options.bill), options.fsync),
        honour_keys=not options.ignore_idempotency,
        replays=options.replay,
        latency_seconds=options.latency_ms / 1000,
        limit=options.limit,
        audio_bytes=options.audio_bytes,
    )
    runner = web.ServerRunner(web.Server(meter.handle, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", options.port, backlog=2048)
    await site.start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.Event().wait()


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.metered.server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--bill", required=True, help="file that bill lines are appended to")
    parser.add_argument("--api-key", default="test-key")
    parser.add_argument("--profile", default="speeko", choices=sorted(PROFILES))
    parser.add_argument("--ignore-idempotency", action="store_true")
    parser.add_argument("--replay", action="store_true", help="give the kept answer to a key that was seen")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--limit", type=int, default=0, help="most calls in flight; 0: no limit")
    parser.add_argument("--audio-bytes", type=int, default=0, help="size of an answer; 0: by the text")
    parser.add_argument("--no-fsync", dest="fsync", action="store_false")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when stdin ends")
    return parser.parse_args(arguments)


def main() -> None:
    options = parse()
    if options.exit_with_stdin:
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
    import uvloop

    uvloop.run(serve(options))


if __name__ == "__main__":
    main()
