"""Envelopes: what is asked and answered over NATS as bytes, with errors by their code."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

from viewcomfy.core.errors import ServerUnavailable, ViewComfyError, error_for_code

Json = Mapping[str, Any]

COMPRESS_FROM = 4096
MAX_BYTES = 64 << 20
"""How long a message may be once it is unpacked: what is sent small must not grow without end."""
_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode


def packed(body: Json) -> bytes:
    """Return an object of JSON's values as bytes, compressed where that is worth it."""
    data = _encode(body).encode()
    return data if len(data) < COMPRESS_FROM else zlib.compress(data, 1)


def unpacked(data: bytes) -> dict[str, Any]:
    """Return the object; raise ServerUnavailable for what is none."""
    try:
        if not data.startswith(b"{"):
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(data, MAX_BYTES)
        body = json.loads(data)  # one that is cut off where it is too long can't be read
    except (ValueError, zlib.error) as fault:
        raise ServerUnavailable(f"A message over NATS can't be read: {fault}.") from fault
    if not isinstance(body, dict):
        raise ServerUnavailable("A message over NATS can't be read: it is no object.")
    return body


def answer_of(result: Json | ViewComfyError) -> bytes:
    """Return the answer that carries a result or an error."""
    if not isinstance(result, ViewComfyError):
        return packed({"ok": dict(result)})
    fault = {"code": result.code, "message": result.message, "hint": result.hint, "retry_after": result.retry_after}
    return packed({"error": {**fault, "problems": result.problems, "details": result.details}})


def result_of(data: bytes) -> dict[str, Any]:
    """Return the result that an answer carries, or raise the error that it carries, as the class of its code."""
    body = unpacked(data)
    if "error" not in body:
        return dict(body.get("ok") or {})
    said = body["error"]
    raise error_for_code(str(said.get("code")))(
        str(said.get("message")),
        hint=said.get("hint"),
        problems=said.get("problems") or (),
        details=said.get("details"),
        retry_after=said.get("retry_after"),
    )
