"""The checker: calls against what the backends have now, asked again before anything is refused for what they lack."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.poster import BROKEN, MISSING_MODEL, POSTER, UNKNOWN_CLASS, with_inputs
from tests.service.kit import Desk
from tests.service.test_deployer import know
from viewcomfy.core.deployments import Deployment
from viewcomfy.core.errors import InvalidParams, InvalidWorkflow, MissingModel, UnknownNodeClass, WorkflowRejected
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.service.checker import KEPT, Checker

pytestmark = pytest.mark.anyio


class Backends:
    """Backends that come to have other models, which is noticed when they are asked."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.models: list[tuple[str, ...] | None] = [("tiny_sd3.safetensors",)]
        self.asked = 0

    async def inspect(self) -> None:
        self.asked += 1
        await know(self.desk, *self.models)


@pytest.fixture
async def backends(desk: Desk) -> Backends:
    made = Backends(desk)
    await know(desk, *made.models)
    return made


@pytest.fixture
def checker(desk: Desk, backends: Backends) -> Checker:
    desk.inspect = backends.inspect
    return Checker(CatalogService(engine=desk.engine, files=desk.files))


async def checked(checker: Checker, params: dict[str, Any]) -> dict[str, Any]:
    inputs = await checker.inputs_of_override(POSTER)
    return (await checker.check(POSTER, inputs, params, {}, overridden=False)).workflow


async def test_a_good_call_asks_nobody(checker: Checker, backends: Backends) -> None:
    workflow = await checked(checker, {"checkpoint": "tiny_sd3.safetensors", "steps": "3"})
    assert (workflow["3"]["inputs"]["steps"], backends.asked) == (3, 0)


async def test_a_model_that_was_added_just_now_is_found(checker: Checker, backends: Backends) -> None:
    backends.models = [("tiny_sd3.safetensors", "new.safetensors")]
    workflow = await checked(checker, {"checkpoint": "new.safetensors"})
    assert (workflow["4"]["inputs"]["ckpt_name"], backends.asked) == ("new.safetensors", 1)


async def test_a_model_that_nobody_has_is_refused_after_they_were_asked(checker: Checker, backends: Backends) -> None:
    with pytest.raises(InvalidParams) as fault:
        await checked(checker, {"checkpoint": "tiny_sd2.safetensors"})
    assert (fault.value.problems[0]["kind"], backends.asked) == ("choice_on_backend", 1)
    with pytest.raises(InvalidParams):
        await checked(checker, {"steps": 0})
    assert backends.asked == 1, "of what is wrong anywhere no backend needs to be asked"


async def test_what_a_backend_may_have_that_nobody_could_ask_is_let_through(checker: Checker, backends: Backends) -> None:
    backends.models = [("tiny_sd3.safetensors",), None]
    workflow = await checked(checker, {"checkpoint": "tiny_sd2.safetensors"})
    assert workflow["4"]["inputs"]["ckpt_name"] == "tiny_sd2.safetensors"


@pytest.mark.parametrize(
    ("workflow", "error"), [(BROKEN, WorkflowRejected), (UNKNOWN_CLASS, UnknownNodeClass), (MISSING_MODEL, MissingModel)]
)
async def test_what_no_backend_could_run_is_refused_with_all_that_is_wrong(
    checker: Checker, backends: Backends, workflow: dict[str, Any], error: type[InvalidWorkflow]
) -> None:
    with pytest.raises(error) as fault:
        await checker.refuse_unfit(workflow)
    assert (type(fault.value), backends.asked) == (error, 1)
    assert fault.value.details["node_id"]
    with pytest.raises(WorkflowRejected) as fault:
        await checker.refuse_unfit(with_inputs(workflow, "3", steps=0))
    assert {problem["code"] for problem in fault.value.problems} > {"out_of_range"}


async def test_a_workflow_is_looked_at_again_once_the_backends_were_asked(checker: Checker, backends: Backends) -> None:
    backends.models = [("tiny_sd4.safetensors",)]
    await checker.refuse_unfit(MISSING_MODEL)
    assert backends.asked == 1


async def test_while_a_backend_is_unknown_only_what_is_wrong_anywhere_is_refused(checker: Checker, backends: Backends) -> None:
    backends.models = [("other.safetensors",), None]
    await backends.inspect()
    await checker.refuse_unfit(POSTER)
    await checker.refuse_unfit(UNKNOWN_CLASS)
    with pytest.raises(WorkflowRejected):
        await checker.refuse_unfit(BROKEN)


async def test_what_one_backend_could_run_is_let_through(checker: Checker, backends: Backends, desk: Desk) -> None:
    backends.models = [("other.safetensors",), ("tiny_sd3.safetensors",)]
    await know(desk, *backends.models)
    await checker.refuse_unfit(POSTER)
    assert backends.asked == 0


async def test_inputs_are_typed_once_for_each_version(checker: Checker) -> None:
    versions = [Deployment("old", number, POSTER, 0.0) for number in range(1, KEPT + 10)]
    first = await checker.inputs(versions[0])
    assert await checker.inputs(versions[0]) is first
    for version in versions[1:]:
        await checker.inputs(version)
    assert len(checker._typed) == KEPT
    assert await checker.inputs(versions[0]) == first
