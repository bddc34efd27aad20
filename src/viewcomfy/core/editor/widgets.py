"""The widgets that the editor shows for a node class: which there are, in which order, and which of them are saved or sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from viewcomfy.core.editor import js
from viewcomfy.core.editor.format import as_dict, as_list, as_text
from viewcomfy.core.editor.node_class import NodeClass, Spec, read_spec

SEEDS = ("seed", "noise_seed")
_MOST_GROWN = 100


class Unset(Enum):
    """What a widget holds that has no value at all: it is not sent."""

    UNSET = "unset"


UNSET = Unset.UNSET


class Kind(Enum):
    """How a widget treats the value that it is given."""

    PLAIN = "plain"
    TEXT = "text"  # a box of several lines: whatever it is given becomes text
    BLANK = "blank"  # shows something, and never has a value of its own
    FILE = "file"  # a file of an upload folder
    CHOICE = "choice"  # each choice brings inputs of its own
    CURVE = "curve"  # its value is sent with a mark of what it is


@dataclass(frozen=True, slots=True)
class Widget:
    """One widget. `saved`: it has a place among the saved values. `sent`: it goes into the prompt."""

    name: str
    default: Any = UNSET
    saved: bool = True
    sent: bool = True
    kind: Kind = Kind.PLAIN
    dynamic: bool = False
    """Whether `{one|other}` and comments in its text are resolved when it is sent."""
    spec: Spec | None = None


def has_widget(spec: Spec) -> bool:
    """Tell whether an input is shown as a widget, and not as a socket only."""
    return spec.widget_type in _MAKERS and not spec.forced


def widgets_of(node_class: NodeClass) -> tuple[Widget, ...]:
    """Return the widgets of a new node of a class, in their order."""
    found = [widget for spec in node_class.specs for widget in widgets_for(spec)]
    uploads = {as_text(spec.options.get("imageInputName")): spec for spec in node_class.specs if spec.type == "IMAGEUPLOAD"}
    found = [_file(widget, uploads[widget.name]) if widget.name in uploads else widget for widget in found]
    return (*found, *_EXTRA.get(node_class.name, ()))


def widgets_for(spec: Spec) -> Iterator[Widget]:
    """Yield the widgets of one input, those that belong to it (such as `control_after_generate`) after it."""
    if spec.type == "COMFY_AUTOGROW_V3":
        for grown in _grown(spec):
            yield from widgets_for(grown)
    elif has_widget(spec):
        yield from _MAKERS[spec.widget_type](spec)


def widgets_of_choice(widget: Widget, value: Any) -> Iterator[Widget]:
    """Yield the widgets that a choice of a dynamic combo brings, named below it: `mode.strength`."""
    if widget.spec is None:
        return
    for option in as_list(widget.spec.options.get("options")):
        if as_dict(option).get("key") == value and isinstance(value, str):
            yield from (inner for spec in _inputs_of(option, widget.name) for inner in widgets_for(spec))
            return


def _inputs_of(option: Mapping[str, Any], name: str) -> Iterator[Spec]:
    inputs = as_dict(option.get("inputs"))
    for part in ("required", "optional"):
        for key, raw in as_dict(inputs.get(part)).items():
            spec = read_spec(f"{name}.{key}", raw)
            if spec:
                yield spec


def _grown(spec: Spec) -> Iterator[Spec]:
    """Yield the inputs of a list that grows as it is when it is new."""
    template = as_dict(spec.options.get("template"))
    names, prefix = as_list(template.get("names")), as_text(template.get("prefix"))
    minimum, most = template.get("min"), template.get("max")
    count = min(max(1, minimum + 1 if type(minimum) is int else 2), most if type(most) is int else _MOST_GROWN, _MOST_GROWN)
    parts = as_dict(template.get("input"))
    raws = [item for part in ("required", "optional") for item in as_dict(parts.get(part)).items()]
    for number in range(len(names[:count]) if names else count):
        for key, raw in raws:
            own = as_text(names[number]) if names else f"{prefix if len(raws) == 1 else key}{number}"
            inner = read_spec(f"{spec.name}.{own}", raw)
            if inner and own:
                yield inner


# --- one input --------------------------------------------------------------------------------------------------------
def _default(spec: Spec, otherwise: Any) -> Any:
    found = spec.options.get("default")
    return otherwise if found is None else found


def _controls(spec: Spec, *, seed: bool) -> bool:
    found = spec.options.get("control_after_generate")
    return js.truthy(found) if found is not None else seed


def _control(spec: Spec) -> Widget:
    found = spec.options.get("control_after_generate")
    return Widget(found if isinstance(found, str) else "control_after_generate", "randomize", sent=False)


def _integer(spec: Spec) -> Iterator[Widget]:
    yield Widget(spec.name, _default(spec, 0), spec=spec)
    if _controls(spec, seed=spec.name in SEEDS):
        yield _control(spec)


def _float(spec: Spec) -> Iterator[Widget]:
    yield Widget(spec.name, _default(spec, 0), spec=spec)


def _string(spec: Spec) -> Iterator[Widget]:
    several = js.truthy(spec.options.get("multiline"))
    dynamic = spec.options.get("dynamicPrompts") is True
    yield Widget(spec.name, _default(spec, ""), kind=Kind.TEXT if several else Kind.PLAIN, dynamic=dynamic)


def _combo(spec: Spec) -> Iterator[Widget]:
    if js.truthy(spec.options.get("multi_select")):
        yield Widget(spec.name, [])
        return
    yield Widget(spec.name, _first_choice(spec))
    remote = spec.options.get("remote")
    if js.truthy(remote):
        yield Widget("Auto-refresh after generation", default=False, sent=False)
        if js.truthy(as_dict(remote).get("refresh_button")):
            yield Widget("refresh", "refresh")
    if _controls(spec, seed=False):
        yield _control(spec)
        yield Widget("control_filter_list", "", sent=False)


def _first_choice(spec: Spec) -> Any:
    if js.truthy(spec.options.get("default")):
        return spec.options["default"]
    options = as_list(spec.options.get("options"))
    if options:
        return options[0]
    return "Loading..." if js.truthy(spec.options.get("remote")) else UNSET


def _dynamic_combo(spec: Spec) -> Iterator[Widget]:
    keys = [as_dict(option).get("key") for option in as_list(spec.options.get("options"))]
    yield Widget(spec.name, keys[0] if keys else UNSET, kind=Kind.CHOICE, spec=spec)


def _scene(_: Spec) -> Iterator[Widget]:
    yield Widget("upload 3d model", "upload3dmodel")
    yield Widget("upload extra resources", "uploadExtraResources")
    yield Widget("clear", "clear")
    yield Widget("image", "", kind=Kind.BLANK)


def _box(spec: Spec) -> Iterator[Widget]:
    box = {"x": 0, "y": 0, "width": 512, "height": 512}
    yield Widget(spec.name, _default(spec, box))
    for name, value in box.items():
        yield Widget(name, value, sent=False)


def _recorder(spec: Spec) -> Iterator[Widget]:
    yield Widget(spec.name, "", kind=Kind.BLANK)
    yield Widget(spec.name, "", sent=False)


def _plain(otherwise: Any, kind: Kind = Kind.PLAIN, *, saved: bool = True, sent: bool = True) -> Callable[[Spec], Iterator[Widget]]:
    def make(spec: Spec) -> Iterator[Widget]:
        yield Widget(spec.name, _default(spec, otherwise), kind=kind, saved=saved, sent=sent)

    return make


def _named(name: str) -> Callable[[Spec], Iterator[Widget]]:
    def make(_: Spec) -> Iterator[Widget]:
        yield Widget(name, "", kind=Kind.BLANK)

    return make


def _file(widget: Widget, upload: Spec) -> Widget:
    return Widget(widget.name, widget.default, kind=Kind.FILE, spec=upload)


_MAKERS: Mapping[str, Callable[[Spec], Iterator[Widget]]] = {
    "INT": _integer,
    "FLOAT": _float,
    "BOOLEAN": _plain(otherwise=False),
    "STRING": _string,
    "COMBO": _combo,
    "MARKDOWN": _plain("", Kind.TEXT),
    "TEXTAREA": _plain(""),
    "COLOR": _plain("#000000"),
    "IMAGECOMPARE": _plain(["", ""]),
    "CHART": _plain({}),
    "GALLERIA": _plain([]),
    "IMAGEUPLOAD": _plain("image", sent=False),
    "AUDIOUPLOAD": _plain("", sent=False),
    "AUDIO_UI": _plain("", Kind.BLANK, saved=False),
    "AUDIO_RECORD": _recorder,
    "WEBCAM": _plain("", Kind.BLANK),
    "LOAD_3D": _scene,
    "PREVIEW_3D": _named("image"),
    "COMFY_DYNAMICCOMBO_V3": _dynamic_combo,
    "BOUNDING_BOX": _box,
    "BOUNDING_BOXES": _plain([]),
    "COLORS": _plain([]),
    "COMPOSITOR": _plain({}),
    "CURVE": _plain({"points": [[0, 0], [1, 1]], "interpolation": "monotone_cubic"}, Kind.CURVE),
    "PAINTER": _plain(UNSET),
    "RANGE": _plain({"min": 0.0, "max": 1.0}),
    "RESOLUTION_PREVIEW": _plain(UNSET, saved=False, sent=False),
    "VIDEO_EDIT": _plain({"trim": {"start_time": 0, "duration": 0}, "crop": {"x": 0, "y": 0, "width": 0, "height": 0}}),
}
"""Makes the widgets of an input, by the type of the input. A type that is not here is a socket."""
_EXTRA: Mapping[str, tuple[Widget, ...]] = {
    "PreviewAny": (Widget("preview", "", saved=False, kind=Kind.BLANK),),
    "WebcamCapture": (Widget("waiting for camera...", "capture", sent=False),),
}
