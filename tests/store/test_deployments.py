"""The rows of deployments: versions, which of them answers, canaries."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from viewcomfy.core.deployments import Deployment, Released, VersionSummary
from viewcomfy.core.input_edit import Edit
from viewcomfy.core.inputs import Choice, Input, InputKind
from viewcomfy.store.store import Store

pytestmark = pytest.mark.anyio


async def deploy(store: Store, name: str = "cats", workflow: dict[str, Any] | None = None, now: float = 1.0, **more: Any) -> Deployment:
    draft = Deployment(name, 0, workflow or {}, now, 5.0, True)
    return await store.deployments.add_version(draft, **more)


async def current(store: Store, name: str = "cats") -> int | None:
    released = await store.deployments.get(name)
    return released.current.version if released else None


async def test_a_deployment_counts_its_versions_and_the_newest_is_current(store: Store) -> None:
    first = await deploy(store, "cats", {"1": {}})
    second = await deploy(store, "cats", {"2": {}}, 2.0)
    assert first == Deployment("cats", 1, {"1": {}}, 1.0, 5.0, True)
    assert second == Deployment("cats", 2, {"2": {}}, 2.0, 5.0, True)
    assert await store.deployments.get("cats") == Released(second)
    assert await store.deployments.get_version("cats", 1) == first
    assert await store.deployments.get_version("cats", 3) is None
    assert await store.deployments.get("dogs") is None


async def test_a_version_comes_back_as_it_was_deployed(store: Store) -> None:
    choices = (Choice("a", "A"), Choice(2, "2"))
    declared = (
        Input("width", "5-inputs-width", "5", "width", "Empty", "Size", InputKind.INTEGER, "Width", default=512, minimum=16, step=8),
        Input("model", "4-inputs-m", "4", "m", "Load", "", InputKind.CHOICE, "Model", choices=choices, on_backend=True),
    )
    edits = (Edit("4-inputs-m", "Load", "", "m", 0, {"name": "model", "required": True, "choices": choices}),)
    draft = Deployment(
        "cats", 0, {"1": {"class_type": "X", "inputs": {}}}, 1.0, inputs=declared, edits=edits, checked=True,
        title="Cats \ud800\0", description="Many",
        app={"file_type": "view_comfy", "workflows": []}, report={"problems": [{"node": "1"}]}, note="sharper",
    )  # fmt: skip
    added = await store.deployments.add_version(draft)
    assert added == replace(draft, version=1)
    assert await store.deployments.get_version("cats", 1) == added
    assert await store.deployments.list() == [added]


async def test_versions_made_at_once_get_numbers_of_their_own(store: Store) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(deploy(store)) for _ in range(10)]
    assert sorted(task.result().version for task in tasks) == list(range(1, 11))


async def test_two_processes_never_make_the_same_version(store_url: str | Path, store: Store) -> None:
    other = await Store.open(store_url)
    for number in range(6):
        await deploy((store, other)[number % 2])
    await other.close()
    assert [summary.version for summary in await store.deployments.versions("cats")] == [6, 5, 4, 3, 2, 1]


async def test_a_removed_deployment_keeps_its_versions_and_goes_on_counting(store: Store) -> None:
    first = await deploy(store, "cats", {"1": {}})
    await deploy(store, "ants")
    assert [item.name for item in await store.deployments.list()] == ["ants", "cats"]
    assert await store.deployments.remove("cats", 2.0)
    assert not await store.deployments.remove("cats", 3.0)
    assert not await store.deployments.remove("dogs", 3.0)
    assert await store.deployments.get("cats") is None
    assert [item.name for item in await store.deployments.list()] == ["ants"]
    assert await store.deployments.get_version("cats", 1) == first
    assert (await deploy(store)).version == 2
    assert await store.deployments.get("cats") is not None


async def test_a_version_can_be_made_without_letting_it_answer(store: Store) -> None:
    await deploy(store)
    second = await deploy(store, make_current=False)
    assert (second.version, await current(store)) == (2, 1)


async def test_a_name_without_a_current_version_gets_the_one_that_is_made(store: Store) -> None:
    await deploy(store, make_current=False)
    assert await current(store) == 1
    await store.deployments.remove("cats", 2.0)
    await deploy(store, make_current=False)
    assert await current(store) == 2


async def test_any_version_can_be_made_the_current_one(store: Store) -> None:
    first, _ = await deploy(store), await deploy(store)
    assert await store.deployments.set_current("cats", 1, 3.0)
    assert await store.deployments.get("cats") == Released(first)
    assert not await store.deployments.set_current("cats", 3, 3.0)
    assert not await store.deployments.set_current("dogs", 1, 3.0)
    assert await current(store) == 1


async def test_a_deployment_that_was_taken_away_stays_away_when_rolled_back(store: Store) -> None:
    await deploy(store)
    await store.deployments.remove("cats", 2.0)
    assert not await store.deployments.set_current("cats", 1, 3.0)
    assert not await store.deployments.set_canary("cats", 1, 5.0)
    assert await store.deployments.get("cats") is None
    assert await store.deployments.previous("cats") is None


async def test_the_version_before_is_one_that_has_been_current(store: Store) -> None:
    for make_current in (True, True, False, True):
        await deploy(store, make_current=make_current)
    assert await store.deployments.previous("cats") == 2
    await store.deployments.set_current("cats", 2, 3.0)
    assert await store.deployments.previous("cats") == 1
    await store.deployments.set_current("cats", 1, 3.0)
    assert await store.deployments.previous("cats") is None


async def test_a_canary_answers_beside_the_current_version(store: Store) -> None:
    first, second = await deploy(store), await deploy(store, make_current=False)
    assert await store.deployments.set_canary("cats", 2, 12.5)
    assert await store.deployments.get("cats") == Released(first, second, 12.5)
    assert await store.deployments.set_canary("cats", None)
    assert await store.deployments.get("cats") == Released(first)


async def test_what_is_not_there_or_answers_already_is_no_canary(store: Store) -> None:
    first = await deploy(store)
    for name, version in (("cats", 1), ("cats", 2), ("dogs", 1)):
        assert not await store.deployments.set_canary(name, version, 50.0)
    assert not await store.deployments.set_canary("dogs", None)
    assert await store.deployments.get("cats") == Released(first)


async def test_another_current_version_ends_a_canary(store: Store) -> None:
    for _ in range(2):
        await deploy(store)
    await store.deployments.set_canary("cats", 1, 50.0)
    await deploy(store, make_current=False)
    assert (await store.deployments.get("cats") or Released(Deployment("", 0, {}, 0))).canary is not None
    third = await deploy(store)
    assert await store.deployments.get("cats") == Released(third)
    await store.deployments.set_canary("cats", 2, 50.0)
    await store.deployments.set_current("cats", 1, 5.0)
    assert (await store.deployments.get("cats") or Released(third)).canary is None
    await store.deployments.set_canary("cats", 2, 50.0)
    await store.deployments.remove("cats", 6.0)
    back = await deploy(store)
    assert await store.deployments.get("cats") == Released(back)


async def test_versions_are_listed_newest_first_in_pages(store: Store) -> None:
    for number in range(1, 4):
        await deploy(store, workflow={str(node): {} for node in range(number)}, now=float(number), make_current=number != 2)
    await store.deployments.set_current("cats", 1, 9.0)
    page = await store.deployments.versions("cats", limit=2)
    assert page == [VersionSummary(3, 3.0, 3.0, 3), VersionSummary(2, 2.0, None, 2)]
    assert await store.deployments.versions("cats", before=2) == [VersionSummary(1, 1.0, 9.0, 1)]
    assert await store.deployments.versions("dogs") == []


async def test_versions_that_are_at_hand_are_not_read_again(store: Store) -> None:
    await deploy(store, workflow={"1": {}})
    second = await deploy(store, make_current=False)
    await store.deployments.set_canary("cats", 2, 1.0)
    at_hand = Deployment("cats", 1, {}, 1.0, note="at hand")
    assert await store.deployments.get("cats", {("cats", 1): at_hand}) == Released(at_hand, second, 1.0)
