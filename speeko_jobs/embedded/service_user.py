"""Whom the embedded servers run as.

As root, Postgres refuses to run. Servers then run as an unprivileged user: "speeko" if the system has one,
else "nobody".
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from speeko_jobs.errors import ServerError

SERVICE_USERS = ("speeko", "nobody", "daemon")


@dataclass(frozen=True)
class ServiceUser:
    """Whom the servers run as. `switch`: it is another user than ours (we are root)."""

    uid: int
    gid: int
    switch: bool


def service_user(data: Iterable[Path]) -> ServiceUser:
    """Return our own user; where we are root the owner of the data folders, or at first an unprivileged user.

    Raises ServerError where the system has none.
    """
    if os.geteuid() != 0:
        return ServiceUser(os.geteuid(), os.getegid(), switch=False)
    for path in data:
        if path.is_dir() and (owner := path.stat()).st_uid != 0:
            return ServiceUser(owner.st_uid, owner.st_gid, switch=True)
    for name in SERVICE_USERS:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return ServiceUser(entry.pw_uid, entry.pw_gid, switch=True)
    raise ServerError(
        "Postgres does not run as root, and there is no user 'nobody' here to run it as: "
        "add a user 'speeko' or set SPEEKO_DATABASE_URL and SPEEKO_REDIS_URL"
    )
