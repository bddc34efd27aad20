"""Workflows as ComfyUI's editor saves them, and what they are in the API format."""

from __future__ import annotations

from typing import Any

MODEL = {"name": "tiny_sd3.safetensors", "url": "https://models.example/tiny_sd3.safetensors", "directory": "checkpoints"}


def node(number: int, kind: str, values: list[Any], **more: Any) -> dict[str, Any]:
    """Return a node as the editor writes it."""
    plain = {"pos": [0, 0], "size": [210, 58], "flags": {}, "order": number, "mode": 0, "inputs": [], "outputs": [], "properties": {}}
    return {"id": number, "type": kind, **plain, "widgets_values": values, **more}


def picture(prefix: str = "pic", **more: Any) -> dict[str, Any]:
    """Return what saves a black picture, with a note beside it; `more` are fields of the first node."""
    made = {"outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}], **more}
    return {
        "last_node_id": 9,
        "last_link_id": 1,
        "nodes": [
            node(1, "EmptyImage", [8, 8, 1, 0], **made),
            node(3, "Note", ["not to be run"]),
            node(9, "SaveImage", [prefix], inputs=[{"name": "images", "type": "IMAGE", "link": 1}]),
        ],
        "links": [[1, 1, 0, 9, 0, "IMAGE"]],
        "groups": [],
        "config": {},
        "extra": {},
        "version": 0.4,
    }


def picture_api(prefix: str = "pic") -> dict[str, Any]:
    """Return what `picture` is in the API format, without titles."""
    return {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}},
        "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": prefix, "images": ["1", 0]}},
    }


def untitled(workflow: dict[str, Any]) -> dict[str, Any]:
    """Return a workflow in the API format without titles."""
    return {node_id: {name: value for name, value in one.items() if name != "_meta"} for node_id, one in workflow.items()}
