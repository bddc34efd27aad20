"""A workflow is the graph in ComfyUI's API format: node id → class_type and inputs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from viewcomfy.core.errors import BadInput, InvalidJson, InvalidWorkflow, UiWorkflow

EXPORT_HINT = "Send what ComfyUI saves: workflow.json, workflow_api.json (Workflow → Export (API)), or a picture or video that it made."
CONVERT_HINT = "`viewcomfy convert FILE` converts it, with the nodes of your ComfyUI; so does ComfyUI's Workflow → Export (API)."
MAX_NODES = 10_000
MODEL_SUFFIXES = (".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".onnx", ".sft")


def read_json(text: str | bytes, what: str) -> Any:
    """Parse JSON as strictly as JavaScript does; raise InvalidJson naming `what`, the place and the likely cause."""
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as fault:
        place = f" (line {fault.lineno}, column {fault.colno}: {fault.msg})" if isinstance(fault, json.JSONDecodeError) else ""
        hint = "With curl, send JSON with --form-string: -F cuts a value at the first ';'." if what == "params" else None
        raise InvalidJson(f"'{what}' is not valid JSON{place}.", hint=hint) from fault


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):  # 1e999: could be read, but not written as JSON again
        raise ValueError(f"{text} is too large")
    return number


def check_workflow(value: Any, what: str = "workflow_api") -> dict[str, Any]:
    """Return the value if it is a workflow in the API format; raise UiWorkflow or InvalidWorkflow otherwise."""
    if not isinstance(value, dict):
        raise InvalidWorkflow(f"{what} must be a JSON object, not {_kind(value)}.", hint=EXPORT_HINT)
    if isinstance(value.get("nodes"), list):
        raise UiWorkflow(f"{what} is in the format of ComfyUI's editor, not in its API format.", hint=CONVERT_HINT)
    if not value:
        raise InvalidWorkflow(f"{what} has no nodes.", hint=EXPORT_HINT)
    if len(value) > MAX_NODES:
        raise InvalidWorkflow(f"{what} has {len(value)} nodes; {MAX_NODES} is the most.")
    problems = [problem for node_id, node in value.items() if (problem := _node_problem(node_id, node))]
    if problems:
        raise InvalidWorkflow(f"{what} is not a workflow: {problems[0]['message']}", hint=EXPORT_HINT, problems=problems[:20])
    return value


def _node_problem(node_id: str, node: Any) -> dict[str, Any] | None:
    fault = None
    if not isinstance(node, dict):
        fault = f"is {_kind(node)}, not an object"
    elif not isinstance(node.get("class_type"), str) or not node["class_type"]:
        fault = "has no class_type"
    elif not isinstance(node.get("inputs"), dict):
        fault = "has no inputs"
    elif not isinstance(node.get("_meta", {}), dict):
        fault = "has a _meta that is not an object"
    return {"node_id": node_id, "message": f"node {node_id!r} {fault}."} if fault else None


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "null")


def read_workflow(text: str | bytes, what: str = "workflow_api") -> dict[str, Any]:
    """Parse and check a workflow that came as text."""
    if not text.strip():
        raise BadInput(f"{what} is empty.", hint=EXPORT_HINT)
    return check_workflow(read_json(text, what), what)


def is_link(value: Any) -> bool:
    """Tell whether an input's value is a connection to another node, `["38", 0]`."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and type(value[1]) is int


def node_title(node: Mapping[str, Any]) -> str:
    """Return the title that its author gave to a node, or its class."""
    title = (node.get("_meta") or {}).get("title")
    return title if isinstance(title, str) and title else str(node["class_type"])


def literals(workflow: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield (node_id, input_name, value) for every input that is a value and not a link."""
    for node_id, node in workflow.items():
        for name, value in node["inputs"].items():
            if not is_link(value):
                yield node_id, name, value


def seed_inputs(workflow: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (node_id, input_name) of every seed that is a number and not a link."""
    return [(node, name) for node, name, value in literals(workflow) if "seed" in name.lower() and type(value) in (int, float)]


def model_files(workflow: Mapping[str, Any]) -> set[str]:
    """Return the names of the model files that a workflow loads."""
    return {value for _, _, value in literals(workflow) if isinstance(value, str) and value.lower().endswith(MODEL_SUFFIXES)}


def with_output_folder(workflow: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """Return the workflow with every save node writing below `folder`.

    A folder of its own keeps jobs apart, keeps ComfyUI's listing of the folder short, and makes each save node new to
    ComfyUI's cache: an unchanged graph then still saves its files.
    """
    result = dict(workflow)
    for node_id, name, value in literals(workflow):
        if name == "filename_prefix" and isinstance(value, str):
            node = result[node_id]
            result[node_id] = {**node, "inputs": {**node["inputs"], name: f"{folder}/{value}"}}
    return result
