"""The process that holds espeak-ng: `python -m speeko_jobs.adapters.providers.espeak_helper`.

espeak is not thread-safe and its bytes depend on what it said before. So this process initialises it, stays
silent and single-threaded, and forks for every utterance; the fork speaks, encodes, answers over a pipe
and is gone. Requests and answers go over the socket at file descriptor 0; its end is the end of the process.

Frames. Request: length (u32), then JSON {id, text, ssml, voice, wpm, format, cpu_seconds}. Answer: length
(u32), id (u32), outcome (u8), then audio or a reason. The first answer, id 0, says whether espeak is there.
"""

from __future__ import annotations

import ctypes
import io
import json
import math
import os
import resource
import selectors
import shutil
import signal
import socket
import struct
import tempfile
from collections import deque
from pathlib import Path
from typing import Any, Final

OK, REFUSED, DIED = 0, 1, 2
ANSWER: Final = struct.Struct("!IIB")
LENGTH: Final = struct.Struct("!I")

_SYNCHRONOUS, _DONT_EXIT, _UTF8, _SSML, _RATE = 2, 0x8000, 1, 0x10, 1
_BUFFER_MS = 1000
_MAX_PATH_BYTES = 150  # espeak cuts longer data paths
_OPUS_RATE = 24_000
_SERIAL = 1
_BLOCK_BYTES = 1 << 17  # libsndfile's Ogg encoders put a whole write on the stack: minutes at once crash
_FORMATS = {
    "mp3": ("MP3", None),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
}
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def cores() -> int:
    """Cores that this process may use: forks at a time."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Espeak:
    """An initialised espeak-ng that has not spoken yet. `data`: its data folder, with a short enough path."""

    def __init__(self, library: str, data: str) -> None:
        self._library = ctypes.CDLL(library)
        self.rate = int(
            self._library.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, os.fsencode(data), _DONT_EXIT)
        )
        if self.rate <= 0:
            raise OSError(f"espeak-ng does not start with the data in {data}")
        self._pcm = bytearray()
        self._callback = _CALLBACK(self._collect)  # kept: espeak holds only its address
        self._library.espeak_SetSynthCallback(self._callback)

    def pcm(self, text: str, voice: str, wpm: int, ssml: bool = False) -> bytes:
        """16-bit mono samples. ValueError where the voice is missing or there is nothing to speak."""
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"espeak has no voice {voice!r}")
        self._library.espeak_SetParameter(_RATE, wpm, 0)
        raw = text.replace("\0", " ").encode("utf-8", "replace")
        if self._library.espeak_Synth(raw, len(raw) + 1, 0, 0, 0, _UTF8 | _SSML * ssml, None, None):
            raise ValueError("espeak does not take this text")
        self._library.espeak_Synchronize()
        if not any(self._pcm):
            raise ValueError("nothing to speak")
        return bytes(self._pcm)

    def _collect(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._pcm += ctypes.string_at(samples, count * 2)
        return 0


def encode(pcm: bytes, rate: int, format: str) -> bytes:
    """Samples as a file. Equal samples give equal bytes."""
    if format == "wav":
        head = struct.pack(
            "<4sI4s4sIHHIIHH", b"RIFF", 36 + len(pcm), b"WAVE", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16
        )
        return head + struct.pack("<4sI", b"data", len(pcm)) + pcm
    import soundfile

    if format == "opus":
        pcm, rate = _resampled(pcm, rate, _OPUS_RATE), _OPUS_RATE
    container, codec = _FORMATS[format]
    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", rate, 1, codec, format=container) as file:
        for start in range(0, len(pcm), _BLOCK_BYTES):
            file.buffer_write(pcm[start : start + _BLOCK_BYTES], "int16")
    if container != "OGG":
        return out.getvalue()
    from speeko_jobs.core.audio.ogg import with_serial

    return with_serial(out.getvalue(), _SERIAL)


def _resampled(pcm: bytes, rate: int, wanted: int) -> bytes:
    """Polyphase resampling with a Hann-windowed sinc of 32 taps, upwards only (22,050 to 24,000 Hz)."""
    import numpy as np

    up, down, half = wanted // math.gcd(rate, wanted), rate // math.gcd(rate, wanted), 16
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    count = len(samples) * up // down
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(samples, (half - 1, half + down)), 2 * half)
    out = np.empty(count, np.float32)
    for phase in range(min(up, count)):
        base, part = divmod(phase * down, up)
        away = np.arange(1 - half, half + 1) - part / up
        taps = (np.sinc(away) * np.cos(np.pi * away / (2 * half)) ** 2).astype(np.float32)
        target = out[phase::up]
        target[:] = windows[base::down][: len(target)] @ taps
    return np.clip(np.rint(out), -32768, 32767).astype("<i2").tobytes()


class Helper:
    """The loop between the socket and the forks: at most one fork a core at a time, others wait in order."""

    def __init__(self, link: socket.socket, espeak: Espeak, most: int) -> None:
        self._link = link
        self._espeak = espeak
        self._most = most
        self._selector = selectors.DefaultSelector()
        self._selector.register(link, selectors.EVENT_READ)
        self._unread = bytearray()
        self._waiting: deque[dict[str, Any]] = deque()
        self._running: dict[int, tuple[int, int, bytearray]] = {}  # pipe → request id, pid, what it wrote

    def run(self) -> None:
        """Serve until the other end of the socket is gone."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._link:
                    self._hear_child(key.fd)
                elif not self._hear_parent():
                    return
            while self._waiting and len(self._running) < self._most:
                self._start(self._waiting.popleft())

    def stop(self) -> None:
        for _, pid, _ in self._running.values():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _hear_parent(self) -> bool:
        data = self._link.recv(1 << 20)
        self._unread += data
        while len(self._unread) >= LENGTH.size:
            end = LENGTH.size + LENGTH.unpack_from(self._unread)[0]
            if len(self._unread) < end:
                break
            self._waiting.append(json.loads(self._unread[LENGTH.size : end]))
            del self._unread[:end]
        return bool(data)

    def _start(self, request: dict[str, Any]) -> None:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                self._link.close()
                os.close(reader)
                answer = _speak(self._espeak, request)
                with os.fdopen(writer, "wb") as pipe:
                    pipe.write(answer)
            finally:
                os._exit(0)
        os.close(writer)
        self._running[reader] = (request["id"], pid, bytearray())
        self._selector.register(reader, selectors.EVENT_READ)

    def _hear_child(self, reader: int) -> None:
        number, pid, answer = self._running[reader]
        data = os.read(reader, 1 << 20)
        answer += data
        if data:
            return
        self._selector.unregister(reader)
        os.close(reader)
        del self._running[reader]
        _, status = os.waitpid(pid, 0)
        if status != 0 or not answer:
            sign = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            answer = bytearray([DIED]) + f"espeak died while it spoke (signal {sign})".encode()
        self._link.sendall(ANSWER.pack(len(answer) - 1, number, answer[0]) + answer[1:])


