"""What a contributor meets: CI, hooks and forms do what their pages say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.compose import DEPLOY

ROOT = DEPLOY.parent
GITHUB = ROOT / ".github"
SCHEMAS = {
    "workflows/ci.yml": "vendor.github-workflows",
    "ISSUE_TEMPLATE/bug.yml": "vendor.github-issue-forms",
    "ISSUE_TEMPLATE/feature.yml": "vendor.github-issue-forms",
    "ISSUE_TEMPLATE/config.yml": "vendor.github-issue-config",
}
PAGES = [
    *("README.md", "CHANGELOG.md", "speeko_jobs/ARCHITECTURE.md"),
    *(f".github/{name}" for name in ("CONTRIBUTING.md", "SECURITY.md", "PULL_REQUEST_TEMPLATE.md")),
    *(str(page.relative_to(ROOT)) for page in sorted(DEPLOY.rglob("*.md"))),
]
RECORDS = sorted(path for path in (DEPLOY / "decisions").glob("*.md") if path.name[:4].isdigit())
SECTIONS = ["Context", "Decision", "Consequences"]


def _read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_github_can_read_it(name: str) -> None:
    tool = str(Path(sys.executable).with_name("check-jsonschema"))
    words = ["--builtin-schema", SCHEMAS[name], str(GITHUB / name)]
    done = subprocess.run([tool, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_ci_runs_what_must_pass_on_the_oldest_python() -> None:
    (job,) = _read(".github/workflows/ci.yml")["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    (python,) = (s["with"]["python-version"] for s in job["steps"] if "python-version" in s.get("with", {}))
    assert f'requires-python = ">={python}"' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_ci_holds_no_secret_and_may_only_read() -> None:
    text = (GITHUB / "workflows" / "ci.yml").read_text("utf-8")
    assert "secrets." not in text
    assert _read(".github/workflows/ci.yml")["permissions"] == {"contents": "read"}


def test_hooks_run_what_make_check_runs() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    found = re.search(r"^check:.*\n((?:\t.+\n)+)", makefile, re.M)
    assert found is not None
    recipe = [line.strip().replace("$(BIN)", ".venv/bin") for line in found.group(1).splitlines()]
    (local,) = _read(".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    # a hook starts no shell: variables of its own are set by env(1)
    assert [hook["entry"].removeprefix("env ") for hook in local["hooks"]] == recipe
    assert all(hook["language"] == "system" for hook in local["hooks"])
    assert not any(hook["pass_filenames"] for hook in local["hooks"])


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    here = (ROOT / page).parent
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", (ROOT / page).read_text("utf-8")):
        if "://" not in target:
            there = here / target if target else ROOT / page
            assert there.exists(), f"{page} links to {target}"
            assert not anchor or anchor in _anchors(there), f"{page} links to {target}#{anchor}"


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_records_are_numbered_and_have_their_sections() -> None:
    numbers = [int(path.name[:4]) for path in RECORDS]
    assert numbers == sorted(set(numbers))  # each once; changes under way may have reserved those between
    for path in RECORDS:
        text = path.read_text("utf-8")
        assert text.startswith(f"# {path.name[:4]}. "), path.name
        assert re.findall(r"^## (.+)$", text, re.M) == SECTIONS, path.name


def test_the_index_lists_every_record_by_its_title() -> None:
    index = (DEPLOY / "decisions" / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| (\d{4}) \| \[(.+)\]\((.+)\) \|$", index, re.M)
    heads = (path.read_text("utf-8").partition("\n")[0] for path in RECORDS)
    titles = [head.removeprefix("# ").partition(". ")[2] for head in heads]
    assert listed == [(p.name[:4], title, p.name) for p, title in zip(RECORDS, titles, strict=True)]


def test_the_fault_matrix_names_tests_that_exist() -> None:
    lines = (DEPLOY / "decisions" / "fault-matrix.md").read_text("utf-8").splitlines()
    rows = [re.split(r" \| ", line.strip("| ")) for line in lines if re.match(r"\| \d+ ", line)]
    assert [int(row[0]) for row in rows] == list(range(1, len(rows) + 1))
    lost = []
    for number, _, shown in rows:
        source, found = "", 0
        for path, name in re.findall(r"([\w/]+\.py)|\b(test_\w+)", shown):
            found += 1
            if path:
                there = ROOT / "tests" / path
                source = there.read_text("utf-8") if there.is_file() else ""
            if not source or (name and f"def {name}(" not in source):
                lost.append((number, path or name))
        if not found:
            lost.append((number, shown))
    assert lost == []


def test_every_package_is_installed_under_a_name_of_ours() -> None:
    """setuptools takes the list as it is: a room that is missing there is missing in the wheel."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    folders: dict[str, str] = tool["package-dir"]
    assert all(name.startswith("speeko_") for name in folders)
    found = {
        ".".join([name, *init.parent.relative_to(ROOT / folder).parts])
        for name, folder in folders.items()
        for init in (ROOT / folder).rglob("__init__.py")
    }
    assert sorted(tool["packages"]) == sorted(found)


def test_tools_that_read_folders_see_the_installed_names() -> None:
    folders = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-dir"]
    renamed = {name: ROOT / folder for name, folder in folders.items() if name != folder}
    assert {path.name: path.resolve() for path in (ROOT / ".names").iterdir()} == renamed
