"""What stores refuse, in one line a person can act on; and which names they are given at all."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Sequence

from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.errors import StoreError

OCCUPIED = -1  # in place of a size: something that is not to be replaced has the name
STAGING = ".speeko-tmp"  # holds what is being written to a folder; gone when nothing is


class StoreFull(StoreError):
    """The disk, the quota or the bucket takes no more."""


class MissingObject(StoreError):
    """Objects that were asked for are not in the store, although the store itself answers.

    `paths` are the missing ones, each once. After `Store.place`, `sizes` has one entry a pair: the bytes
    of what was placed, None where the source was missing. Empty otherwise.
    """

    def __init__(self, url: str, paths: Sequence[str], sizes: Sequence[int | None] = ()) -> None:
        more = f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""
        super().__init__(printable(f"{url}: {paths[0]}{more} is not in the store"), url)
        self.paths = list(paths)
        self.sizes = list(sizes)


RUN_AGAIN = "then run it again"  # how a message ends that a command prints
_REASONS = {
    errno.ENOSPC: f"no space left on the disk: free some, {RUN_AGAIN}",
    errno.EDQUOT: f"the disk quota is used up: free some, {RUN_AGAIN}",
    errno.EFBIG: "the file would be larger than the process may write (ulimit -f)",
    errno.EACCES: "permission denied: give this user the right to write and read there",
    errno.EPERM: "permission denied: give this user the right to write and read there",
    errno.EROFS: "the disk is read-only",
    errno.ENOTDIR: "a file or a symbolic link stands where a folder should be",
    errno.ELOOP: "it is a symbolic link, and links out of the store are not followed",
    errno.EISDIR: "a folder stands where a file should be",
    errno.ENOENT: "the folder does not exist: is its disk mounted?",
    errno.ENAMETOOLONG: "the name is too long for the disk",
    errno.EMFILE: "too many open files (ulimit -n)",
    errno.EIO: "the disk fails (input/output error)",
}


def folder_error(url: str, path: str, error: OSError) -> StoreError:
    """The OSError of a folder as one line."""
    number = error.errno or 0
    reason = _REASONS.get(number) or os.strerror(number)
    kind = StoreFull if number in (errno.ENOSPC, errno.EDQUOT) else StoreError
    return kind(printable(": ".join(filter(None, (url, path, reason)))), url)


_VENDORS = {"s3": "AWS", "gs": "GOOGLE", "az": "AZURE"}
_CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS (the path of a service account's key)",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY (or AZURE_STORAGE_SAS_KEY)",
}


def _scheme(url: str) -> str:
    """Return the scheme of a bucket's URL; s3 for any other."""
    scheme = url.partition("://")[0]
    return scheme if scheme in _VENDORS else "s3"


def object_error(url: str, path: str, error: Exception) -> StoreError:
    """The error of an object store as one line: no request address (it may be signed), no debug dump."""
    text = str(error).split("\n\nDebug source", 1)[0]
    code = re.search(r"<Code>(\w+)</Code>", text)
    status = re.search(r"status code: (\d{3})", text)
    known = code.group(1) if code else f"HTTP {status.group(1)}" if status else ""
    kind = StoreFull if known in ("QuotaExceeded", "XMinioStorageFull", "HTTP 507") else StoreError
    if kind is StoreFull:
        reason = f"no space left ({known})"
    elif known in ("NoSuchBucket", "ContainerNotFound"):
        reason = "there is no such bucket: create it, or correct the URL"
    elif "169.254.169.254" in text or "metadata.google" in text or "metadata endpoint" in text:
        reason = f"no credentials were found: set {_CREDENTIALS[_scheme(url)]}"
    elif "builder error" in text:
        vendor = _VENDORS[_scheme(url)]
        reason = f"the endpoint is plain http: set {vendor}_ALLOW_HTTP=true (or allow_http=true in the URL)"
    elif known in ("AccessDenied", "HTTP 401", "HTTP 403") or "PermissionDenied" in type(error).__name__:
        given = _CREDENTIALS[_scheme(url)]
        reason = f"permission denied ({known}): check the credentials ({given}) and the bucket's policy"
    elif known:
        reason = f"the store refuses ({known})"
    elif "error sending request" in text or "timed out" in text:
        reason = "the store does not answer: check the endpoint and the network"
    else:
        reason = re.sub(r"\S+://\S+", "(address)", text.split("\n", 1)[0])[:200]
    return kind(printable(": ".join(filter(None, (url, path, reason)))), url)


def check_path(url: str, path: str) -> None:
    """Refuse a name that is not relative, "/"-separated and free of "..", whoever made it."""
    try:
        parts = path.encode() and path.split("/")
    except UnicodeEncodeError:
        parts = [""]
    if not parts or "" in parts or "." in parts or ".." in parts or "\0" in path or parts[0] == STAGING:
        raise StoreError(printable(f"{url}: {path!r} is not a valid object name"), url)
