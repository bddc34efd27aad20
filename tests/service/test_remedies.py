"""What a deploy says of how to get what is missing, and of a warm-up that could not run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from tests.server.poster import POSTER
from tests.service.kit import Desk
from tests.service.test_deployer import know, wanted
from viewcomfy.core.errors import DeploymentProblems, InvalidParams, InvalidWorkflow
from viewcomfy.core.models import Model
from viewcomfy.core.remedies import Pack, Providers
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.service.conversions import Conversions
from viewcomfy.service.deployer import Deployer
from viewcomfy.service.eligibility import Eligibility
from viewcomfy.service.place import Place
from viewcomfy.service.remedies import explain
from viewcomfy.service.verdicts import Verdicts

pytestmark = pytest.mark.anyio

PACK = Pack("Impact Pack", "https://github.com/i/impact")
CHECKPOINT = "tiny_sd3.safetensors"


class Map:
    """A map of one class, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def find(self, class_types: Iterable[str]) -> Mapping[str, Providers]:
        names = list(class_types)
        self.asked += names
        return {name: Providers((PACK,)) for name in names if name == "FaceDetailer"}


@pytest.fixture
def packs() -> Map:
    return Map()


@pytest.fixture
def deployer(desk: Desk, packs: Map) -> Deployer:
    catalogs = CatalogService(engine=desk.engine, files=desk.files)
    eligibility = Eligibility(Verdicts(), desk.store.needs, catalogs, desk.engine)
    return Deployer(desk.deployments, catalogs, Conversions(catalogs), eligibility, packs.find)


def with_face() -> dict[str, Any]:
    return POSTER | {"77": {"class_type": "FaceDetailer", "inputs": {}}}


async def test_a_deploy_that_lacks_a_class_says_which_pack_to_add(desk: Desk, deployer: Deployer, packs: Map) -> None:
    await know(desk, [CHECKPOINT])
    with pytest.raises(DeploymentProblems) as refused:
        await deployer.deploy("poster", wanted(with_face()))
    [problem] = [problem for problem in refused.value.problems if problem["code"] == "unknown_node_class"]
    assert (problem["packs"], packs.asked) == ([{"name": PACK.name, "url": PACK.url}], ["FaceDetailer"])
    assert f"viewcomfy nodes add {PACK.url}" in problem["message"]


async def test_nobody_is_asked_where_every_backend_has_every_class(desk: Desk, deployer: Deployer, packs: Map) -> None:
    await know(desk, [CHECKPOINT])
    await deployer.deploy("poster", wanted())
    assert packs.asked == []


async def test_a_missing_model_that_the_deployment_has_a_url_for_can_be_fetched(desk: Desk, deployer: Deployer) -> None:
    await know(desk, ["other.safetensors"])
    place = Place(models=[Model("checkpoints", CHECKPOINT, "https://example.com/tiny.safetensors")])
    found = await deployer.check(None, wanted(place=place))
    assert ["--fetch" in problem.message for problem in found.report.problems if problem.code == "missing_model"] == [True]


async def test_what_can_not_be_converted_for_want_of_a_class_says_which_pack_to_add(packs: Map) -> None:
    fault = InvalidWorkflow(
        "It can't be converted.",
        hint="Or export it.",
        problems=[{"code": "unknown_node_class", "class_type": "FaceDetailer"}, {"code": "unknown_node_class", "class_type": "Mine"}],
    )
    await explain(fault, packs.find)
    assert fault.hint == f"Impact Pack brings it: `viewcomfy nodes add {PACK.url}`. Or export it."
    assert [problem.get("packs") for problem in fault.problems] == [[{"name": PACK.name, "url": PACK.url}], None]


async def test_a_warm_up_is_checked_when_it_is_deployed_and_edited(desk: Desk, deployer: Deployer) -> None:
    await know(desk, [CHECKPOINT])
    with pytest.raises(InvalidParams, match="The warm-up can't run"):
        await deployer.deploy("poster", wanted(place=Place(warm_up={"steps": "many"})))
    made = await deployer.deploy("poster", wanted(place=Place(warm_up={"steps": 1})))
    assert made.deployment.warm_up == {"steps": 1}
    assert (await deployer.deploy("poster", wanted())).deployment.warm_up == {"steps": 1}, "as before"
    with pytest.raises(InvalidParams, match="The warm-up can't run"):
        await deployer.edit("poster", {"steps": {"locked": True}}, allow_breaking=True)
    assert (
        await deployer.edit("poster", {"steps": {"locked": True}}, place=Place(warm_up=False), allow_breaking=True)
    ).deployment.warm_up is None
