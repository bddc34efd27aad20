"""Object info is what a ComfyUI says of its node classes (`GET /object_info`); here it becomes a catalog."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from viewcomfy.core.catalog import Catalog, InputSpec, NodeClass

_SECTIONS = ("required", "optional")  # `hidden` ones are filled in by ComfyUI itself
_UPLOADS = {"image": "image", "animated_image": "image", "video": "video", "audio": "audio"}
_MAX_GROWN = 100  # inputs of one list that grows, and levels of nesting: ComfyUI's own bounds are below these
_MAX_DEPTH = 8
_SPEC_FIELDS = tuple(field.name for field in fields(InputSpec))


def read_catalog(object_info: Mapping[str, Any]) -> Catalog:
    """Return what the answer of `GET /object_info` describes; what makes no sense in it is left out, nothing is raised.

    Inputs that only exist for one choice of another, or as many as are connected, get the dotted names that workflows use for
    them (`model.width`, `images.image0`). The files in ComfyUI's input folder are no choices: they change with every job.
    """
    classes = {
        class_type: _node_class(class_type, info)
        for class_type, info in _mapping(object_info).items()
        if isinstance(class_type, str) and class_type and isinstance(info, Mapping)
    }
    return Catalog(classes, _revision(classes, object_info))


def merge(catalogs: Iterable[Catalog]) -> Catalog:
    """Return the union: every class of any of them, with all choices and the widest limits that one of them has."""
    distinct = list({catalog.revision or f"#{id(catalog)}": catalog for catalog in catalogs}.values())
    if len(distinct) == 1:
        return distinct[0]
    classes: dict[str, NodeClass] = {}
    for catalog in distinct:
        for class_type, found in catalog.classes.items():
            known = classes.get(class_type)
            classes[class_type] = found if known is None else _both(known, found)
    return Catalog(classes, _short_hash([catalog.revision for catalog in distinct]) if distinct else "")


# --- one class --------------------------------------------------------------------------------------------------------
def _node_class(class_type: str, info: Mapping[str, Any]) -> NodeClass:
    inputs: dict[str, InputSpec] = {}
    sections = _mapping(info.get("input"))
    for section in _SECTIONS:
        for spec in _section(_mapping(sections.get(section)), "", section == "required", 0):
            known = inputs.get(spec.name)
            inputs[spec.name] = spec if known is None else _widest(known, spec)
    outputs = info.get("output")
    return NodeClass(
        class_type=class_type,
        display_name=_text(info.get("display_name")) or class_type,
        inputs=inputs,
        outputs=tuple(_output(kind) for kind in outputs) if isinstance(outputs, list | tuple) else (),
        is_output=bool(info.get("output_node")),
    )


def _output(kind: Any) -> str:
    if isinstance(kind, list | tuple):
        return "COMBO"
    return kind if isinstance(kind, str) and kind != "COMFY_MATCHTYPE_V3" else "*"


# --- one input --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Raw:
    """One input as object_info writes it: `["INT", {…}]`, `[["a", "b"], {…}]`, or a bare `"INT"`."""

    name: str
    kind: Any
    options: Mapping[str, Any]
    required: bool
    depth: int


def _section(section: Mapping[str, Any], prefix: str, required: bool, depth: int) -> Iterator[InputSpec]:
    for name, value in section.items():
        if isinstance(name, str) and depth < _MAX_DEPTH:
            yield from _specs(_raw(prefix + name, value, required, depth))


def _raw(name: str, value: Any, required: bool, depth: int) -> _Raw:
    parts = value if isinstance(value, list | tuple) else [value]
    return _Raw(name, parts[0] if parts else None, _mapping(parts[1]) if len(parts) > 1 else {}, required, depth)


def _specs(raw: _Raw) -> Iterator[InputSpec]:
    if isinstance(raw.kind, list | tuple):
        yield _spec(raw, "COMBO", _choices(raw.kind))
    elif not isinstance(raw.kind, str) or not raw.kind:
        return
    elif raw.kind in _DYNAMIC:
        yield from _DYNAMIC[raw.kind](raw)
    elif raw.kind == "COMBO":
        yield _spec(raw, "COMBO", _choices(raw.options.get("options")))
    else:
        yield _spec(raw, raw.kind, None)


def _spec(raw: _Raw, kind: str, choices: tuple[Any, ...] | None) -> InputSpec:
    options = raw.options
    minimum, maximum, step = (_number(options.get(name)) for name in ("min", "max", "step"))
    if minimum is not None and maximum is not None and minimum > maximum:
        minimum = maximum = None
    upload = _upload(options)
    several = options.get("multiselect") or options.get("multi_select")
    return InputSpec(
        name=raw.name,
        type=kind,
        required=raw.required,
        default=options.get("default"),
        minimum=minimum,
        maximum=maximum,
        step=step if step is not None and step > 0 else None,
        choices=None if upload or several or options.get("remote") else choices,
        multiline=options.get("multiline") is True,
        upload=upload,
        tooltip=_text(options.get("tooltip")),
    )


def _upload(options: Mapping[str, Any]) -> str:
    for name, value in options.items():
        if value is True and isinstance(name, str) and name.endswith("_upload"):
            return _UPLOADS.get(name.removesuffix("_upload"), "file")
    return ""


def _choices(values: Any) -> tuple[Any, ...] | None:
    if not isinstance(values, list | tuple):
        return None
    return _distinct(value for value in values if isinstance(value, str | int | float))


def _distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple({(type(value), value): value for value in values}.values())  # 1 and True are equal, but not the same choice


# --- inputs that come and go ------------------------------------------------------------------------------------------
def _dynamic_combo(raw: _Raw) -> Iterator[InputSpec]:
    """Yield the choice itself and the inputs of every choice, none of them required: which ones there are depends on it."""
    given = raw.options.get("options")
    options = [option for option in given if isinstance(option, Mapping)] if isinstance(given, list | tuple) else []
    yield _spec(raw, "COMBO", _choices([option.get("key") for option in options]))
    for option in options:
        yield from _nested(raw, option.get("inputs"))


def _dynamic_slot(raw: _Raw) -> Iterator[InputSpec]:
    yield _spec(raw, _text(raw.options.get("slotType")) or "*", None)
    yield from _nested(raw, raw.options.get("inputs"))


def _nested(raw: _Raw, inputs: Any) -> Iterator[InputSpec]:
    for section in _SECTIONS:
        yield from _section(_mapping(_mapping(inputs).get(section)), f"{raw.name}.", False, raw.depth + 1)


def _autogrow(raw: _Raw) -> Iterator[InputSpec]:
    template = _mapping(raw.options.get("template"))
    inputs = _mapping(template.get("input"))
    for section in _SECTIONS:
        for value in list(_mapping(inputs.get(section)).values())[:1]:
            for place, name in enumerate(_grown_names(template)):
                needed = raw.required and section == "required" and place < (_number(template.get("min")) or 0)
                yield from _section({name: value}, f"{raw.name}.", needed, raw.depth + 1)


def _grown_names(template: Mapping[str, Any]) -> list[str]:
    names = template.get("names")
    if isinstance(names, list | tuple):
        return [name for name in names if isinstance(name, str)][:_MAX_GROWN]
    return [f"{_text(template.get('prefix'))}{place}" for place in range(_count(template.get("max"), 10))]


def _dynamic_group(raw: _Raw) -> Iterator[InputSpec]:
    template = _mapping(raw.options.get("template"))
    for row in range(_count(raw.options.get("max"), 20)):
        for section in _SECTIONS:
            yield from _section(_mapping(template.get(section)), f"{raw.name}.{row}.", False, raw.depth + 1)


def _match_type(raw: _Raw) -> Iterator[InputSpec]:
    allowed = _text(_mapping(raw.options.get("template")).get("allowed_types"))
    yield _spec(raw, allowed or "*", None)


_DYNAMIC = {
    "COMFY_DYNAMICCOMBO_V3": _dynamic_combo,
    "COMFY_DYNAMICSLOT_V3": _dynamic_slot,
    "COMFY_AUTOGROW_V3": _autogrow,
    "COMFY_DYNAMICGROUP_V3": _dynamic_group,
    "COMFY_MATCHTYPE_V3": _match_type,
}


# --- union ------------------------------------------------------------------------------------------------------------
def _both(first: NodeClass, second: NodeClass) -> NodeClass:
    if first == second:
        return first
    inputs: dict[str, InputSpec] = {}
    for name in {**first.inputs, **second.inputs}:
        one, other = first.inputs.get(name), second.inputs.get(name)
        if one and other:
            inputs[name] = _widest(one, other)
        elif only := one or other:
            inputs[name] = replace(only, required=False)
    return replace(first, inputs=inputs, is_output=first.is_output or second.is_output)


def _widest(one: InputSpec, other: InputSpec) -> InputSpec:
    """Return a spec that takes what either takes."""
    if one == other:
        return one
    none = None in (one.minimum, other.minimum), None in (one.maximum, other.maximum), None in (one.choices, other.choices)
    return replace(
        one,
        required=one.required and other.required,
        minimum=None if none[0] else min(one.minimum or 0, other.minimum or 0),
        maximum=None if none[1] else max(one.maximum or 0, other.maximum or 0),
        step=one.step if one.step == other.step else None,
        choices=None if none[2] else _distinct((*(one.choices or ()), *(other.choices or ()))),
        multiline=one.multiline or other.multiline,
        upload=one.upload or other.upload,
    )


# --- odds and ends ----------------------------------------------------------------------------------------------------
def _revision(classes: Mapping[str, NodeClass], object_info: Mapping[str, Any]) -> str:
    return _short_hash([[name, *_class_values(found), _said(object_info[name].get("input"))] for name, found in sorted(classes.items())])


def _class_values(found: NodeClass) -> list[Any]:
    return [found.display_name, found.outputs, found.is_output, [_values(spec) for spec in found.inputs.values()]]


def _said(sections: Any) -> list[Any]:
    """Return the words and switches of inputs: a catalog leaves most out, and what the editor makes of widgets depends on them."""
    return [
        [section, name, [[key, said] for key, said in _mapping(value[1]).items() if isinstance(said, bool | str)]]
        for section, inputs in _mapping(sections).items()
        for name, value in _mapping(inputs).items()
        if isinstance(value, list | tuple) and len(value) > 1
    ]


def _values(spec: InputSpec) -> list[Any]:
    return [getattr(spec, name) for name in _SPEC_FIELDS]


def _short_hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, default=str, skipkeys=True).encode()).hexdigest()[:16]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value


def _count(value: Any, default: int) -> int:
    number = _number(value)
    return default if number is None else max(0, min(int(number), _MAX_GROWN))
