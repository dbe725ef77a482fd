"""Decide whether an output is one ZIP file, and where its files are staged.

The files of such an output are delivered to a folder in the audio store, which every worker reaches; the
finalizer packs them. A later run finds there what has not changed.
"""

from __future__ import annotations

import hashlib
import re

ENDING = ".zip"
STAGING_FOLDER = "zips"  # in the audio store, beside its folders for audio and jobs
RECORD = ".speeko-archive.json"  # in the staging folder: the sizes of the archives that were written
_STEM_CHARS = 60


def is_archive(output: str) -> bool:
    """Return whether an output names a ZIP file: the path of a file, or of an object in a bucket."""
    path = output.partition("://")[2].partition("?")[0] if "://" in output else f"/{output}"
    _, slash, name = path.rpartition("/")  # without a slash it is the name of a bucket
    return bool(slash) and name.lower().endswith(ENDING) and len(name) > len(ENDING)


def split(output: str) -> tuple[str, str]:
    """Return the place that holds the archive, as a URL or folder, and the archive's name there."""
    path, mark, query = output.partition("?") if "://" in output else (output, "", "")
    folder, slash, name = path.rpartition("/")
    return (folder or slash or ".") + mark + query, name


def staging_url(store: str, location: str) -> str:
    """Return where the files of the archive at `location` are staged in the audio store at `store`.

    Archives of the same name in different places have different folders.
    """
    stem = location.rstrip("/").rpartition("/")[2][: -len(ENDING)]
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:_STEM_CHARS]
    digest = hashlib.sha256(location.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    folder = f"{STAGING_FOLDER}/{readable}-{digest}" if readable else f"{STAGING_FOLDER}/{digest}"
    path, mark, query = store.partition("?") if "://" in store else (store, "", "")
    return f"{path.rstrip('/')}/{folder}{mark}{query}"
