"""Dispatch: each message and each line reaches the job that it belongs to, once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.comfy.dispatch import Dispatcher, history_messages
from viewcomfy.comfy.feed import MAX_PREVIEWS
from viewcomfy.comfy.messages import (
    BackendLost,
    Executing,
    Failed,
    Finished,
    Interrupted,
    LogLines,
    NodeOutput,
    NodeText,
    Preview,
    Progress,
    Started,
    Succeeded,
)

pytestmark = pytest.mark.anyio

ENTRY = {
    "outputs": {"9": {"images": [{"filename": "a.png"}]}, "8": {"text": ["hi"]}},
    "status": {"status_str": "success", "messages": [["execution_start", {}], ["execution_success", {"prompt_id": "a"}]]},
}
JSON = st.recursive(
    st.none() | st.text(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)


async def test_two_jobs_do_not_see_each_other() -> None:
    dispatcher = Dispatcher(exclusive=True)
    first, second = dispatcher.open("a"), dispatcher.open("b")
    for message in (Started("a"), Executing("a", "1", "1"), Succeeded("a"), Finished("a"), Started("b"), Progress("b", "1", 1, 2)):
        dispatcher.message(message)
    assert [message async for message in first] == [Started("a"), Executing("a", "1", "1"), Succeeded("a"), Finished("a")]
    assert second.pending() == [Started("b"), Progress("b", "1", 1, 2)]


def test_messages_without_a_prompt_belong_to_the_running_one() -> None:
    dispatcher = Dispatcher(exclusive=True)
    first, second = dispatcher.open("a"), dispatcher.open("b")
    for message in (NodeText("", "1", "early"), Started("b"), NodeText("", "1", "hi"), Finished("b"), NodeText("", "1", "late")):
        dispatcher.message(message)
    assert first.pending() == []
    assert second.pending() == [Started("b"), NodeText("b", "1", "hi"), Finished("b")]


def test_lines_belong_to_the_running_job_and_before_it_to_the_next_one() -> None:
    dispatcher = Dispatcher(exclusive=True)
    first, second = dispatcher.open("a"), dispatcher.open("b")
    dispatcher.lines(["got prompt", "loading", "got prompt"])
    dispatcher.message(Started("a"))
    dispatcher.lines(["working"])
    dispatcher.message(Succeeded("a"))
    dispatcher.lines(["Prompt executed in 1.00 seconds", "early line of b"])
    dispatcher.message(Started("b"))
    dispatcher.lines(["more"])
    assert _lines(first.pending()) == ["got prompt", "loading", "working", "Prompt executed in 1.00 seconds"]
    assert _lines(second.pending()) == ["got prompt", "early line of b", "more"]


def test_on_a_shared_comfyui_only_lines_of_a_running_job_are_ours() -> None:
    dispatcher = Dispatcher(exclusive=False)
    feed = dispatcher.open("a")
    dispatcher.lines(["someone else's"])
    dispatcher.message(Started("a"))
    dispatcher.lines(["ours"])
    dispatcher.message(Finished("a"))
    dispatcher.lines(["someone else's"])
    assert _lines(feed.pending()) == ["ours"]


def test_a_slow_reader_keeps_only_the_newest_previews() -> None:
    dispatcher = Dispatcher(exclusive=True)
    feed = dispatcher.open("a")
    for number in range(5):
        dispatcher.message(Preview("a", "1", "image/png", bytes([number])))
        dispatcher.message(Progress("a", "1", number, 5))
    messages = feed.pending()
    assert [message.image for message in messages if isinstance(message, Preview)] == [b"\3", b"\4"][-MAX_PREVIEWS:]
    assert len([message for message in messages if isinstance(message, Progress)]) == 5


def test_after_a_gap_the_history_tells_what_was_missed() -> None:
    dispatcher = Dispatcher(exclusive=True)
    feed = dispatcher.open("a")
    feed.is_queued = True
    dispatcher.message(NodeOutput("a", "8", {"text": ["hi"]}))
    dispatcher.gap()
    assert not dispatcher.message(Succeeded("a"))
    assert feed.outcome is None
    assert dispatcher.message(Finished("a"))
    dispatcher.fill(feed, ENTRY)
    assert feed.pending() == [
        NodeOutput("a", "8", {"text": ["hi"]}),
        NodeOutput("a", "9", {"images": [{"filename": "a.png"}]}),
        Succeeded("a"),
        Finished("a"),
    ]


def test_an_outcome_is_told_once() -> None:
    dispatcher = Dispatcher(exclusive=True)
    feed = dispatcher.open("a")
    dispatcher.message(Succeeded("a"))
    dispatcher.fill(feed, ENTRY)
    dispatcher.message(Finished("a"))
    dispatcher.lose_all("gone")
    assert [type(message) for message in feed.pending()] == [Succeeded, NodeOutput, NodeOutput, Finished]
    assert feed.outcome == Succeeded("a")


def test_losing_the_backend_ends_every_feed() -> None:
    dispatcher = Dispatcher(exclusive=True)
    feeds = [dispatcher.open(name) for name in "ab"]
    dispatcher.lose_all("it died", unresponsive=True)
    assert [feed.pending() for feed in feeds] == [[BackendLost(name, "it died", unresponsive=True)] for name in "ab"]
    assert all(feed.is_closed and feed.ended.is_set() for feed in feeds)


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        ([["execution_interrupted", {"prompt_id": "a"}]], Interrupted("a")),
        (
            [["execution_error", {"node_id": "3", "node_type": "K", "exception_type": "E", "exception_message": "no"}]],
            Failed("a", "3", "K", "E", "no"),
        ),
    ],
)
def test_the_history_tells_each_end(rows: list[Any], outcome: object) -> None:
    entry = {"outputs": {}, "status": {"status_str": "error", "messages": rows}}
    assert list(history_messages("a", entry)) == [outcome, Finished("a")]


@given(st.dictionaries(st.sampled_from(["outputs", "status"]), JSON | st.dictionaries(st.sampled_from(["messages", "status_str"]), JSON)))
def test_a_strange_history_still_ends_the_job(entry: dict[str, Any]) -> None:
    assert list(history_messages("a", entry))[-1] == Finished("a")


def _lines(messages: list[Any]) -> list[str]:
    return [line for message in messages if isinstance(message, LogLines) for line in message.lines]
