"""Look up which names in a folder are taken, by files, folders or symbolic links.

A submitted catalog asks for each new name before anything is bought, most often in a folder that is new and
nearly empty. A failed `lstat` costs 1.5 microseconds, so a folder with few names is listed instead.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import islice

from speeko_jobs.adapters.audio_store.store_errors import folder_error
from speeko_jobs.core.catalog import file_names

MIN_PATHS = 256  # fewer are looked up one by one
MAX_LISTED = 1_000  # names in the root, beyond which each path is looked up


def taken(root: str, url: str, paths: Sequence[str]) -> list[bool]:
    """Return for each path whether anything at all has it. Raises StoreError where the folder refuses."""
    first = _first_names(root) if len(paths) >= MIN_PATHS else None
    if first is None:
        return [_is_taken(root, url, path) for path in paths]
    fold = file_names.fold
    return [fold(path.partition("/")[0]) in first and _is_taken(root, url, path) for path in paths]


def _first_names(root: str) -> frozenset[str] | None:
    """Return the names in the root, folded because a file system may be blind to case; None: too many, or the
    root cannot be listed."""
    try:
        with os.scandir(root) as entries:
            names = [file_names.fold(entry.name) for entry in islice(entries, MAX_LISTED + 1)]
    except FileNotFoundError:
        return frozenset()
    except OSError:
        return None
    return frozenset(names) if len(names) <= MAX_LISTED else None


def _is_taken(root: str, url: str, path: str) -> bool:
    try:
        os.lstat(f"{root}/{path}")
    except FileNotFoundError:
        return False
    except NotADirectoryError:  # a file has the name of one of its folders
        return os.path.isdir(root)  # noqa: PTH112
    except OSError as error:
        raise folder_error(url, path, error) from error
    return True
