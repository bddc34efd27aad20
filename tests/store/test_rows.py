"""The rows of keys, events and named values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from viewcomfy.core.errors import Conflict
from viewcomfy.core.events import Event, EventKind
from viewcomfy.core.keys import Key
from viewcomfy.store.store import Store

pytestmark = pytest.mark.anyio


async def test_a_key_comes_back_as_it_was_added(store: Store) -> None:
    limited = Key("vc_1", "hash", "Anna's app", 1.0, ("cats", "dogs"), False)
    free = Key("vc_2", "hash", "", 2.0)
    none = Key("vc_3", "hash", "", 3.0, ())
    for key in (free, limited, none):
        await store.keys.add(key)
    assert await store.keys.get("vc_1") == limited
    assert await store.keys.list() == [limited, free, none]
    assert await store.keys.get("nobody") is None
    with pytest.raises(Conflict):
        await store.keys.add(limited)


async def test_a_key_is_revoked_once(store: Store) -> None:
    key = Key("vc_1", "hash", "", 1.0)
    await store.keys.add(key)
    assert await store.keys.revoke("vc_1", 5.0) == replace(key, revoked_at=5.0)
    assert await store.keys.revoke("vc_1", 6.0) == replace(key, revoked_at=5.0)
    assert await store.keys.revoke("nobody", 6.0) is None


async def test_last_use_is_noted_for_many_keys_and_never_goes_back(store: Store) -> None:
    for number in (1, 2):
        await store.keys.add(Key(f"vc_{number}", "hash", "", 1.0))
    await store.keys.touch({"vc_1": 10.0, "vc_2": 11.0, "nobody": 12.0})
    await store.keys.touch({"vc_1": 9.0})
    await store.keys.touch({})
    assert [key.last_used_at for key in await store.keys.list()] == [10.0, 11.0]


def log(seq: int, text: str = "x", kind: EventKind = EventKind.LOG) -> Event:
    return Event(kind, {"text": text}, float(seq), seq)


async def test_events_are_read_in_order_from_where_one_was(store: Store) -> None:
    await store.events.append([("a", log(2)), ("b", log(1)), ("a", log(1, "\ud800\0"))])
    await store.events.append([("a", log(5))])
    assert await store.events.read("a") == [log(1, "\ud800\0"), log(2), log(5)]
    assert await store.events.read("a", 2) == [log(5)]
    assert await store.events.read("nothing") == []
    assert [await store.events.last_seq(prompt_id) for prompt_id in ("a", "b", "nothing")] == [5, 1, 0]


async def test_an_event_that_is_stored_twice_is_there_once(store: Store) -> None:
    await store.events.append([("a", log(1))])
    await store.events.append([("a", log(1, "other")), ("a", log(2))])
    assert await store.events.read("a") == [log(1), log(2)]


async def test_an_event_with_an_odd_value_does_not_lose_the_others(store: Store) -> None:
    odd = Event(EventKind.LOG, {"text": b"bytes", "path": float("nan")}, 1.0, 1)
    await store.events.append([("a", odd), ("b", log(1))])
    assert (await store.events.read("a"))[0].data["text"] == "b'bytes'"
    assert await store.events.read("b") == [log(1)]


async def test_old_log_lines_are_trimmed_and_other_events_stay(store: Store) -> None:
    await store.events.append([("a", log(1, kind=EventKind.STATUS)), ("a", log(2)), ("b", log(2))])
    await store.events.append([("a", log(3)), ("a", log(4))], {"a": 4})
    assert [event.seq for event in await store.events.read("a")] == [1, 4]
    assert [event.seq for event in await store.events.read("b")] == [2]


async def test_events_are_forgotten(store: Store) -> None:
    await store.events.append([("a", log(1)), ("b", log(1))])
    await store.events.forget(["a"])
    assert await store.events.read("a") == []
    assert await store.events.read("b") == [log(1)]


async def test_named_values_are_set_and_kept(store: Store) -> None:
    assert await store.meta.get("secret") is None
    assert await store.meta.set_default("secret", "one") == "one"
    assert await store.meta.set_default("secret", "two") == "one"
    await store.meta.set("secret", "three")
    await store.meta.set("token", "four")
    assert [await store.meta.get(name) for name in ("secret", "token")] == ["three", "four"]
