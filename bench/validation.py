"""How long the check of one call takes, on a graph of 300 nodes: `python -m bench.validation`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from viewcomfy.core.errors import BadInput
from viewcomfy.core.inputs import Choice, Input, InputKind
from viewcomfy.core.params import Target, flatten
from viewcomfy.core.sent_files import SentFile
from viewcomfy.core.validation import check

MODELS = [f"SDXL/checkpoint_{number:04}_fp16.safetensors" for number in range(1000)]
SAMPLERS = [f"sampler_{number}" for number in range(40)]
_SIX = (
    ("CheckpointLoaderSimple", {"ckpt_name": MODELS[7]}),
    ("CLIPTextEncode", {"text": "a cat in a basket", "clip": ["{first}", 1]}),
    ("LoadImage", {"image": "example.png"}),
    (
        "KSampler",
        {
            "seed": 7, "steps": 20, "cfg": 8.0, "sampler_name": SAMPLERS[0], "scheduler": SAMPLERS[1], "denoise": 1.0, "tiled": False,
            "start": 0, "end": 100, "noise": 0.5, "model": ["{first}", 0],
        },
    ),
    ("EmptyLatentImage", {"width": 512, "height": 512, "batch_size": 1}),
    ("SaveImage", {"filename_prefix": "bench", "quality": 90, "lossless": True, "images": ["{first}", 2]}),
)  # fmt: skip
_KINDS = {"seed": InputKind.SEED, "image": InputKind.IMAGE, "ckpt_name": InputKind.CHOICE}


def graph(nodes: int) -> dict[str, Any]:
    """Return a workflow of about that many nodes, 3 inputs each that a call can set."""
    workflow: dict[str, Any] = {}
    for number in range(nodes):
        class_type, values = _SIX[number % len(_SIX)]
        first = str(number - number % len(_SIX))
        given = {name: [first, value[1]] if isinstance(value, list) else value for name, value in values.items()}
        workflow[str(number)] = {"class_type": class_type, "inputs": given}
    return workflow


def declared(workflow: dict[str, Any]) -> list[Input]:
    """Return the inputs of the graph, with limits and choices as a real ComfyUI gives them."""
    return [
        _declared(Target(node_id, name), node["class_type"], value)
        for node_id, node in workflow.items()
        for name, value in node["inputs"].items()
        if not isinstance(value, list)
    ]


def _declared(target: Target, class_type: str, value: Any) -> Input:
    kinds = {bool: InputKind.BOOLEAN, int: InputKind.INTEGER, float: InputKind.NUMBER, str: InputKind.TEXT}
    choices = {"ckpt_name": MODELS, "sampler_name": SAMPLERS, "scheduler": SAMPLERS}.get(target.input_name)
    return Input(
        name=f"{target.input_name}_{target.node_id}",
        key=target.key,
        node_id=target.node_id,
        input_name=target.input_name,
        class_type=class_type,
        node_title=class_type,
        kind=InputKind.CHOICE if choices else _KINDS.get(target.input_name, kinds[type(value)]),
        label=target.input_name,
        default=value,
        minimum=0 if type(value) in (int, float) else None,
        maximum=2**64 - 1 if type(value) in (int, float) else None,
        choices=tuple(Choice(choice, choice) for choice in choices) if choices else None,
        on_backend=target.input_name == "ckpt_name",
    )


def _changed(one: Input) -> Any:
    """Return another value than the workflow's, as a form sends it: numbers as text."""
    if one.choices:
        return one.choices[-1].value
    return {"seed": "11", "integer": "30", "number": "7.5", "boolean": "true"}.get(one.kind.value, "another.png")


def milliseconds(call: Callable[[], Any], runs: int = 30) -> tuple[float, float]:
    """Return the median and the worst time of a call."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times), max(times)


def measure(nodes: int = 300) -> None:
    """Print what the check of a call costs, from one param to every param there is, and when all of them are wrong."""
    workflow = graph(nodes)
    inputs = declared(workflow)
    live = {one.key: MODELS for one in inputs if one.on_backend}
    every = {one.key: _changed(one) for one in inputs}
    calls: dict[str, tuple[dict[str, Any], dict[str, SentFile]]] = {
        "nothing said": ({}, {}),
        "one param": ({inputs[1].name: "a dog"}, {}),
        "20 params and a file": ({one.name: _changed(one) for one in inputs[:20]}, {"image_2": SentFile("image/png", 5)}),
        f"{len(inputs)} params, all new": (every, {}),
        f"{len(inputs)} params, all new, by name": ({one.name: _changed(one) for one in inputs}, {}),
        "the flattened workflow": (flatten(workflow), {}),
        "one misspelt name": ({"txt_1": "a dog"}, {}),
        f"{len(inputs)} misspelt names": ({f"{one.key}x": 1 for one in inputs}, {}),
        f"{len(inputs)} wrong values": (dict.fromkeys(every, "nonsense.safetensors"), {}),
    }
    print(f"check of a call: {len(workflow)} nodes, {len(inputs)} inputs, {len(MODELS)} models to choose from")
    for what, (params, files) in calls.items():

        def call(params: dict[str, Any] = params, files: dict[str, SentFile] = files) -> None:
            with suppress(BadInput):
                check(workflow, inputs, params, files, live=live)

        median, worst = milliseconds(call)
        print(f"  {what}: {median:.2f} ms (worst {worst:.2f})")


if __name__ == "__main__":
    measure()
