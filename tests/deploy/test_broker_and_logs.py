"""What a deployment sets besides servers: another broker, and where workers log to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from speeko_jobs.errors import ConfigError
from speeko_jobs.settings import Settings
from speeko_workers.supervisor import Supervisor
from tests.cli.conftest import Here
from tests.fixtures.ports import held_port, number


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port at which nobody listens."""
    with closing(held_port()) as held:
        yield number(held)


def test_the_doctor_asks_the_broker(
    here: Here, migrated_url: str, redis_url: str, nobody: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEEKO_DATABASE_URL", migrated_url)
    monkeypatch.setenv("SPEEKO_REDIS_URL", redis_url)
    monkeypatch.setenv("SPEEKO_BROKER_URL", f"amqp://user:canary@127.0.0.1:{nobody}/jobs")
    code, out, err = here("doctor", "--json")
    assert code == 1
    assert '"broker"' in out
    assert "the broker does not answer" in out
    assert "canary" not in out + err


def test_a_broker_of_another_kind_is_refused_in_one_line(
    here: Here, migrated_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEEKO_DATABASE_URL", migrated_url)
    monkeypatch.setenv("SPEEKO_REDIS_URL", redis_url)
    monkeypatch.setenv("SPEEKO_BROKER_URL", "sqs://user:canary@host")
    code, out, err = here("jobs")
    assert code == 1
    assert "no broker is known at sqs://" in err
    assert "canary" not in out + err
    assert len(err.splitlines()) == 1


def test_the_broker_is_redis_unless_another_is_named() -> None:
    assert Settings(redis_url="redis://host/0").queue_url == "redis://host/0"
    assert Settings(redis_url="redis://host/0", broker_url="amqp://host/jobs").queue_url == "amqp://host/jobs"


def test_logs_go_to_files_or_stderr_and_nowhere_else() -> None:
    with pytest.raises(ConfigError, match="logs is one of files, stderr, not 'nowhere'"):
        Supervisor(Settings(redis_url="redis://host/0", logs="nowhere"), [])
