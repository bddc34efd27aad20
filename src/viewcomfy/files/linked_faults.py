"""What the refusal of a link means: the error that our own server names, or what an object store's status stands for."""

from __future__ import annotations

import json
from typing import Any

from viewcomfy.core.errors import (
    DiskFull,
    LinkInvalid,
    ServerUnavailable,
    TooLarge,
    UnknownFile,
    ViewComfyError,
    error_for_code,
)

PASSING = (429, 500, 502, 503, 504)
"""Answers after which the same request may work."""
_OF_STATUS: dict[int, type[ViewComfyError]] = {404: UnknownFile, 413: TooLarge, 507: DiskFull, 403: LinkInvalid, 401: LinkInvalid}


def link_fault(status: int, body: bytes, key: str) -> ViewComfyError:
    """Return the error for an answer that is none; what a store says is not repeated, it may quote the link."""
    ours = _ours(body)
    if ours is not None:
        return error_for_code(str(ours["code"]))(str(ours["detail"]), hint=ours.get("hint"), details=ours.get("details"))
    kind = _OF_STATUS.get(status, ServerUnavailable)
    return kind(f"The link for the file {key[:200]!r} was answered with {status}.", details={"status": status})


def is_passing(fault: ViewComfyError) -> bool:
    """Tell whether the same may work in a moment, with a fresh link."""
    status = fault.details.get("status", fault.status)
    return isinstance(fault, ServerUnavailable | LinkInvalid) and (isinstance(fault, LinkInvalid) or status in PASSING)


def _ours(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and isinstance(value.get("code"), str) and isinstance(value.get("detail"), str) else None
