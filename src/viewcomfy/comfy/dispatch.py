"""Dispatch: one backend's messages and log lines, handed to the feeds that they belong to."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from viewcomfy.comfy.attribution import LineOwner
from viewcomfy.comfy.feed import Feed
from viewcomfy.comfy.messages import (
    BackendLost,
    Failed,
    Finished,
    Interrupted,
    JobMessage,
    LogLines,
    LogText,
    Message,
    NodeOutput,
    QueueStatus,
    Started,
    Succeeded,
    decode_named,
)

ENDS = (Succeeded, Failed, Interrupted, Finished)


class Dispatcher:
    """Keep the feeds of one backend. `exclusive`: no one else's prompts run on this ComfyUI."""

    def __init__(self, *, exclusive: bool) -> None:
        self._feeds: dict[str, Feed] = {}
        self._owner = LineOwner(exclusive=exclusive)

    @property
    def prompt_ids(self) -> tuple[str, ...]:
        """The prompts that are followed now."""
        return tuple(self._feeds)

    @property
    def waiting(self) -> list[Feed]:
        """The feeds whose prompts ComfyUI has accepted and not ended."""
        return [feed for feed in self._feeds.values() if feed.is_queued and not feed.is_closed]

    def open(self, prompt_id: str) -> Feed:
        """Begin to follow a prompt, before it is queued so that nothing is missed."""
        feed = self._feeds[prompt_id] = Feed(prompt_id)
        self._owner.queued(prompt_id)
        return feed

    def close(self, feed: Feed) -> None:
        """Follow the prompt no more."""
        if self._feeds.get(feed.prompt_id) is feed:
            del self._feeds[feed.prompt_id]
        self._owner.ended(feed.prompt_id)

    def message(self, message: Message | None) -> bool:
        """Hand on a message; True means that a prompt with a gap has ended and the history must tell how: see `fill`."""
        if message is None or isinstance(message, (QueueStatus, LogText)):
            return False
        is_end = isinstance(message, ENDS)
        if isinstance(message, Started):
            self._owner.started(message.prompt_id)
        elif is_end:
            self._owner.ended(message.prompt_id)
        feed = self._feeds.get(message.prompt_id or self._owner.running or "")
        if feed is None:
            return False
        if feed.has_gap and is_end:
            return isinstance(message, Finished)
        feed.put(message if message.prompt_id else replace(message, prompt_id=feed.prompt_id))
        return False

    def lines(self, lines: Iterable[str]) -> None:
        """Hand on log lines, those of the same prompt together."""
        for prompt_id, group in itertools.groupby(lines, self._owner.owner):
            feed = self._feeds.get(prompt_id or "")
            if feed:
                feed.put(LogLines(feed.prompt_id, tuple(group)))

    def gap(self) -> None:
        """Take in that messages may have been lost for every prompt that is queued."""
        for feed in self.waiting:
            feed.has_gap = True

    def fill(self, feed: Feed, entry: Mapping[str, Any]) -> None:
        """Tell a feed what it missed and how its prompt ended, from the history's entry."""
        feed.has_gap = False
        for message in history_messages(feed.prompt_id, entry):
            if not (isinstance(message, NodeOutput) and message.node_id in feed.seen_outputs):
                feed.put(message)
        self._owner.ended(feed.prompt_id)

    def lose(self, feed: Feed, reason: str, *, unresponsive: bool = False) -> None:
        """Tell a feed that nothing more will come."""
        feed.put(BackendLost(feed.prompt_id, reason, unresponsive))
        self._owner.ended(feed.prompt_id)

    def lose_all(self, reason: str, *, unresponsive: bool = False) -> None:
        """Tell every feed that nothing more will come."""
        for feed in list(self._feeds.values()):
            self.lose(feed, reason, unresponsive=unresponsive)


def history_messages(prompt_id: str, entry: Mapping[str, Any]) -> Iterator[JobMessage]:
    """Yield the outputs and the end of a prompt as the socket would have told them. Never raises."""
    outputs, status = entry.get("outputs"), entry.get("status")
    for node_id, ui in outputs.items() if isinstance(outputs, dict) else ():
        yield NodeOutput(prompt_id, str(node_id), ui if isinstance(ui, dict) else {})
    yield _outcome(prompt_id, status if isinstance(status, dict) else {})
    yield Finished(prompt_id)


def _outcome(prompt_id: str, status: Mapping[str, Any]) -> JobMessage:
    rows = status.get("messages")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, list) and len(row) == 2:
            message = decode_named(row[0], row[1])
            if isinstance(message, (Failed, Interrupted, Succeeded)):
                return replace(message, prompt_id=prompt_id)
    if status.get("status_str") == "error":
        return Failed(prompt_id, "", "", "", "ComfyUI says no more than that the workflow failed.")
    return Succeeded(prompt_id)
