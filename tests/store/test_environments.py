"""The rows of environments."""

from __future__ import annotations

import asyncio

import pytest

from viewcomfy.store.store import Store

pytestmark = pytest.mark.anyio


async def test_a_document_is_written_once_and_found(store: Store) -> None:
    await store.environments.add("env-00000000000a", "the document", 1.0)
    await store.environments.add("env-00000000000a", "the document", 2.0)
    await store.environments.add("env-00000000000b", "another", 3.0)
    assert await store.environments.document("env-00000000000a") == "the document"
    assert await store.environments.document("env-00000000000c") is None
    assert list((await store.environments.list()).items()) == [("env-00000000000b", 3.0), ("env-00000000000a", 1.0)]


async def test_many_may_write_the_same_at_once(store: Store) -> None:
    await asyncio.gather(*(store.environments.add("env-00000000000a", "the document", 1.0) for _ in range(5)))
    assert await store.environments.list() == {"env-00000000000a": 1.0}
