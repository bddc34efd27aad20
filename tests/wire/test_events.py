"""Server-sent events as the published clients can read them."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.events import Event, EventKind
from viewcomfy.wire.events import PING, job_event, one_line, sse, sse_json

LINE_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


def test_an_event_is_one_line_of_data_and_a_blank_line() -> None:
    assert sse("log_message", "Käse") == "event: log_message\ndata: Käse\n\n".encode()
    assert sse("status", "x", 7).startswith(b"id: 7\n")


def test_a_heartbeat_is_a_comment() -> None:
    assert PING.startswith(b":")
    assert PING.endswith(b"\n\n")


@given(st.recursive(st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_json_goes_on_one_line_of_ascii_and_comes_back_whole(value: object) -> None:
    encoded = sse_json("prompt_result", value)
    assert encoded.isascii()
    assert len(encoded.decode().splitlines()) == 3
    assert json.loads(encoded.decode().splitlines()[1].removeprefix("data: ")) == value


@given(st.text(st.sampled_from("ab \t" + LINE_ENDS)))
def test_a_log_line_never_breaks_out_of_its_line(text: str) -> None:
    for line in one_line(text):
        assert line.strip() == line != ""
        assert not set(line) & set(LINE_ENDS)


def test_a_progress_bar_is_split_where_it_returns() -> None:
    assert one_line("\r 10%|#  |\r 20%|## |\n\n") == ["10%|#  |", "20%|## |"]


def test_an_event_of_a_job_carries_its_number_and_time() -> None:
    kept = job_event(Event(EventKind.LOG, {"text": "a\nb", "source": "comfyui"}, 12.5, 3))
    assert kept == b'id: 3\nevent: log\ndata: {"at":12.5,"text":"a\\nb","source":"comfyui"}\n\n'
    assert not job_event(Event(EventKind.PREVIEW, {}, 1.0, 0)).startswith(b"id")
