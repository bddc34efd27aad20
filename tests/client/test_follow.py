from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.client._follow import Following, Patience, SseReader, read_event
from viewcomfy.core.errors import InternalError, ServerUnavailable, StillRunning, UnknownJob
from viewcomfy.core.events import Event, EventKind, log_event
from viewcomfy.wire.events import PING, job_event, sse
from viewcomfy.wire.jobs import JobDetail

SSE = "text/event-stream; charset=utf-8"


def following(**options: Any) -> Following:
    return Following("p", Patience(), 0.0, **{"chance": lambda: 1.0, **options})


def status(name: str, seq: int, attempt: int = 1) -> bytes:
    return job_event(Event(EventKind.STATUS, {"status": name, "attempt": attempt}, 1.0, seq))


def log(text: str, seq: int) -> bytes:
    return job_event(Event(EventKind.LOG, {"text": text}, 1.0, seq))


def job(name: str, attempt: int = 1) -> JobDetail:
    times = {"created_at": 1.0, "started_at": 2.0, "finished_at": None, "execution_time_seconds": None}
    return JobDetail.model_validate(
        {"prompt_id": "p", "deployment": "d", "version": 1, "status": name, "attempt": attempt, "key_id": "k", "prompt": {}, **times}
    )


@given(st.lists(st.text(), max_size=8), st.data())
def test_events_are_read_whole_however_their_bytes_are_cut(texts: list[str], data: st.DataObject) -> None:
    stream = b"".join(job_event(Event(log_event(text, 5.0).kind, {"text": text}, 5.0, seq)) + PING for seq, text in enumerate(texts, 1))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader, read = SseReader(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        read += [read_event(fields) for fields in reader.feed(stream[start:end])]
    assert read == [Event(EventKind.LOG, {"text": text}, 5.0, seq) for seq, text in enumerate(texts, 1)]


def test_the_standard_is_read_too_where_it_is_wider_than_ours() -> None:
    fields = list(SseReader().feed(b"event:log\r\ndata: one\r\ndata:two\r\nid: 3\r\nretry\r\n\r\n\r\n"))
    assert fields == [{"event": "log", "data": "one\ntwo", "id": "3", "retry": ""}]


@pytest.mark.parametrize(
    "raw", [sse("news", "{}", 1), sse("log", "{", 1), sse("log", "[]", 1), b"event: log\ndata: {}\nid: x\n\n", b"data: {}\n\n"]
)
def test_what_this_version_does_not_know_is_passed_over(raw: bytes) -> None:
    (fields,) = SseReader().feed(raw)
    assert read_event(fields) is None


def test_each_event_is_told_once_and_the_last_status_ends() -> None:
    state = following()
    told = state.fed(status("running", 1) + log("a", 2), 0.0)
    assert state.headers()["Last-Event-ID"] == "2"
    told += state.fed(status("running", 1) + log("a", 2) + log("b", 3) + status("succeeded", 4) + log("late", 5), 0.0)
    assert [event.seq for event in told] == [1, 2, 3, 4]
    assert state.done
    assert json.dumps(told[1].data) == '{"text": "a"}'


def test_an_event_without_a_number_is_told_and_leaves_the_place_alone() -> None:
    state = following()
    state.fed(log("a", 7), 0.0)
    (preview,) = state.fed(job_event(Event(EventKind.PREVIEW, {"data": ""}, 1.0)), 0.0)
    assert preview.seq == 0
    assert state.headers()["Last-Event-ID"] == "7"


def test_a_poll_tells_only_a_status_that_no_stream_told() -> None:
    state = following(news=False)
    state.fed(status("running", 1), 0.0)
    assert state.polled(job("running"), 0.0) == []
    (again,) = state.polled(job("queued", attempt=2), 0.0)
    assert again.data == {"status": "queued", "attempt": 2}
    (ended,) = state.polled(job("succeeded", attempt=2), 0.0)
    assert ended.data["status"] == "succeeded"
    assert state.done
    assert state.job is not None


def test_news_of_a_job_that_ended_while_the_stream_was_broken_are_asked_for_once() -> None:
    state = following(news=True)
    assert state.polled(job("succeeded"), 0.0) == []
    assert not state.done
    state.polled(job("succeeded"), 0.0)
    assert state.done


def test_nothing_more_is_asked_for_where_the_server_says_that_was_all() -> None:
    state = following(news=True)
    assert not state.opened(204, "", 0.0)
    state.polled(job("succeeded"), 0.0)
    assert state.done


def test_a_stream_that_is_none_is_not_asked_for_again_but_a_busy_one_is() -> None:
    for code, kind, again in [(404, "", False), (200, "text/html", False), (503, "", True), (429, "", True), (502, SSE, True)]:
        state = following()
        assert not state.opened(code, kind, 0.0)
        assert state.streaming is again
    assert following().opened(200, SSE, 0.0)


def test_two_streams_without_a_byte_are_enough() -> None:
    state = following()
    for still in (True, False):
        state.read_timeout(0.0)
        state.stream_ended(20.0)
        assert state.streaming is still


def test_what_a_held_back_stream_did_not_tell_is_asked_for_at_the_end() -> None:
    for news in (True, False):
        state = following(news=news)
        for _ in range(2):
            state.read_timeout(0.0)
            state.stream_ended(20.0)
        state.polled(job("succeeded"), 0.0)
        assert state.streaming is news
        assert state.done is not news


def test_heartbeats_keep_a_stream_but_not_for_ever() -> None:
    state = following()
    assert state.read_timeout(0.0) == 20.0
    for now in range(0, 60, 10):
        assert state.fed(PING, float(now)) == []
        assert not state.must_leave(float(now))
    assert state.must_leave(61.0)
    state.stream_ended(61.0)
    assert state.streaming


def test_patience_counts_from_the_last_contact_and_bears_only_what_passes() -> None:
    state = following()
    away = ServerUnavailable("away")
    state.fed(PING, 100.0)
    state.unanswered(away, 159.0)
    state.unanswered(InternalError("oops"), 160.0)
    with pytest.raises(ServerUnavailable):
        state.unanswered(away, 161.0)
    with pytest.raises(UnknownJob):
        following().unanswered(UnknownJob("no"), 0.0)


def test_polls_slow_down_while_nothing_happens() -> None:
    state = following()
    assert [state.pause(0.0) for _ in range(7)] == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    state.polled(job("running"), 0.0)
    assert state.pause(0.0) == 0.1


def test_a_deadline_shortens_every_wait_and_ends_it() -> None:
    state = following(timeout=30.0)
    assert state.read_timeout(0.0) == 20.0
    assert not state.must_leave(11.0)
    assert state.must_leave(13.0)
    assert state.read_timeout(29.0) == 1.0
    assert state.pause(29.95) == pytest.approx(0.05)
    with pytest.raises(StillRunning, match="within 30 s"):
        state.pause(30.0)
