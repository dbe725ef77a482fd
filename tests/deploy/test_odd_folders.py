"""Installed or cloned wherever people put things: closed, read-only, odd and long folders, links."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.deploy.installed import ROOT, Installed, call, plain_environ

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="others run the servers as themselves")
ODD = ("with space", 'it\'s "quoted" & $HOME', "Ñandú カタログ", "n" * 200, "-dash", "100%")
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'


def catalog(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "catalog.csv"
    path.write_text("id,text\na,Good morning.\nb,Good night.\n")
    return path


def check(done: subprocess.CompletedProcess[str], output: Path) -> None:
    assert done.returncode == 0, done.stderr
    assert {"a.mp3", "b.mp3", "manifest.csv", "report.html"} <= {path.name for path in output.iterdir()}


@NEEDS_ROOT
@pytest.mark.timeout(900)
def test_root_below_a_closed_folder(installed: Installed, tmp_path: Path) -> None:
    """The programs and the home are below folders of mode 0700, as in /root."""
    assert stat.S_IMODE(installed.folder.stat().st_mode) == 0o700
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    done = installed.speeko(
        "run", catalog(closed), "--output", closed / "out", SPEEKO_HOME=str(closed / "home")
    )
    check(done, closed / "out")
    assert stat.S_IMODE(closed.stat().st_mode) == stat.S_IMODE(installed.folder.stat().st_mode) == 0o700


@NEEDS_ROOT
@pytest.mark.timeout(900)
def test_root_below_somebody_elses_closed_home(installed: Installed, tmp_path: Path) -> None:
    closed = tmp_path / "alice"
    catalog(closed / "clone")
    os.chown(closed, 4242, 4242)
    closed.chmod(0o700)
    where = closed / "clone"
    done = installed.speeko(
        "run", "catalog.csv", "--output", "out", cwd=where, SPEEKO_HOME=str(where / "home")
    )
    check(done, where / "out")


@NEEDS_ROOT
@pytest.mark.timeout(900)
def test_where_root_may_not_pass_on_its_way_in_it_says_so_in_one_line(
    installed: Installed, tmp_path: Path
) -> None:
    """A container without CAP_SETPCAP: the folder, the reason and what to do."""
    setpriv = shutil.which("setpriv")
    assert setpriv, "util-linux has setpriv"
    done = installed.speeko(
        "run",
        catalog(tmp_path),
        before=[setpriv, "--bounding-set=-setpcap"],
        SPEEKO_HOME=str(tmp_path / "home"),
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("speeko: "))
    assert f"may not enter {installed.folder}" in line
    assert "SPEEKO_DATABASE_URL" in line


@pytest.mark.timeout(900)
def test_a_read_only_installation(installed: Installed, tmp_path: Path) -> None:
    """Nothing is written where the programs are."""
    environ = {"SPEEKO_HOME": str(tmp_path / "home")}
    words = ("run", catalog(tmp_path), "--output", tmp_path / "out")
    if os.geteuid() == 0:  # root writes anywhere but to what is mounted read-only
        before = ["unshare", "--mount", "sh", "-c", READ_ONLY, str(installed.folder)]
        done = installed.speeko(*words, cwd=tmp_path, before=before, **environ)
    else:
        call("chmod", "-R", "a-w", installed.folder, cwd=tmp_path)
        done = installed.speeko(*words, cwd=tmp_path, **environ)
        call("chmod", "-R", "u+w", installed.folder, cwd=tmp_path)
    check(done, tmp_path / "out")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ODD, ids=["space", "quotes", "script", "long", "dash", "percent"])
def test_a_catalog_a_home_and_an_output_in_odd_folders(
    installed: Installed, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / name
    catalog(folder)
    done = installed.speeko("run", "catalog.csv", "--output", "out", "--home", "home", cwd=folder)
    check(done, folder / "out")


@pytest.mark.timeout(900)
def test_links_to_folders_are_followed(installed: Installed, tmp_path: Path) -> None:
    catalog(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    link = tmp_path / "link"
    done = installed.speeko("run", link / "catalog.csv", "--output", link / "out", "--home", link / "home")
    check(done, tmp_path / "real" / "out")


@pytest.mark.timeout(1200)
def test_a_clone_in_an_odd_folder_is_made_and_runs(tmp_path: Path) -> None:
    """`make venv`, then a verb: below spaces, quotes, other scripts, and deeper than a #! line may be."""
    clone = tmp_path / "it's a Ñandú" / ("d" * 120)
    clone.mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone / name)
    for name in ("speeko_jobs", "workers", "cli"):
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    (clone / ".tools").symlink_to(ROOT / ".tools")  # uv: an installation of it would only take long
    call("make", "-s", "venv", cwd=clone)
    call(clone / ".venv" / "bin" / "speeko", "--version", cwd=clone)
    done = subprocess.run(
        ["make", "-s", "demo"], cwd=clone, env=plain_environ(), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert (clone / "demo-output" / "audio" / "lamp-en.mp3").exists()
