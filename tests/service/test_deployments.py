"""Deployments: made in versions, found by name, taken away."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.service.kit import WORKFLOW, Desk
from viewcomfy.core.deployments import Released
from viewcomfy.core.errors import BadInput, Conflict, InvalidName, InvalidWorkflow, UiWorkflow, UnknownDeployment, UnknownVersion
from viewcomfy.core.inputs import Input, InputKind
from viewcomfy.service.deployments import CACHE_SECONDS, VERSIONS_KEPT, DeploymentService
from viewcomfy.store.deployments import DeploymentRows, Known

pytestmark = pytest.mark.anyio

OTHER = {"5": {"class_type": "Y", "inputs": {}}}


async def test_a_known_name_gets_its_next_version_at_once(desk: Desk) -> None:
    first = await desk.deployments.deploy("cats", WORKFLOW, time_limit=5, cancel_on_disconnect=True)
    assert await desk.deployments.get("cats") == first
    second = await desk.deployments.deploy("cats", OTHER)
    assert (first.version, second.version) == (1, 2)
    assert await desk.deployments.get("cats") == second
    assert (second.time_limit, second.cancel_on_disconnect) == (0, False)


async def test_another_server_notices_a_new_version_soon(desk: Desk) -> None:
    other = DeploymentService(desk.store.deployments, desk.clock)
    await desk.deploy("cats")
    assert (await other.get("cats")).version == 1
    await desk.deploy("cats", OTHER)
    desk.clock.now += CACHE_SECONDS + 0.1
    assert (await other.get("cats")).version == 2


async def test_a_deployment_that_is_taken_away_is_gone_and_its_jobs_are_not(desk: Desk) -> None:
    job = await desk.submit(await desk.deploy("cats"))
    await desk.deployments.remove("cats")
    with pytest.raises(UnknownDeployment, match="viewcomfy deploy"):
        await desk.deployments.get("cats")
    with pytest.raises(UnknownDeployment):
        await desk.deployments.remove("cats")
    assert (await desk.jobs.get(desk.caller, job.prompt_id)).deployment == "cats"
    assert await desk.deployments.list() == []
    assert (await desk.deploy("cats")).version == 2, "a version names one workflow for ever"


@pytest.mark.parametrize("name", ["", "Cats", "a/b", "../x", "a" * 64, "-x", "x\n", "kätzchen"])
async def test_a_name_must_stand_in_a_url(desk: Desk, name: str) -> None:
    with pytest.raises(InvalidName):
        await desk.deployments.deploy(name, WORKFLOW)
    with pytest.raises(UnknownDeployment):
        await desk.deployments.get(name)


@pytest.mark.parametrize(("workflow", "error"), [({"nodes": [], "links": []}, UiWorkflow), ({}, InvalidWorkflow), ([], InvalidWorkflow)])
async def test_what_is_no_workflow_is_not_deployed(desk: Desk, workflow: object, error: type[InvalidWorkflow]) -> None:
    with pytest.raises(error):
        await desk.deployments.deploy("cats", workflow)
    assert await desk.deployments.list() == []


async def test_what_is_said_about_a_version_is_kept_with_it(desk: Desk) -> None:
    seed = Input("seed", "2-inputs-seed", "2", "seed", "KSampler", "", InputKind.SEED, "Seed")
    said: dict[str, Any] = {"checked": True, "title": "Cats", "description": "Many", "app": {"a": 1}, "report": {"b": []}, "note": "c"}
    made = await desk.deployments.deploy("cats", WORKFLOW, inputs=(seed,), **said)
    assert made.inputs == (seed,)
    assert {name: getattr(made, name) for name in said} == said
    assert await DeploymentService(desk.store.deployments).get("cats") == made


async def test_a_version_can_be_pinned_whether_it_answers_or_not(desk: Desk) -> None:
    first = await desk.deploy("cats")
    second = await desk.deploy("cats", OTHER)
    assert [await desk.deployments.version("cats", number) for number in (1, 2)] == [first, second]


@pytest.mark.parametrize("version", [0, -1, 3, 2**31, 2**70])
async def test_a_version_that_was_never_made_is_unknown(desk: Desk, version: int) -> None:
    await desk.deploy("cats")
    await desk.deploy("cats")
    with pytest.raises(UnknownVersion, match="current one is 2"):
        await desk.deployments.version("cats", version)
    with pytest.raises(UnknownVersion):
        await desk.deployments.rollback("cats", version)
    with pytest.raises(UnknownVersion):
        await desk.deployments.set_canary("cats", version, 5)


async def test_no_version_answers_of_a_deployment_that_was_taken_away(desk: Desk) -> None:
    await desk.deploy("cats")
    await desk.deployments.version("cats", 1)
    await desk.deployments.remove("cats")
    for answer in (
        desk.deployments.version("cats", 1),
        desk.deployments.released("cats"),
        desk.deployments.versions("cats"),
        desk.deployments.rollback("cats", 1),
        desk.deployments.set_canary("cats", None),
        desk.deployments.set_canary("cats", 1, 5),
    ):
        with pytest.raises(UnknownDeployment):
            await answer


async def test_rolling_back_takes_effect_at_once_and_goes_back_further_each_time(desk: Desk) -> None:
    for _ in range(2):
        await desk.deploy("cats")
    await desk.deployments.deploy("cats", OTHER, make_current=False)
    await desk.deploy("cats")
    assert (await desk.deployments.get("cats")).version == 4
    for version in (2, 1):
        assert (await desk.deployments.rollback("cats")).version == version
        assert (await desk.deployments.get("cats")).version == version
    with pytest.raises(Conflict, match="before version 1"):
        await desk.deployments.rollback("cats")
    assert (await desk.deployments.rollback("cats", 4)).version == 4
    assert (await desk.deployments.get("cats")).version == 4


async def test_old_jobs_keep_their_version(desk: Desk) -> None:
    job = await desk.submit(await desk.deploy("cats"))
    await desk.deploy("cats", OTHER)
    assert (await desk.jobs.get(desk.caller, job.prompt_id)).version == 1
    assert (await desk.deployments.version("cats", 1)).workflow == WORKFLOW


async def test_a_canary_answers_at_once_until_it_is_ended(desk: Desk) -> None:
    first = await desk.deploy("cats")
    second = await desk.deployments.deploy("cats", OTHER, make_current=False)
    assert await desk.deployments.released("cats") == Released(first)
    assert await desk.deployments.set_canary("cats", 2, 10) == Released(first, second, 10)
    assert await desk.deployments.released("cats") == Released(first, second, 10)
    assert await desk.deployments.get("cats") == first
    assert await desk.deployments.set_canary("cats", None) == Released(first)
    await desk.deployments.set_canary("cats", 2, 10)
    third = await desk.deploy("cats")
    assert await desk.deployments.released("cats") == Released(third)


@pytest.mark.parametrize("percent", [0, -1, 100.1, float("nan"), float("inf")])
async def test_a_canary_takes_a_share_of_the_calls(desk: Desk, percent: float) -> None:
    await desk.deploy("cats")
    await desk.deployments.deploy("cats", OTHER, make_current=False)
    with pytest.raises(BadInput, match="percent"):
        await desk.deployments.set_canary("cats", 2, percent)


async def test_the_current_version_is_no_canary(desk: Desk) -> None:
    await desk.deploy("cats")
    with pytest.raises(BadInput, match="current"):
        await desk.deployments.set_canary("cats", 1, 50)


async def test_versions_are_listed_newest_first(desk: Desk) -> None:
    for _ in range(3):
        await desk.deploy("cats")
    listed = [[summary.version for summary in await desk.deployments.versions("cats", before=before)] for before in (None, 3, 0, -5, 2**70)]
    assert listed == [[3, 2, 1], [2, 1], [], [], [3, 2, 1]]
    with pytest.raises(UnknownDeployment):
        await desk.deployments.versions("dogs")


async def test_only_so_many_versions_stay_in_memory(desk: Desk) -> None:
    for _ in range(VERSIONS_KEPT + 10):
        await desk.deploy("cats")
    for version in range(1, VERSIONS_KEPT + 11):
        assert (await desk.deployments.version("cats", version)).version == version
    assert len(desk.deployments._versions) == VERSIONS_KEPT


async def test_what_was_read_before_a_change_is_not_remembered_after_it(desk: Desk) -> None:
    await desk.deploy("cats")

    class SlowRows(DeploymentRows):
        async def get(self, name: str, known: Known | None = None) -> Released | None:
            found = await super().get(name, known)
            await asyncio.sleep(0)  # as a database on another thread would
            return found

    service = DeploymentService(SlowRows(desk.store._database), desk.clock)
    async with asyncio.TaskGroup() as group:
        group.create_task(service.get("cats"))
        group.create_task(service.deploy("cats", OTHER))
    assert (await service.get("cats")).version == 2
