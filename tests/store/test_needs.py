"""The rows of needs."""

from __future__ import annotations

import asyncio

import pytest

from viewcomfy.core.needs import Needs
from viewcomfy.store.store import Store

pytestmark = pytest.mark.anyio

NEEDS = Needs(frozenset({"KSampler"}), frozenset({("Loader", "name", "a.safetensors")}), 24.0)


async def test_needs_are_written_once_and_found(store: Store) -> None:
    await store.needs.note("a+b@24", NEEDS)
    await store.needs.note("a+b@24", Needs(frozenset()))
    assert await store.needs.some(["a+b@24", "unknown"]) == {"a+b@24": NEEDS}
    assert await store.needs.some([]) == {}


async def test_many_may_write_the_same_at_once(store: Store) -> None:
    await asyncio.gather(*(store.needs.note("a+b", NEEDS) for _ in range(5)))
    assert await store.needs.some(["a+b"]) == {"a+b": NEEDS}
