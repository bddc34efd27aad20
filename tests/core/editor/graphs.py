"""Small workflows in the editor's format, and object info for their classes."""

from __future__ import annotations

from typing import Any

from viewcomfy.core.editor.convert import convert

OBJECT_INFO: dict[str, Any] = {
    "Loader": {
        "input": {"required": {"ckpt_name": [["a.safetensors", "b.safetensors"]]}},
        "output": ["MODEL", "CLIP", "VAE"],
        "display_name": "Load Checkpoint",
    },
    "Sampler": {
        "input": {
            "required": {
                "model": ["MODEL"],
                "seed": ["INT", {"default": 0, "min": 0, "max": 2**64 - 1, "control_after_generate": True}],
                "steps": ["INT", {"default": 20, "min": 1, "max": 100}],
                "cfg": ["FLOAT", {"default": 8.0}],
                "sampler_name": [["euler", "dpm"]],
            },
            "optional": {"latent": ["LATENT"]},
        },
        "input_order": {"required": ["model", "seed", "steps", "cfg", "sampler_name"], "optional": ["latent"]},
        "output": ["LATENT"],
        "display_name": "Sampler",
    },
    "Encode": {
        "input": {"required": {"text": ["STRING", {"multiline": True, "dynamicPrompts": True}], "clip": ["CLIP"]}},
        "output": ["CONDITIONING"],
        "display_name": "Text Encode",
    },
    "Upscale": {"input": {"required": {"image": ["IMAGE"], "mask": ["MASK"]}}, "output": ["IMAGE", "MASK"]},
    "Blend": {"input": {"required": {"one": ["IMAGE"], "other": ["IMAGE"]}}, "output": ["IMAGE"]},
    "LoadImage": {
        "input": {"required": {"image": [["example.png", "other.png"], {"image_upload": True}]}},
        "input_order": {"required": ["image"]},
        "output": ["IMAGE", "MASK"],
        "display_name": "Load Image",
    },
    "SaveImage": {
        "input": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING", {"default": "ComfyUI"}]}},
        "output": [],
        "display_name": "Save Image",
    },
    "Any": {"input": {"required": {"value": ["*"]}}, "output": ["*"], "display_name": "Any"},
    "Text": {"input": {"required": {"value": ["STRING", {"multiline": True}]}}, "output": ["STRING"], "display_name": "Text"},
    "Number": {"input": {"required": {"value": ["INT", {"default": 1, "min": 0, "max": 10}]}}, "output": ["INT"]},
}


def node(node_id: int | str, kind: str, values: Any = (), links: dict[str, int] | None = None, **more: Any) -> dict[str, Any]:
    """A node; `links` are the ids of the links that come to its inputs, by their names. A name with * is that of a widget's input."""
    inputs = []
    for name, link in (links or {}).items():
        own = name.strip("*")
        inputs.append({"name": own, "type": "*", "link": link, **({"widget": {"name": own}} if "*" in name else {})})
    saved = values if isinstance(values, dict) else list(values)
    return {"id": node_id, "type": kind, "mode": 0, "inputs": inputs, "outputs": [], "widgets_values": saved, "properties": {}, **more}


def workflow(*nodes: dict[str, Any], links: Any = (), subgraphs: Any = (), **more: Any) -> dict[str, Any]:
    """A workflow of version 0.4; links are (id, from node, its output, to node)."""
    written = [[link, origin, slot, target, 0, "*"] for link, origin, slot, target in links]
    return {"version": 0.4, "nodes": list(nodes), "links": written, "definitions": {"subgraphs": list(subgraphs)}, **more}


def subgraph(name: str, *nodes: dict[str, Any], links: Any = (), inputs: Any = (), outputs: Any = ()) -> dict[str, Any]:
    """A subgraph; links as of `workflow`, with "in" and "out" for its ends; inputs and outputs are (name, type, ids of links)."""
    ends = {"in": -10, "out": -20}
    return {
        "id": name,
        "name": name,
        "nodes": list(nodes),
        "links": [
            {
                "id": link,
                "origin_id": ends.get(origin, origin),
                "origin_slot": slot,
                "target_id": ends.get(target, target),
                "target_slot": 0,
            }
            for link, origin, slot, target in links
        ],
        "inputs": [{"name": port, "type": kind, "linkIds": list(ids)} for port, kind, ids in inputs],
        "outputs": [{"name": port, "type": kind, "linkIds": list(ids)} for port, kind, ids in outputs],
    }


def api(graph: dict[str, Any], **classes: Any) -> dict[str, Any]:
    """The workflow in the API format, as inputs by node; `classes` are added to the object info."""
    converted = convert(graph, {**OBJECT_INFO, **classes}).workflow_api
    return {node_id: found["inputs"] for node_id, found in converted.items()}


def inputs_of(kind: str, values: Any, **classes: Any) -> dict[str, Any]:
    """The inputs of a single node."""
    found: dict[str, Any] = api(workflow(node(1, kind, values)), **classes)["1"]
    return found
