"""What a fault of an object store means: an error of ours, in words that name neither credentials nor signed URLs."""

from __future__ import annotations

import re

from viewcomfy.core.errors import DiskFull, InvalidName, ServerUnavailable, UnknownFile, ViewComfyError

_STATUS = re.compile(r"status code: (\d{3})")
_S3_CODE = re.compile(r"<Code>(\w{3,60})</Code>")
_FULL = frozenset({"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "QuotaExceededException", "StorageQuotaExceeded"})
_NAMES = frozenset({"KeyTooLongError", "ExistingObjectIsFile", "ExistingObjectIsDirectory"})
_DENIED = ("PermissionDeniedError", "UnauthenticatedError")
_RETRY_AFTER = 10.0


def cloud_fault(fault: Exception, where: str, key: str, *, reading: bool) -> ViewComfyError:
    """Return the error to raise; `where` is the bucket as it may be shown, `reading` tells that the key must be there."""
    text = str(fault)
    status = int(found[1]) if (found := _STATUS.search(text)) else 0
    code = found[1] if (found := _S3_CODE.search(text)) else ""
    if isinstance(fault, FileNotFoundError) and reading and code != "NoSuchBucket":
        return unknown_file(key)
    if status == 507 or code in _FULL:
        return DiskFull(f"No space is left for files in {where}.", hint="Make room there, or raise its quota, then try again.")
    if code in _NAMES:
        return InvalidName(f"{key[:80]!r} can't be the key of a file: it is too long, or in the way of another.")
    return _unavailable(fault, where, status, code)


def unknown_file(key: str) -> UnknownFile:
    """Return the error for a key that nothing lies under."""
    return UnknownFile(f"The file {key[:200]!r} is no longer there.", details={"file": key[:200]})


def _unavailable(fault: Exception, where: str, status: int, code: str) -> ServerUnavailable:
    kind = type(fault).__name__
    if code == "NoSuchBucket" or isinstance(fault, FileNotFoundError):
        return ServerUnavailable(f"There is no bucket at {where}.", hint="Make it, or correct VIEWCOMFY_FILES.", retry_after=_RETRY_AFTER)
    if kind in _DENIED or status in (401, 403):
        hint = "Check the credentials, what they are allowed to do, and this machine's clock."
        return ServerUnavailable(f"{where} refuses us{_named(status, code)}.", hint=hint, retry_after=_RETRY_AFTER)
    if "credential" in str(fault).lower() or "169.254.169.254" in str(fault):
        return ServerUnavailable(f"There are no credentials for {where}.", hint="docs/files.md says where they may come from.")
    if not status:
        hint = "Check the endpoint and the network; what was asked for can be asked for again."
        return ServerUnavailable(f"{where} does not answer.", hint=hint, retry_after=_RETRY_AFTER)
    return ServerUnavailable(f"{where} could not do what it was asked{_named(status, code)}.", retry_after=_RETRY_AFTER)


def _named(status: int, code: str) -> str:
    named = " ".join(filter(None, (str(status) if status else "", code)))
    return f" ({named})" if named else ""
