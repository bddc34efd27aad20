"""Messages: what is on the socket is read, and junk is never more than nothing."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.comfy.messages import (
    DECODERS,
    Blocked,
    Cached,
    Executing,
    Failed,
    Finished,
    Interrupted,
    LogText,
    NodeOutput,
    NodeText,
    Preview,
    Progress,
    QueueStatus,
    Started,
    Succeeded,
    decode,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["prompt_id", "node", "nodes", "output", "value", "max", "status", "exec_info", "queue_remaining", "entries", "m", "traceback"]
)


def text(kind: str, **data: Any) -> str:
    return json.dumps({"type": kind, "data": data})


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (text("status", status={"exec_info": {"queue_remaining": 2}}, sid="x"), QueueStatus(2)),
        (text("execution_start", prompt_id="p", timestamp=1), Started("p")),
        (text("execution_cached", prompt_id="p", nodes=["1", "57:8"]), Cached("p", ("1", "57:8"))),
        (text("executing", prompt_id="p", node="4.0.0.2", display_node="4"), Executing("p", "4.0.0.2", "4")),
        (text("executing", node="4"), Executing("", "4", "4")),
        (text("executing", prompt_id="p", node=None), Finished("p")),
        (text("executed", prompt_id="p", node="9", output={"text": ["hi"]}), NodeOutput("p", "9", {"text": ["hi"]})),
        (text("executed", prompt_id="p", node="9", output=None), NodeOutput("p", "9", {})),
        (text("progress", prompt_id="p", node="3", value=2, max=8), Progress("p", "3", 2.0, 8.0)),
        (text("execution_interrupted", prompt_id="p", node_id="3"), Interrupted("p")),
        (text("execution_success", prompt_id="p"), Succeeded("p")),
        (text("logs", entries=[{"t": "now", "m": "a"}, {"t": "now", "m": "b\n"}]), LogText("ab\n")),
        (text("progress_state", prompt_id="p", nodes={}), None),
        (text("feature_flags"), None),
        ("not json", None),
        ("[1]", None),
    ],
)
def test_each_text_message_is_read(raw: str, message: object) -> None:
    assert decode(raw) == message


def test_an_exception_is_read_with_its_trace_and_without_its_line_ends() -> None:
    raw = text(
        "execution_error",
        prompt_id="p",
        node_id="3",
        node_type="K",
        exception_type="ValueError",
        exception_message="bad\n\n",
        traceback=["x"],
    )
    assert decode(raw) == Failed("p", "3", "K", "ValueError", "bad", ("x",))


def test_a_blocked_node_does_not_end_its_prompt() -> None:
    raw = text("execution_error", prompt_id="p", node_id="3", exception_type="ExecutionBlocked", exception_message="Execution Blocked: no")
    assert decode(raw) == Blocked("p", "3", "Execution Blocked: no")


def test_binary_frames_are_read() -> None:
    metadata = json.dumps({"node_id": "7", "display_node_id": "5", "prompt_id": "p", "image_type": "image/png"}).encode()
    assert decode(struct.pack(">II", 1, 1) + b"jpeg") == Preview("", "", "image/jpeg", b"jpeg")
    assert decode(struct.pack(">II", 4, len(metadata)) + metadata + b"png") == Preview("p", "5", "image/png", b"png")
    assert decode(struct.pack(">II", 3, 2) + b"12waited") == NodeText("", "12", "waited")
    assert decode(struct.pack(">II", 4, 4_000_000_000) + metadata) is None
    assert decode(b"\0\0\0") is None


@given(st.text() | st.binary())
def test_junk_is_nothing(raw: str | bytes) -> None:
    decode(raw)


@given(st.sampled_from([*DECODERS, "?"]), st.dictionaries(FIELDS, JSON))
def test_known_types_with_strange_data_do_not_raise(kind: str, data: dict[str, Any]) -> None:
    decode(json.dumps({"type": kind, "data": data}))


@given(st.sampled_from([1, 3, 4]), st.integers(0, 40), st.binary(max_size=40))
def test_damaged_frames_do_not_raise(kind: int, length: int, rest: bytes) -> None:
    decode(struct.pack(">II", kind, length) + rest)
