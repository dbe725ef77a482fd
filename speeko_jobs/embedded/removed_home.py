"""End the servers of a home that was removed: its locks are gone with it, so processes are remembered."""

from __future__ import annotations

from pathlib import Path

from speeko_jobs.embedded import data_dirs, postgres, redis, server_process
from speeko_jobs.embedded.servers import running
from speeko_jobs.embedded.service_user import service_user


class RunningServers:
    """The servers of a home as they were seen last, so that they can be ended when the home was removed."""

    def __init__(self, home: Path) -> None:
        self._folders = data_dirs.at(home)
        self._seen: list[tuple[server_process.Server, int]] = []
        self._sockets: Path | None = None

    def look(self) -> None:
        """Note which servers run."""
        found = running(self._folders.home)
        if [pid for _, pid in self._seen] != list(found.values()):
            self._note(found)

    def _note(self, found: dict[str, int]) -> None:
        who, self._sockets = service_user(self._folders.data), self._folders.sockets
        kinds = {"postgres": postgres.server, "redis": redis.server}
        self._seen = [(kinds[n](self._folders, who, self._sockets), pid) for n, pid in found.items()]

    def kill(self) -> None:
        """Kill the servers that were seen last, and remove their sockets from the temporary folder."""
        if not self._seen:  # the home went before the first look: they are found by their command lines
            self._note({"postgres": 0, "redis": 0})
        for server, pid in self._seen:
            server_process.kill(server, pid)
        if self._sockets is not None and self._folders.home not in self._sockets.parents:
            data_dirs.remove_temporary(self._sockets)