def _speak(espeak: Espeak, request: dict[str, Any]) -> bytes:
    """In the fork: outcome byte and audio, or a reason."""
    seconds = int(request["cpu_seconds"]) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        pcm = espeak.pcm(request["text"], request["voice"], request["wpm"], request["ssml"])
        return bytes([OK]) + encode(pcm, espeak.rate, request["format"])
    except ValueError as error:
        return bytes([REFUSED]) + str(error).encode()
    except Exception as error:  # the fork ends here: what went wrong has to be in its answer
        return bytes([DIED]) + f"{type(error).__name__}: {error}".encode()


def _open_espeak(made: list[str]) -> Espeak:
    """espeak from its wheel. A temporary folder that this takes is appended to `made`."""
    import espeakng_loader

    data = espeakng_loader.get_data_path()
    if len(os.fsencode(data)) > _MAX_PATH_BYTES:
        made.append(tempfile.mkdtemp(prefix="speeko-espeak-"))
        link = Path(made[0]) / "data"
        link.symlink_to(data)
        data = str(link)
    return Espeak(espeakng_loader.get_library_path(), data)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent; its end is ours
    link = socket.socket(fileno=0)
    made: list[str] = []
    try:
        try:
            espeak = _open_espeak(made)
            import soundfile  # noqa: F401  before the first fork, so that no fork has to load it
        except (OSError, ImportError, AttributeError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:300].encode()
            link.sendall(ANSWER.pack(len(reason), 0, DIED) + reason)
            return
        link.sendall(ANSWER.pack(0, 0, OK))
        helper = Helper(link, espeak, most=cores())
        try:
            helper.run()
        finally:
            helper.stop()
    except ConnectionError:
        pass  # the parent is gone
    finally:
        for folder in made:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
