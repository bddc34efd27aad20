"""The values that a node's widgets have once the editor has opened it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from viewcomfy.core.editor import js
from viewcomfy.core.editor.format import as_text
from viewcomfy.core.editor.graph import Node
from viewcomfy.core.editor.node_class import NodeClass
from viewcomfy.core.editor.widgets import SEEDS, UNSET, Kind, Widget, widgets_of, widgets_of_choice

_ANNOTATED = re.compile(r"\[(input|output|temp)\]", re.IGNORECASE)
_NO_INPUT: Any = object()


@dataclass(frozen=True, slots=True)
class Held:
    """A widget with its value."""

    widget: Widget
    value: Any


def held_by(node: Node, node_class: NodeClass) -> dict[str, Held]:
    """Return the widgets of a node by name, in their order, with the values that were saved, else their defaults."""
    widgets = widgets_of(node_class)
    saved = node.values
    if isinstance(saved, list):
        saved = _without_forced(node_class, widgets, saved)
    held: dict[str, Held] = {}
    for widget, value in _given(widgets, saved):
        known = held.get(widget.name)
        if known is None or not known.widget.sent:
            held[widget.name] = Held(widget, taken(widget, node.set_to.get(widget.name, value)))
    return held


def taken(widget: Widget, value: Any) -> Any:
    """Return what a widget holds after it was given a value."""
    if widget.kind is Kind.BLANK:
        return ""
    if value is UNSET:
        return value
    if widget.kind is Kind.TEXT:
        return "" if value is None else js.text(value).replace("\r\n", "\n").replace("\r", "\n")
    if widget.kind is Kind.FILE:
        return _file(widget, value)
    return value


def _given(widgets: Sequence[Widget], saved: list[Any] | dict[str, Any]) -> Iterator[tuple[Widget, Any]]:
    """Yield widgets with what was saved for them: by place, or by name where names were saved."""
    todo = deque(widgets)
    place = 0
    while todo:
        widget = todo.popleft()
        value = widget.default
        if isinstance(saved, dict):
            value = saved.get(widget.name, value)
        elif widget.saved:
            value = saved[place] if place < len(saved) else value
            place += 1
        if widget.kind is Kind.CHOICE:
            todo.extendleft(reversed(list(widgets_of_choice(widget, value))))
        yield widget, value


def _without_forced(node_class: NodeClass, widgets: Sequence[Widget], saved: list[Any]) -> list[Any]:
    """Leave out what was saved for inputs that had a widget in former editors although they are sockets only."""
    names = {widget.name for widget in widgets}
    once = [spec for spec in node_class.defined if spec.name in names or spec.forced]
    places = sum(2 if js.truthy(spec.options.get("control_after_generate")) or spec.name in SEEDS else 1 for spec in once)
    if places != len(saved) or not any(spec.forced for spec in once):
        return saved
    pairs = zip_longest(once, saved, fillvalue=_NO_INPUT)
    return [UNSET if value is _NO_INPUT else value for spec, value in pairs if spec is _NO_INPUT or not spec.forced]


def _file(widget: Widget, value: Any) -> Any:
    """Return the name of a file in the folder that its class reads from, `name [output]` where that is not the input folder."""
    options: Mapping[str, Any] = widget.spec.options if widget.spec else {}
    if not js.truthy(value):
        return value if widget.default is UNSET else js.text(widget.default)
    folder = as_text(options.get("image_folder")) or "input"
    if not isinstance(value, list):
        return _annotated(value, folder)
    if js.truthy(options.get("allow_batch")):
        return [_annotated(item, folder) for item in value]
    return _annotated(value[0], folder) if value else ""


def _annotated(item: Any, folder: str) -> str:
    if isinstance(item, dict):
        name, below, kind = as_text(item.get("filename")), as_text(item.get("subfolder")), as_text(item.get("type"))
        path = f"{below}/{name}" if below else name
        return path + (f" [{folder}]" if kind and folder != "input" and not _ANNOTATED.search(kind) else "")
    path = js.text(item)
    return path if folder == "input" or _ANNOTATED.search(path) else f"{path} [{folder}]"
