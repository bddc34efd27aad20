"""A node class as the editor knows it: its inputs in order, with what the editor itself adds to some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from viewcomfy.core.editor.format import as_dict, as_list, as_text

_PLAYERS = frozenset({"LoadAudio", "SaveAudio", "PreviewAudio", "SaveAudioMP3", "SaveAudioOpus"})
_SCENES = frozenset({"Preview3D", "SaveGLB"})
_UPLOADS = ("image_upload", "video_upload", "animated_image_upload")


@dataclass(frozen=True, slots=True)
class Spec:
    """What a class says of one input: its name, type and options."""

    name: str
    type: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def widget_type(self) -> str:
        """The type whose widget shows it."""
        return as_text(self.options.get("widgetType")) or self.type

    @property
    def forced(self) -> bool:
        """Whether it is a socket although its type has a widget."""
        return bool(self.options.get("forceInput"))


@dataclass(frozen=True, slots=True)
class NodeClass:
    """A class: `specs` in the order of its widgets, `defined` in the order of its definition."""

    name: str
    title: str
    specs: tuple[Spec, ...]
    defined: tuple[Spec, ...]
    outputs: tuple[str, ...]


def read_class(name: str, info: Mapping[str, Any]) -> NodeClass:
    """Return a class from its entry in object info; what makes no sense in it is left out."""
    sections = {part: dict(as_dict(as_dict(info.get("input")).get(part))) for part in ("required", "optional")}
    _add_editors_own(name, sections["required"])
    optional = {key for key in sections["optional"] if isinstance(key, str)}
    by_name = {spec.name: spec for part in sections.values() for key, raw in part.items() if (spec := read_spec(key, raw))}
    outputs = tuple("COMBO" if isinstance(kind, list) else as_text(kind) or "*" for kind in as_list(info.get("output")))
    return NodeClass(
        name=name,
        title=as_text(info.get("display_name")) or name,
        specs=tuple(_in_order(by_name, optional, info.get("input_order"))),
        defined=tuple(by_name.values()),
        outputs=outputs,
    )


def read_spec(name: Any, raw: Any) -> Spec | None:
    """Return an input from its entry in object info, None for what is none."""
    parts = as_list(raw)
    if not isinstance(name, str) or not parts:
        return None
    options = as_dict(parts[1]) if len(parts) > 1 else {}
    if isinstance(parts[0], list):
        return Spec(name, "COMBO", {**options, "options": parts[0]})
    if isinstance(parts[0], str):
        return Spec(name, parts[0], options)
    return Spec(name, "UNKNOWN", options)


def _in_order(by_name: Mapping[str, Spec], optional: set[str], order: Any) -> Iterator[Spec]:
    """Yield inputs as `input_order` says, and those that it does not name after them."""
    done: set[str] = set()
    for part in ("required", "optional"):
        for name in as_list(as_dict(order).get(part)):
            if isinstance(name, str) and name in by_name and name not in done and (name in optional) == (part == "optional"):
                done.add(name)
                yield by_name[name]
    yield from (spec for name, spec in by_name.items() if name not in done)


def _add_editors_own(name: str, required: dict[str, Any]) -> None:
    """Add the inputs that the editor's own extensions give to a class: upload buttons, players and previews."""
    if name in _PLAYERS:
        required["audioUI"] = ["AUDIO_UI", {}]
    if name in _SCENES:
        required["image"] = ["PREVIEW_3D"]
    for key, raw in list(required.items()):
        spec = read_spec(key, raw)
        if spec and spec.type == "COMBO" and any(spec.options.get(upload) is True for upload in _UPLOADS):
            required["upload"] = ["IMAGEUPLOAD", {**spec.options, "imageInputName": key}]
            break
    audio = read_spec("audio", required.get("audio"))
    if audio and audio.options.get("audio_upload") is True:
        required["upload"] = ["AUDIOUPLOAD", {}]
