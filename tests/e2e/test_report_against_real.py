"""The report and a real ComfyUI judge the same broken workflows, and must agree on which can run."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

import httpx2
import pytest

from tests.e2e.workflows import Workflow, node, text_to_image
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.process import ComfyProcess, Launch
from viewcomfy.core.catalog import Catalog
from viewcomfy.core.object_info import read_catalog
from viewcomfy.core.report import Report, report

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

MUTATIONS = 200
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 3, 7.5, 10**30, -(10**30), "", "20", "2.5", "abc", "euler", "simple", "default", "sd3", "no.safetensors",
    "tiny_mmdit.safetensors", "  4 ", "1e3", [], [1], ["1", 0, 0], ["6", 0], ["1", 9], ["9", 0], ["99", 0], ["1", -1], [6, 0], ["1", "x"],
    ["1", 0.5], {}, {"__value__": 3}, {"__value__": [1, 2]},
)  # fmt: skip


def changed(node_id: str, **inputs: Any) -> Workflow:
    """Return the sampling workflow with inputs of one node set, or taken out with `...`."""
    workflow = text_to_image(steps=1, side=64)
    values = workflow[node_id]["inputs"] | inputs
    workflow[node_id]["inputs"] = {name: value for name, value in values.items() if value is not ...}
    return workflow


def without(*node_ids: str) -> Workflow:
    return {node_id: spec for node_id, spec in changed("1").items() if node_id not in node_ids}


def any_source(value: Any) -> Workflow:
    return changed("1") | {"20": node("PreviewAny", source=value)}


SIZE = {"width": 64, "height": 64, "batch_size": 1}
BROKEN: dict[str, tuple[Workflow, str]] = {
    "a class that is not there": (changed("1") | {"20": node("KSamplr")}, "unknown_node_class"),
    "a class that is not there, upstream": (changed("9", images=["20", 0]) | {"20": node("VAEDecodeFast")}, "unknown_node_class"),
    "a model that is not there": (changed("1", unet_name="tiny_mdit.safetensors"), "missing_model"),
    "no model at all": (changed("1", unet_name=None), "invalid_choice"),
    "a model in a folder": (changed("3", vae_name="sub\\tiny_taesd.safetensors"), "missing_model"),
    "a choice that is not there": (changed("7", sampler_name="eulr"), "invalid_choice"),
    "a choice in other letters": (changed("7", scheduler="Simple"), "invalid_choice"),
    "a number for a choice": (changed("2", type=3), "invalid_choice"),
    "below the minimum": (changed("7", steps=0), "out_of_range"),
    "above the maximum": (changed("6", width=10**6), "out_of_range"),
    "a text above the maximum": (changed("6", width="1000000"), "out_of_range"),
    "a fraction above the maximum": (changed("7", denoise=1.01), "out_of_range"),
    "a negative seed": (changed("7", seed=-1), "out_of_range"),
    "a text for a whole number": (changed("7", steps="many"), "wrong_type"),
    "a fraction as text for a whole number": (changed("7", steps="2.0"), "wrong_type"),
    "a text for a number": (changed("7", cfg="high"), "wrong_type"),
    "null for a number": (changed("7", steps=None), "wrong_type"),
    "an object for a number": (changed("7", cfg={}), "wrong_type"),
    "a missing value": (changed("7", steps=...), "missing_input"),
    "a missing connection": (changed("8", vae=...), "missing_input"),
    "a list of three": (changed("8", vae=["3", 0, 0]), "broken_link"),
    "an empty list": (changed("7", steps=[]), "broken_link"),
    "a node that is not there": (without("3"), "broken_link"),
    "a node's id as a number": (changed("8", vae=[3, 0]), "broken_link"),
    "an output that is not there": (changed("8", vae=["3", 1]), "broken_link"),
    "an output below the last": (changed("8", vae=["3", -2]), "broken_link"),
    "an output by its name": (changed("8", vae=["3", "VAE"]), "broken_link"),
    "a connection to a save node": (any_source(["9", 0]), "broken_link"),
    "a type that does not fit": (changed("8", vae=["1", 0]), "link_type"),
    "a connection for a number": (changed("7", steps=["1", 0]), "link_type"),
    "a text for a choice": (changed("7", sampler_name=["20", 0]) | {"20": node("PrimitiveString", value="euler")}, "link_type"),
    "a number for a number of another kind": (changed("7", cfg=["20", 0]) | {"20": node("PrimitiveInt", value=4)}, "link_type"),
    "a node that feeds itself": (changed("9", images=["20", 0]) | {"20": node("ImageInvert", image=["20", 0])}, "cycle"),
    "two nodes in a circle": (
        changed("9", images=["20", 0]) | {"20": node("ImageInvert", image=["21", 0]), "21": node("ImageInvert", image=["20", 0])},
        "cycle",
    ),
    "no output": (without("9"), "no_output"),
    "one of two outputs is broken": (changed("1") | {"20": node("PreviewImage", images=["6", 0])}, "link_type"),
}
FINE: dict[str, Workflow] = {
    "nothing changed": changed("1"),
    "numbers as text": changed("7", steps="1", cfg="4.5", seed=" 7 "),
    "a fraction for a whole number": changed("7", steps=1.9),
    "true for a number": changed("7", cfg=True),
    "a number for a text": changed("4", text=7),
    "null for a text": changed("4", text=None),
    "a value in the editor's wrapping": changed("7", steps={"__value__": 1}),
    "an output counted from the end": changed("8", vae=["3", -1]),
    "an input that nobody knows": changed("7", control_after_generate="fixed"),
    "a list for an input that nobody knows": changed("7", extra=[1, 2, 3]),
    "anything into anything": any_source(["4", 0]),
    "a value for anything": any_source(3),
    "a broken node that feeds nothing": changed("1") | {"20": node("EmptyImage", width=0, color="red")},
    "a lost node that feeds nothing": changed("1") | {"20": node("ImageInvert", image=["99", 0])},
    "a circle that feeds nothing": changed("1") | {"20": node("ImageInvert", image=["21", 0]), "21": node("ImageInvert", image=["20", 0])},
    "a value where a connection belongs": changed("8", vae="the default one"),
    "a number from a node": changed("7", steps=["20", 0]) | {"20": node("PrimitiveInt", value=1)},
}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


class Real:
    """A real ComfyUI and what it says it can do."""

    def __init__(self, http: httpx2.AsyncClient, catalog: Catalog) -> None:
        self.http = http
        self.catalog = catalog

    def report(self, workflow: Workflow) -> Report:
        return report(workflow, {"real": self.catalog})

    async def accepts(self, workflow: Workflow) -> bool:
        """Tell whether it would run all of it; a workflow of which it would leave an output out is refused by our driver."""
        answer = await self.http.post("/prompt", json={"prompt": workflow})
        await self.http.post("/queue", json={"clear": True})
        assert answer.status_code in (200, 400), answer.text
        return answer.status_code == 200 and not answer.json()["node_errors"]


@pytest.fixture(scope="module")
async def real(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Real]:
    process = ComfyProcess(Launch(installation, tmp_path_factory.mktemp("real"), processes=1), on_lines=lambda _: None)
    await process.start()
    async with httpx2.AsyncClient(base_url=process.url, trust_env=False, timeout=60) as http:
        yield Real(http, read_catalog((await http.get("/object_info")).json()))
    await process.stop()


@pytest.mark.parametrize("name", BROKEN)
async def test_what_comfyui_refuses_is_an_error(name: str, real: Real) -> None:
    workflow, code = BROKEN[name]
    found = real.report(workflow)
    assert code in {problem.code for problem in found.errors}
    assert not found.ok
    assert not await real.accepts(workflow)


@pytest.mark.parametrize("name", FINE)
async def test_what_comfyui_accepts_is_no_error(name: str, real: Real) -> None:
    workflow = FINE[name]
    assert not real.report(workflow).errors
    assert await real.accepts(workflow)


async def test_they_agree_on_whatever_a_value_is_changed_to(real: Real) -> None:
    rng = random.Random(3)  # noqa: S311, RUF100 - the same workflows in every run
    bases = [text_to_image(steps=1, side=64), any_source(["8", 0])]
    verdicts: list[bool] = []
    for _ in range(MUTATIONS):
        workflow = deepcopy(rng.choice(bases))
        node_id = rng.choice(list(workflow))
        name = rng.choice(list(workflow[node_id]["inputs"]))
        workflow[node_id]["inputs"][name] = rng.choice(VALUES)
        verdicts.append(await real.accepts(workflow))
        assert real.report(workflow).ok == verdicts[-1], (node_id, name, workflow[node_id]["inputs"][name])
    assert MUTATIONS / 5 < sum(verdicts) < MUTATIONS * 4 / 5  # enough of either kind
