"""The spool: paid audio that the store would not take, kept in the worker's home until it does.

One file an attempt: a line of JSON that says what it is, then the audio. Written whole and durable, so
that a killed worker loses nothing; replayed by the sweeper of the same home.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from speeko_jobs import private_files
from speeko_jobs.adapters.postgres.claims import Claim
from speeko_jobs.core.job.job_spec import from_json
from speeko_jobs.core.model.speech import Speech
from speeko_jobs.errors import SpeekoError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.synthesis import settlement
from speeko_jobs.flow.synthesis.answer_outcome import Answer

SUFFIX = ".audio"
AT_ONCE = 64
MIN_ANSWERS, MIN_FILES = 4, 1000
log = logging.getLogger(__name__)


def folder(context: Context) -> Path:
    return context.settings.home_path / "spool"


def room(context: Context) -> bool:
    """Whether this disk could take the audio of the calls that may be in flight: asked before money is spent.

    Less than four answers of the largest size, or hardly a file more: no.
    """
    where = folder(context)
    while not where.exists() and where != where.parent:
        where = where.parent
    disk = os.statvfs(where)
    free_bytes = disk.f_bavail * disk.f_frsize
    has_files = disk.f_favail >= MIN_FILES or not disk.f_files  # some disks do not count files
    return has_files and free_bytes >= MIN_ANSWERS * (context.settings.max_audio_mb << 20)


def no_room(context: Context) -> str:
    """Why jobs pause when there is none."""
    least_mb = MIN_ANSWERS * context.settings.max_audio_mb
    return f"spool: the disk of {folder(context)} has less than {least_mb} MB (or {MIN_FILES} files) free"


def save(context: Context, answers: Sequence[Answer]) -> int:
    """Keep the audio among these answers; how many there were. OSError when this disk refuses too."""
    where = folder(context)
    private_files.folder(where)
    count = 0
    for answer in answers:
        if not isinstance(answer.result, Speech):
            continue
        claim = answer.claim
        head = {
            "job": answer.job,
            "spec": answer.spec.to_json(),
            "latency_seconds": answer.latency_seconds,
            "claim": {
                **{name: getattr(claim, name) for name in Claim.__slots__ if name not in ("key", "at")},
                "key": claim.key.hex(),
                "at": claim.at.isoformat(),
            },
        }
        path = where / f"{claim.attempt}{SUFFIX}"
        part = path.with_suffix(".part")
        with private_files.create(part) as file:
            file.write(json.dumps(head).encode() + b"\n")
            file.write(answer.result.audio)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        count += 1
    return count


def replay(context: Context) -> int:
    """Settle what lies in this home's spool; how much of it. What cannot be settled stays."""
    where = folder(context)
    paths = sorted(where.glob(f"*{SUFFIX}")) if where.is_dir() else []
    done = 0
    for start in range(0, len(paths), AT_ONCE):
        batch = paths[start : start + AT_ONCE]
        found = [(path, answer) for path in batch if (answer := _load(path)) is not None]
        while found:
            # one of each text at a time: it may have been paid twice, and both are booked
            distinct = {answer.claim.key: (path, answer) for path, answer in reversed(found)}
            try:
                settled = settlement.settle(context, [answer for _, answer in distinct.values()])
            except SpeekoError as error:
                log.warning("%s (%d paid answers wait in %s)", error, len(paths) - done, where)
                return done
            context.queue.deliver(settled.ready)
            for path, _ in distinct.values():
                path.unlink(missing_ok=True)
            done += len(distinct)
            found = [entry for entry in found if entry not in distinct.values()]
    return done


def _load(path: Path) -> Answer | None:
    """What a file holds; None for one that is not ours to read, which is put aside and stops nobody."""
    try:
        head, _, audio = path.read_bytes().partition(b"\n")
        data = json.loads(head)
        claim = data["claim"]
        claim |= {"key": bytes.fromhex(claim["key"]), "at": datetime.fromisoformat(claim["at"])}
        seconds = data["latency_seconds"]
        return Answer(data["job"], from_json(data["spec"]), Claim(**claim), Speech(audio, seconds), seconds)
    except FileNotFoundError:  # another sweeper was faster
        return None
    except (SpeekoError, ValueError, KeyError, TypeError) as error:
        aside = path.with_suffix(".unreadable")
        path.rename(aside)
        log.error("%s cannot be replayed (%s): kept as %s", path, error, aside.name)
        return None
