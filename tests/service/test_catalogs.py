"""The catalogs of all backends, as the services see them: through files and through what workers tell."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from tests.service.kit import Desk
from viewcomfy.core.catalog_files import catalog_key, pack, parse
from viewcomfy.core.errors import NoBackend
from viewcomfy.core.inputs import Input, InputKind
from viewcomfy.engine.base import WorkerInfo
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.testing.fake_comfy.fake import FakeComfy

pytestmark = pytest.mark.anyio

CHECKPOINT = {"4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.ckpt"}}}
DECLARED = Input(
    "model", "4-inputs-ckpt_name", "4", "ckpt_name", "CheckpointLoaderSimple", "Load", InputKind.CHOICE, "Model", on_backend=True
)
FIXED = Input("sampler", "3-inputs-sampler_name", "3", "sampler_name", "KSampler", "KSampler", InputKind.CHOICE, "Sampler")


async def keep(desk: Desk, *checkpoints: str, without: str = "") -> str:
    """Put the catalog of a ComfyUI with these models into files; return its revision."""
    fake = FakeComfy(models={"checkpoints": checkpoints})
    raw = json.dumps({name: fake.catalog.describe(name) for name in fake.catalog.classes if name != without}).encode()
    await desk.files.put(catalog_key(parse(raw).revision), chunks(pack(raw)))
    return parse(raw).revision


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def tell(desk: Desk, revisions: Sequence[str | None], worker: str = "test") -> None:
    """Tell, as a worker does, which revisions its backends have."""
    backends: Any = tuple({"name": f"comfyui-{i}", "catalog": revision} for i, revision in enumerate(revisions))
    await desk.engine.present(WorkerInfo(worker, "default", backends))


async def for_ever() -> None:
    """Be a ComfyUI that does not come up."""
    await asyncio.get_running_loop().create_future()


@pytest.fixture
def service(desk: Desk) -> CatalogService:
    return CatalogService(engine=desk.engine, files=desk.files)


async def test_backends_are_named_shortly_where_that_is_clear(desk: Desk, service: CatalogService) -> None:
    revision = await keep(desk, "a.ckpt")
    await tell(desk, [revision, None, revision])
    assert (list(await service.by_backend()), await service.unknown()) == (["comfyui-0", "comfyui-2"], ["comfyui-1"])
    await tell(desk, [revision], worker="other")
    assert sorted(await service.by_backend()) == ["comfyui-2", "other/comfyui-0", "test/comfyui-0"]


async def test_a_catalog_is_read_once(desk: Desk, service: CatalogService) -> None:
    await tell(desk, [await keep(desk, "a.ckpt")] * 2)
    known = await asyncio.gather(*[service.by_backend() for _ in range(5)])
    assert len({id(catalog) for catalogs in known for catalog in catalogs.values()}) == 1
    await desk.files.remove("catalogs/")
    assert len(await service.by_backend()) == 2


async def test_a_worker_from_before_catalogs_is_one_whose_catalog_is_unknown(service: CatalogService) -> None:
    assert (await service.by_backend(), await service.unknown(), await service.merged()) == ({}, ["comfyui-0"], None)


async def test_a_file_that_is_gone_or_damaged_is_an_unknown_catalog(desk: Desk, service: CatalogService) -> None:
    await tell(desk, ["absent"])
    assert await service.unknown() == ["comfyui-0"]
    await desk.files.put(catalog_key("damaged"), chunks(b"\x1f\x8b"))
    await tell(desk, ["damaged"])
    assert await service.unknown() == ["comfyui-0"]
    assert desk.stored() == [], "so that the worker puts it there anew"


async def test_all_catalogs_are_merged_into_one(desk: Desk, service: CatalogService) -> None:
    first, second = await keep(desk, "a.ckpt"), await keep(desk, "b.ckpt")
    await tell(desk, [first])
    alone = await service.merged()
    assert alone
    assert alone.revision == first
    await tell(desk, [first, second])
    both = await service.merged()
    assert both
    assert both is await service.merged()
    assert set(both.classes["CheckpointLoaderSimple"].inputs["ckpt_name"].choices or ()) == {"a.ckpt", "b.ckpt"}


async def test_what_may_be_chosen_is_what_some_backend_offers_that_can_run_the_workflow(desk: Desk, service: CatalogService) -> None:
    able = [await keep(desk, "a.ckpt", "shared.ckpt"), await keep(desk, "b.ckpt", "shared.ckpt")]
    unable = await keep(desk, "c.ckpt", without="CheckpointLoaderSimple")
    await tell(desk, [*able, unable])
    [(key, choices)] = (await service.live_choices(CHECKPOINT, [DECLARED, FIXED])).items()
    assert (key, sorted(choices)) == (DECLARED.key, ["a.ckpt", "b.ckpt", "shared.ckpt"])
    assert await service.live_choices(CHECKPOINT, [FIXED]) == {}
    assert await service.live_choices(CHECKPOINT | {"5": {"class_type": "Absent", "inputs": {}}}, [DECLARED]) == {}


async def test_nothing_is_certain_while_a_backend_is_unknown(desk: Desk, service: CatalogService) -> None:
    revision = await keep(desk, "a.ckpt")
    await tell(desk, [revision, None])
    assert await service.live_choices(CHECKPOINT, [DECLARED]) == {DECLARED.key: ["a.ckpt"]}
    assert await service.live_choices(CHECKPOINT, [DECLARED], certain=True) == {}
    await tell(desk, [revision])
    assert await service.live_choices(CHECKPOINT, [DECLARED], certain=True) == {DECLARED.key: ["a.ckpt"]}


async def test_a_refresh_tells_why_something_is_unknown(desk: Desk, service: CatalogService) -> None:
    outcome: list[Exception] = [NoBackend("ComfyUI ended.", hint="Look at its log.")]

    async def inspect() -> None:
        if outcome:
            raise outcome.pop()
        await tell(desk, [await keep(desk, "a.ckpt")])

    desk.inspect = inspect
    await service.refresh()
    assert service.why_unknown == "ComfyUI ended. Look at its log."
    await service.refresh()
    assert (service.why_unknown, list(await service.by_backend())) == ("", ["comfyui-0"])


async def test_a_refresh_waits_as_long_as_its_caller_can(desk: Desk, service: CatalogService) -> None:
    desk.inspect = for_ever
    await service.refresh(patience=0.01)
    assert "may still be starting" in service.why_unknown


async def test_a_refresh_names_what_nobody_could_ask(desk: Desk, service: CatalogService) -> None:
    await service.refresh()
    assert "comfyui-0" in service.why_unknown
    await tell(desk, [])
    await service.refresh()
    assert "viewcomfy comfyui install" in service.why_unknown


async def test_each_environment_has_catalogs_of_its_own(desk: Desk, service: CatalogService) -> None:
    plain, beside = await keep(desk, "a.ckpt"), await keep(desk, "b.ckpt")
    backends: Any = (
        {"name": "comfyui-0", "catalog": plain},
        {"name": "comfyui-env-0", "catalog": beside, "environment": "env-00000000000a", "aside": True},
        {"name": "comfyui-env-1", "catalog": None, "environment": "env-00000000000a", "aside": True},
    )
    await desk.engine.present(WorkerInfo("test", "default", backends))
    assert list(await service.by_backend()) == ["comfyui-0", "comfyui-env-0"]
    assert list(await service.by_backend("")) == ["comfyui-0"]
    assert list(await service.by_backend("env-00000000000a")) == ["comfyui-env-0"]
    assert (await service.unknown(""), await service.unknown("env-00000000000a")) == ([], ["comfyui-env-1"])
    assert await service.live_choices(CHECKPOINT, [DECLARED], environment="") == {DECLARED.key: ["a.ckpt"]}
    assert await service.live_choices(CHECKPOINT, [DECLARED], environment="env-00000000000a") == {DECLARED.key: ["b.ckpt"]}
    assert await service.merged("env-00000000000b") is None
