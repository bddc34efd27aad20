"""News: progress that never goes back, and no more of it than a person can follow."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.comfy.messages import (
    Blocked,
    Cached,
    Executing,
    Finished,
    JobMessage,
    LogLines,
    NodeText,
    Preview,
    Progress,
    Started,
    Succeeded,
)
from viewcomfy.comfy.news import JobNews
from viewcomfy.core.events import EventKind

WORKFLOW = {
    "1": {"class_type": "Load", "inputs": {}},
    "2": {"class_type": "KSampler", "inputs": {}, "_meta": {"title": "Paint"}},
    "9": {"class_type": "SaveImage", "inputs": {}},
    "57:8": {"class_type": "Other", "inputs": {}},
}
MESSAGES = st.one_of(
    st.builds(Cached, st.just("p"), st.lists(st.sampled_from(["1", "2", "x"])).map(tuple)),
    st.builds(Executing, st.just("p"), st.sampled_from(["1", "2", "3.0.1"]), st.sampled_from(["1", "2", "9"])),
    st.builds(Progress, st.just("p"), st.just("2"), st.floats(allow_nan=False), st.floats(allow_nan=False)),
    st.just(Succeeded("p")),
    st.just(Finished("p")),
)


def test_a_new_node_shows_its_title_and_counts_the_one_before() -> None:
    news = JobNews(WORKFLOW)
    assert news.events(Started("p"), 0) == []
    news.events(Executing("p", "1", "1"), 0)
    [event] = news.events(Executing("p", "2", "2"), 0)
    assert event.kind is EventKind.PROGRESS
    assert event.data == {"node_id": "2", "title": "Paint", "value": 0.0, "max": 1.0, "done": 1, "total": 4, "fraction": 0.25}


def test_cached_nodes_count_as_done() -> None:
    [event] = JobNews(WORKFLOW).events(Cached("p", ("1", "57:8", "gone")), 0)
    assert (event.data["done"], event.data["fraction"]) == (2, 0.5)


def test_steps_are_thinned_but_the_last_one_shows() -> None:
    news = JobNews(WORKFLOW, progress_every=0.1)
    news.events(Executing("p", "2", "2"), 0)
    shown = [event.data["value"] for step in range(1, 9) for event in news.events(Progress("p", "2", step, 8), step / 40)]
    assert shown == [4, 8]


def test_previews_are_thinned() -> None:
    news = JobNews(WORKFLOW, preview_every=0.2)
    events = [event for i in range(6) for event in news.events(Preview("p", "2", "image/png", b"\x89"), i / 10)]
    assert [event.at for event in events] == [0, 0.2, 0.4]
    assert events[0].data == {"node_id": "2", "content_type": "image/png", "data": base64.b64encode(b"\x89").decode()}


def test_lines_and_texts_become_log_events() -> None:
    news = JobNews(WORKFLOW)
    events = [
        *news.events(LogLines("p", ("a", "b")), 1),
        *news.events(NodeText("p", "2", "c\n\nd"), 2),
        *news.events(Blocked("p", "2", "Execution Blocked: no"), 3),
    ]
    assert [event.data["text"] for event in events] == ["a", "b", "c", "d", "Paint: Execution Blocked: no"]
    assert {event.data["source"] for event in events} == {"comfyui"}


def test_success_is_the_whole() -> None:
    news = JobNews(WORKFLOW)
    news.events(Executing("p", "2", "2"), 0)
    [event] = news.events(Succeeded("p"), 0)
    assert (event.data["done"], event.data["fraction"]) == (4, 1)


@given(st.lists(MESSAGES, max_size=30))
def test_progress_never_goes_back_and_never_exceeds_the_whole(messages: list[JobMessage]) -> None:
    news = JobNews(WORKFLOW, progress_every=0)
    events = [event for message in messages for event in news.events(message, 0)]
    fractions = [event.data["fraction"] for event in events]
    assert fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert all(event.data["done"] <= event.data["total"] for event in events)
