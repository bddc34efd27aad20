"""Deployments: made in versions, found by name, taken away."""

from __future__ import annotations

import pytest

from tests.service.kit import WORKFLOW, Desk
from viewcomfy.core.errors import InvalidName, InvalidWorkflow, UiWorkflow, UnknownDeployment
from viewcomfy.service.deployments import CACHE_SECONDS, DeploymentService

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
