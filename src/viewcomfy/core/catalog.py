"""A catalog is what one ComfyUI can do: its node classes with their typed inputs and outputs, from `GET /object_info`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WIDGETS = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"})
"""The types that ComfyUI draws a widget for: those whose value a workflow can hold."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input of a node class.

    `type` is ComfyUI's word (`INT`, `MODEL`, `COMBO`, `INT,FLOAT`, `*`). `choices` is None where any value will do. `upload`
    is `image`, `video`, `audio` or `file` for an input that takes an uploaded file, else empty.
    """

    name: str
    type: str
    required: bool
    default: Any = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    step: int | float | None = None
    choices: tuple[Any, ...] | None = None
    multiline: bool = False
    upload: str = ""
    tooltip: str = ""


@dataclass(frozen=True, slots=True)
class NodeClass:
    """One node class: `outputs` are the types of its slots in order; `is_output` nodes are what makes a workflow run."""

    class_type: str
    display_name: str
    inputs: Mapping[str, InputSpec]
    outputs: tuple[str, ...] = ()
    is_output: bool = False


@dataclass(frozen=True, slots=True)
class Catalog:
    """The node classes of one ComfyUI, by class_type. Equal `revision`s mean equal catalogs."""

    classes: Mapping[str, NodeClass]
    revision: str = ""
