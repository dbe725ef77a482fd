"""Two terminals with two keys: no command buys on the account of the other's worker without a word."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.fixtures.metered import MeteredProvider
from tests.wait import wait_until

ROWS = [(f"r{n}", f"This is the row with the number {n}.") for n in range(6)]
KEY_A, KEY_B = "sk-key-of-terminal-a", "sk-key-of-terminal-b"
SPEEKO = ("--provider", "speeko")


def provider(folder: Path, key: str) -> MeteredProvider:
    folder.mkdir()
    made = MeteredProvider(folder, fsync=False)
    made.stop()
    made.api_key = key
    made.start()
    return made


@pytest.fixture
def a(tmp_path: Path) -> Iterator[MeteredProvider]:
    made = provider(tmp_path / "a", KEY_A)
    yield made
    made.stop()


@pytest.fixture
def b(tmp_path: Path) -> Iterator[MeteredProvider]:
    made = provider(tmp_path / "b", KEY_B)
    yield made
    made.stop()


def own(of: MeteredProvider) -> dict[str, str]:
    return {"SPEEKO_API_URL": of.url, "SPEEKO_API_KEY": of.api_key}


def named(of: MeteredProvider, name: str = "SHOP") -> dict[str, str]:
    return {
        f"SPEEKO_ACCOUNT_{name}_URL": of.url,
        f"SPEEKO_ACCOUNT_{name}_KEY": of.api_key,
        f"SPEEKO_ACCOUNT_{name}_PROVIDER": "speeko",
    }


@pytest.fixture
def up(cli: Any, a: MeteredProvider) -> Iterator[Any]:
    """`speeko up` in a terminal with the key and URL of A; it ends with its servers."""
    cli.environ |= own(a)
    process = cli.start("up", "--workers", "1")
    assert "ready" in process.stderr.readline()
    for name in own(a):
        del cli.environ[name]
    yield process
    process.terminate()
    process.wait(60)


def test_no_command_buys_on_another_terminals_account(
    cli: Any, here: Any, up: Any, a: MeteredProvider, b: MeteredProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = cli.catalog(ROWS)
    paused = cli.json("submit", catalog, *SPEEKO, "--output", "paused", "--budget", "0.000001", "--partial")[
        "job"
    ]
    wait_until(lambda: here.json("status", str(paused))["state"] == "paused", "the budget to end")
    for name, value in own(b).items():
        monkeypatch.setenv(name, value)
    cron = ("--cron", "0 2 * * *")
    for words in (
        ("run", catalog, *SPEEKO),
        ("submit", catalog, *SPEEKO),
        ("say", "Good morning", "--out", "morning.mp3", *SPEEKO),
        ("cache", "warm", catalog, *SPEEKO),
        ("schedule", "add", "nightly", catalog, *SPEEKO, *cron),
        ("resume", str(paused), "--budget", "1"),
        ("resume", str(paused), "--budget", "1", "--no-wait"),
    ):
        code, out, err = here(*words)
        assert code == 1, (words, out, err)
        assert len(err.strip().splitlines()) == 1, err
        assert re.search(
            rf"account speeko is {a.url} \(key [0-9a-f]{{8}}\) at the worker on \S+ \(pid {up.pid}\)", err
        )
        assert f"and {b.url} (key " in err
        assert "--account NAME" in err
        assert not {KEY_A, KEY_B} & set(re.findall(r"[\w-]+", out + err))
    assert (a.calls, b.calls) == (0, 0)
    assert len(here.json("jobs")) == 1
    assert here.json("status", str(paused))["state"] == "paused"
    code, out, _ = here("doctor", *SPEEKO)
    assert code == 1
    assert re.search(r"FAIL  workers   account speeko is ", out)


def test_an_account_with_a_name_of_its_own_buys_beside_the_workers(
    cli: Any, here: Any, up: Any, a: MeteredProvider, b: MeteredProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in named(b).items():
        monkeypatch.setenv(name, value)
        cli.environ[name] = value
    (worker,) = here.json("workers")
    assert (worker["pid"], worker["state"]) == (up.pid, "running")
    assert worker["accounts"]["speeko"]["url"] == a.url
    assert "shop" not in worker["accounts"]
    code, _, err = here(
        "submit", cli.catalog(ROWS[:2], "waits.csv"), "--account", "shop", "--output", "waits"
    )
    assert code == 0, err
    assert "no running worker holds account shop: they hold " in err

    summary = cli.json("run", cli.catalog(ROWS), "--account", "shop", "--output", "out")
    assert (summary["state"], summary["delivered"]) == ("done", len(ROWS))
    assert (a.calls, b.calls) == (0, len(ROWS))  # two of them for the job that waited

    others = cli.catalog([("x", "A text that is bought on the worker's own account.")], "others.csv")
    cli.environ |= own(a)
    done = cli.json("run", others, *SPEEKO, "--output", "others")
    assert done["state"] == "done"
    assert (a.calls, b.calls) == (1, len(ROWS))
    assert {account["name"] for account in here.json("limits")} == {"shop", "speeko"}
    no_keys_are_shown(cli, up)


def no_keys_are_shown(cli: Any, up: Any) -> None:
    """Neither in command lines, nor in logs, nor in what commands say."""
    processes = [psutil.Process(up.pid), *psutil.Process(up.pid).children(recursive=True)]
    said = "\n".join(" ".join(process.cmdline()) for process in processes)
    said += "".join(path.read_text("utf-8", "replace") for path in cli.home.glob("logs/*"))
    for words in (("config",), ("workers",), ("doctor", "--account", "shop"), ("limits",)):
        done = cli(*words)
        said += done.stdout + done.stderr
    assert KEY_A not in said
    assert KEY_B not in said
    assert "shop (speeko)" in said
    assert os.environ.get("SPEEKO_API_KEY") is None
