"""What this process may still take from the system: open files and memory. Raises what it may raise."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

MAX_OPEN_FILES = 65_536  # enough for each use; some programs walk over all numbers up to the limit
UNLIMITED = 1 << 60
_OWN_FILES = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"
_CGROUPS = Path("/sys/fs/cgroup")


def raise_open_files() -> None:
    """Raise the soft limit of open files to the hard one. Children inherit it."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # macOS refuses more than its kernel's own limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def open_missing_streams() -> None:
    """Open the standard streams that were closed before the start, on nothing.

    Otherwise the next file or socket would take their number, and what is printed would go there. A closed
    standard input stays None for Python: a catalog that is read from it is an error.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123


def max_open_files() -> int:
    """Return the soft limit of open files."""
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return UNLIMITED if soft == resource.RLIM_INFINITY else soft


def spare_files() -> int:
    """Return how many more files this process may open: 0 where it cannot even count them."""
    try:
        used = sum(1 for _ in os.scandir(_OWN_FILES)) - 1  # without the one that lists them
    except FileNotFoundError:
        return UNLIMITED  # no such listing on this system
    except OSError:
        return 0
    return max(max_open_files() - used, 0)


def spare_memory_bytes() -> int:
    """Return how much more memory this process may take: by the machine, its cgroup and its own limit."""
    return min(_machine(), _cgroup(), _address_space())


def _machine() -> int:
    found = _fields("/proc/meminfo").get("MemAvailable:")
    return UNLIMITED if found is None else found << 10


def _cgroup() -> int:
    """Room below `memory.max` of this process' cgroups; what the kernel can drop at will counts as room."""
    room = UNLIMITED
    try:
        path = next(line[3:].strip() for line in _lines("/proc/self/cgroup") if line.startswith("0::"))
    except StopIteration:
        return room
    at = _CGROUPS / path.lstrip("/")
    while at.is_relative_to(_CGROUPS):
        most, used = _number(at / "memory.max"), _number(at / "memory.current")
        if most is not None and used is not None:
            held = _fields(str(at / "memory.stat"))
            droppable = held.get("inactive_file", 0) + held.get("active_file", 0)
            room = min(room, max(most - used + droppable, 0))
        at = at.parent
    return room


def _address_space() -> int:
    import resource

    room = UNLIMITED
    for kind, field in ((resource.RLIMIT_AS, 0), (resource.RLIMIT_DATA, 5)):
        soft, _ = resource.getrlimit(kind)
        sizes = next(iter(_lines("/proc/self/statm")), "").split()
        if soft != resource.RLIM_INFINITY and len(sizes) > field:
            room = min(room, max(soft - int(sizes[field]) * resource.getpagesize(), 0))
    return room


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("ascii", "replace").splitlines()
    except OSError:
        return []


def _fields(path: str) -> dict[str, int]:
    """Return the numbers of a file whose lines are a name and a number."""
    parts = [line.split() for line in _lines(path)]
    return {part[0]: int(part[1]) for part in parts if len(part) > 1 and part[1].isdigit()}


def _number(path: Path) -> int | None:
    line = next(iter(_lines(str(path))), "")
    return int(line) if line.isdigit() else None
