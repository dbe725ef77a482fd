"""Redis as people run it: Cluster, Sentinel, replicas, passwords, rights, full; and Valkey's URLs."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Protocol

import pytest
import redis

from speeko_jobs.adapters.redis import redis_fitness
from speeko_jobs.adapters.redis.server import RedisServer
from speeko_jobs.errors import ConfigError, ServerError
from speeko_jobs.flow.reporting import doctor_checks
from speeko_jobs.settings import Settings
from tests.fixtures.cluster import RedisProcess
from tests.fixtures.metered import MeteredProvider

CATALOG = [("a", "A text.")]


class MakeRedis(Protocol):
    def __call__(self, name: str, *options: str) -> RedisProcess: ...


@pytest.fixture(scope="module")
def make_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeRedis]:
    with ExitStack() as made:

        def make(name: str, *options: str) -> RedisProcess:
            process = RedisProcess(tmp_path_factory.mktemp(name), *options, name=name)
            made.callback(process.teardown)
            assert process.ready()
            return process

        yield make


def cluster_port() -> int:
    """A port that is free, as is the one 10,000 above it, where the nodes of a cluster meet."""
    for port in range(21_000, 30_000):
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


@pytest.fixture(scope="module")
def cluster(make_redis: MakeRedis) -> RedisProcess:
    return make_redis("cluster", "--cluster-enabled", "yes", "--port", str(cluster_port()))


@pytest.fixture(scope="module")
def sentinel(make_redis: MakeRedis, tmp_path_factory: pytest.TempPathFactory) -> RedisProcess:
    settings = tmp_path_factory.mktemp("conf") / "sentinel.conf"
    settings.write_text("")
    return make_redis("sentinel", str(settings), "--sentinel")


@pytest.fixture(scope="module")
def replica(make_redis: MakeRedis) -> RedisProcess:
    return make_redis("replica", "--replicaof", "127.0.0.1", "1")


@pytest.fixture
def plain(make_redis: MakeRedis) -> Iterator[RedisProcess]:
    """A server that a test may set up; as before when the test ends."""
    process = make_redis("plain")
    yield process
    process.kill()


def doctor(here: Any) -> list[dict[str, Any]]:
    code, out, _ = here("doctor", "--json")
    assert code == 1
    found: list[dict[str, Any]] = json.loads(out)["checks"]
    return found


@pytest.mark.parametrize("kind", ["cluster", "sentinel", "replica"])
def test_what_is_no_single_primary_is_refused_by_every_command_in_one_line(
    kind: str, request: pytest.FixtureRequest, here: Any, cli: Any, migrated_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    words = {"cluster": "is part of a Redis Cluster, which speeko does not support: give the URL of a single",
             "sentinel": "is a Sentinel, which speeko does not support: give the URL of the primary itself",
             "replica": "is a read-only replica: give the URL of the primary"}[kind]  # fmt: skip
    server: RedisProcess = request.getfixturevalue(kind)
    monkeypatch.setenv("SPEEKO_DATABASE_URL", migrated_url)
    monkeypatch.setenv("SPEEKO_REDIS_URL", server.url)
    catalog = str(cli.catalog(CATALOG))
    for verb in (("submit", catalog), ("worker",), ("status",)):
        code, _, err = here(*verb)
        assert (code, len(err.splitlines())) == (1, 1), err
        assert words in err
    checks = {one["name"]: one for one in doctor(here)}
    assert words in checks["redis"]["message"]
    assert checks["redis"]["level"] == "error"


@pytest.mark.parametrize("words", [("worker", "--concurrency", "1"), ("beat", "--schedule", "beat")])
def test_celery_itself_ends_at_once_on_a_cluster(
    cluster: RedisProcess, tmp_path: Path, words: tuple[str, ...]
) -> None:
    urls = {"SPEEKO_DATABASE_URL": "postgresql://u@127.0.0.1:1/x", "SPEEKO_REDIS_URL": cluster.url}
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "speeko_workers.app", *words],
        env=os.environ | urls, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "is part of a Redis Cluster" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_broker_that_is_a_cluster_is_refused_too(
    cluster: RedisProcess, here: Any, migrated_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEEKO_DATABASE_URL", migrated_url)
    monkeypatch.setenv("SPEEKO_REDIS_URL", redis_url)
    monkeypatch.setenv("SPEEKO_BROKER_URL", cluster.url)
    code, _, err = here("status")
    assert code == 1
    assert "is part of a Redis Cluster" in err
    checks = {one["name"]: one["level"] for one in doctor(here)}
    assert (checks["redis"], checks["broker"]) == ("ok", "error")


def check(url: str) -> None:
    with closing(RedisServer(url)) as server:
        server.facts()


def test_a_password_that_lacks_or_is_wrong_says_so(plain: RedisProcess) -> None:
    with plain.client as client:
        client.config_set("requirepass", "right-password")
    for url in (plain.url, plain.url.replace("unix://", "unix://:wrong-password@")):
        with pytest.raises(ServerError, match="needs another user or password") as found:
            check(url)
        assert "wrong-password" not in str(found.value)
    check(plain.url.replace("unix://", "unix://:right-password@"))


def test_a_full_server_says_so(plain: RedisProcess) -> None:
    with plain.client as client:
        client.config_set("maxmemory", "1")
    with pytest.raises(ServerError, match="is out of memory: raise its maxmemory"):
        check(plain.url)


def test_a_user_with_few_rights_is_told(plain: RedisProcess) -> None:
    with plain.client as client:
        client.execute_command("ACL", "SETUSER", "few", "on", ">a-password", "~*", "+ping", "+info", "+time")
    with pytest.raises(ServerError, match="denies a command to this user: allow it"):
        check(plain.url.replace("unix://", "unix://few:a-password@"))


def test_a_policy_that_drops_messages_is_a_warning(plain: RedisProcess) -> None:
    with plain.client as client:
        client.config_set("maxmemory", "100mb")
    for policy, warns in (("noeviction", False), ("volatile-lru", False), ("allkeys-lru", True)):
        with plain.client as client:
            client.config_set("maxmemory-policy", policy)
        found = doctor_checks.redis_at(plain.url)
        assert found.is_warning is warns
        assert (f"maxmemory-policy {policy} deletes queued messages" in found.text) is warns


def test_a_number_beyond_its_databases_is_told(plain: RedisProcess) -> None:
    with pytest.raises(ServerError, match="has no database of this number: give a lower one"):
        check(plain.url.replace("db=0", "db=99"))


def test_what_speaks_another_protocol_is_told(metered: MeteredProvider) -> None:
    with pytest.raises(ServerError, match=r"Redis (is no Redis|does not answer)"):
        check(metered.url.replace("http://", "redis://"))


def test_an_old_version_is_refused(plain: RedisProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_fitness, "MIN_VERSION", (99, 0))
    with pytest.raises(ServerError, match=r"Redis 6\.2\.\d+ is too old: speeko needs 99\.0 or later"):
        check(plain.url)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (redis.BusyLoadingError("Redis is loading the dataset in memory"), "is loading its data: try again"),
        (redis.ResponseError("MISCONF Redis is configured to save RDB snapshots"), "cannot save to its disk"),
        (redis.ConnectionError("max number of clients reached"), "has no connection left"),
        (redis.ConnectionError("Error 111 connecting. Connection refused."), "does not answer"),
    ],
)
def test_states_that_pass_are_told(said: redis.RedisError, told: str) -> None:
    assert told in str(redis_fitness.explained(said))


@pytest.mark.parametrize(
    "url", ["redis://h:port/0", "http://h", "redis://h?bogus=1", "redis://h?db=x", "h:6379"]
)
def test_a_url_that_is_wrong_is_told_in_one_line(url: str) -> None:
    with pytest.raises(ConfigError, match="SPEEKO_REDIS_URL is not a Redis URL such as redis://"):
        RedisServer(url)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("valkey://h:6379/1", "redis://h:6379/1"),
        ("valkeys://:p@h:6379/1", "rediss://:p@h:6379/1"),
        ("REDIS://h", "redis://h"),
        ("unix:///run/redis.sock?db=0", "unix:///run/redis.sock?db=0"),
        ("", ""),
    ],
)
def test_the_schemes_of_valkey_are_those_of_redis(given: str, used: str) -> None:
    settings = Settings(redis_url=given, broker_url=given)
    assert (settings.redis_url, settings.broker_url) == (used, used)


def test_a_valkey_url_serves_commands(
    here: Any, cli: Any, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = RedisProcess(tmp_path, "--port", str(port))
    try:
        assert server.ready()
        monkeypatch.setenv("SPEEKO_DATABASE_URL", migrated_url)
        monkeypatch.setenv("SPEEKO_REDIS_URL", f"valkey://127.0.0.1:{port}/0")
        assert here("submit", str(cli.catalog(CATALOG)), "--provider", "espeak")[0] == 0
        assert {one["level"] for one in doctor(here) if one["name"] == "redis"} == {"ok"}
        with server.client as client:
            assert client.llen("speeko:synthesize") == 1
    finally:
        server.teardown()
