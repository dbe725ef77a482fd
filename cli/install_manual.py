"""Install the man page with the wheel: a command of the build, named in pyproject.toml.

Imported by the build alone: setuptools is there and no dependency of ours but click.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path

from setuptools.command.build_py import build_py  # noqa: F401  (setuptools before distutils)

from distutils.command.install_data import install_data  # isort: skip

ROOT = Path(__file__).parent.parent
FOLDER = "share/man/man1"


def manual_page(package_dir: Mapping[str, str]) -> str:
    """Return the page, from packages in the folders that `package_dir` names."""
    sys.dont_write_bytecode = True
    for name, folder in package_dir.items():
        init = ROOT / folder / "__init__.py"
        spec = importlib.util.spec_from_file_location(
            name, init, submodule_search_locations=[str(init.parent)]
        )
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return str(importlib.import_module("speeko_cli.manual_page").page())


class InstallManual(install_data):
    """Write speeko.1 where data files go."""

    def run(self) -> None:
        """Install the data files and the page."""
        super().run()
        path = Path(self.install_dir) / FOLDER / "speeko.1"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(manual_page(self.distribution.package_dir or {}), "utf-8")
        self.outfiles.append(str(path))
