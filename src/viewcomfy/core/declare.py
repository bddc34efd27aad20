"""To declare is to say of a workflow which inputs may be set, of which kind, and how they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from viewcomfy.core.catalog import Catalog, InputSpec
from viewcomfy.core.input_labels import label_inputs
from viewcomfy.core.input_names import Names, read_names
from viewcomfy.core.inputs import Choice, Input, InputKind
from viewcomfy.core.params import SEPARATOR
from viewcomfy.core.titles import mark, shown_title, words
from viewcomfy.core.workflows import MODEL_SUFFIXES

_UPLOADS = {
    ("LoadImage", "image"): InputKind.IMAGE,
    ("LoadImageMask", "image"): InputKind.IMAGE,
    ("LoadImageOutput", "image"): InputKind.IMAGE,
    ("LoadVideo", "file"): InputKind.VIDEO,
    ("VHS_LoadVideo", "video"): InputKind.VIDEO,
    ("LoadAudio", "audio"): InputKind.AUDIO,
    ("VHS_LoadAudioUpload", "audio"): InputKind.AUDIO,
}
_BUTTONS = frozenset({"upload", "choose file to upload", "choose video to upload", "audioUI"})
"""What the editor's upload buttons leave in an export: no inputs of the node."""
_WHOLE = words("batch_size end_at_step frames height length num_frames start_at_step steps width")
"""Inputs that are whole numbers in every node class. JavaScript writes 1.0 as 1, so that other values don't tell."""
_NUMBERS = (InputKind.INTEGER, InputKind.NUMBER, InputKind.SEED)
_BY_TYPE = {"FLOAT": InputKind.NUMBER, "STRING": InputKind.TEXT, "BOOLEAN": InputKind.BOOLEAN}


def declare(workflow: Mapping[str, Any], catalog: Catalog | None) -> tuple[Input, ...]:
    """Return every input of a workflow that can be set, in the order of forms, named, labelled and with its limits.

    Links, objects and nulls cannot be set. Without a catalog, or where it lacks the class, the kind follows from the value and
    there are no limits. Prompts and uploads are basic, the rest is advanced, unless titles marked VC_BASIC and VC_ADV say
    otherwise: then the rest is hidden.
    """
    found = read_names(workflow)
    form = _Form(workflow, catalog, found)
    labels = label_inputs(found.names, found.titles)
    inputs = [form.input(where, name, labels[where], order) for order, (where, name) in enumerate(found.names.items())]
    if any(not one.advanced and not one.hidden for one in inputs):
        return tuple(inputs)
    return tuple(replace(one, advanced=False) for one in inputs)


@dataclass(frozen=True, slots=True)
class _Widget:
    """What an input takes, by its class or by its value."""

    kind: InputKind
    choices: tuple[Choice, ...] | None = None
    on_backend: bool = False


class _Form:
    """Declares the inputs of one workflow, one by one."""

    def __init__(self, workflow: Mapping[str, Any], catalog: Catalog | None, names: Names) -> None:
        self._workflow = workflow
        self._classes = catalog.classes if catalog else {}
        self._prompts = names.prompts
        self._marks = {node_id: mark(node) for node_id, node in workflow.items()}
        self._marked = any(self._marks.values())
        self._choices: dict[tuple[str, str], tuple[tuple[Choice, ...], bool]] = {}

    def input(self, where: tuple[str, str], name: str, label: str, order: int) -> Input:
        """Return one declared input."""
        node_id, input_name = where
        node = self._workflow[node_id]
        class_type, value = node["class_type"], node["inputs"][input_name]
        found = self._classes.get(class_type)
        spec = found.inputs.get(input_name) if found else None
        widget = self._widget(class_type, input_name, value, spec)
        limits = spec if spec and widget.kind in _NUMBERS else None
        return Input(
            name=name,
            key=f"{node_id}{SEPARATOR}{input_name}",
            node_id=node_id,
            input_name=input_name,
            class_type=class_type,
            node_title=shown_title(node),
            kind=widget.kind,
            label=label,
            description=spec.tooltip if spec else "",
            default=value,
            minimum=limits.minimum if limits else None,
            maximum=limits.maximum if limits else None,
            step=limits.step if limits else None,
            choices=widget.choices,
            multiline=widget.kind is InputKind.TEXT and (spec.multiline if spec else where in self._prompts or "\n" in str(value)),
            advanced=self._is_advanced(where, widget.kind),
            hidden=self._is_hidden(where, spec),
            on_backend=widget.on_backend,
            order=order,
        )

    def _is_advanced(self, where: tuple[str, str], kind: InputKind) -> bool:
        if self._marks[where[0]]:
            return self._marks[where[0]] == "ADV"
        return not kind.is_file and where not in self._prompts and self._workflow[where[0]]["class_type"] != "CLIPTextEncode"

    def _is_hidden(self, where: tuple[str, str], spec: InputSpec | None) -> bool:
        return (self._marked and not self._marks[where[0]]) or (where[1] in _BUTTONS and spec is None)

    def _widget(self, class_type: str, input_name: str, value: Any, spec: InputSpec | None) -> _Widget:
        if isinstance(value, list):
            return _Widget(InputKind.ANY)
        upload = _UPLOADS.get((class_type, input_name)) or (InputKind(spec.upload) if spec and spec.upload else None)
        if upload:
            return _Widget(upload)
        if spec and spec.type == "COMBO" and spec.choices is not None:
            choices, models = self._shown_choices(class_type, spec)
            return _Widget(InputKind.CHOICE, choices, models or _is_model(value))
        return _Widget(_kind(input_name, value, spec), on_backend=_is_model(value) and (spec is None or spec.type == "COMBO"))

    def _shown_choices(self, class_type: str, spec: InputSpec) -> tuple[tuple[Choice, ...], bool]:
        where = class_type, spec.name
        if where not in self._choices:
            values = spec.choices or ()
            self._choices[where] = tuple(Choice(value, _shown(value)) for value in values), any(_is_model(value) for value in values)
        return self._choices[where]


def _kind(input_name: str, value: Any, spec: InputSpec | None) -> InputKind:
    """Return the kind by the type that the class declares; by the value where that says nothing."""
    types = spec.type.split(",") if spec else []
    if len(types) == 1 and types[0] in _BY_TYPE:
        return _BY_TYPE[types[0]]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and "seed" in input_name.lower() and value % 1 == 0:
        return InputKind.SEED
    if types == ["INT"]:
        return InputKind.INTEGER
    if is_number:
        return InputKind.INTEGER if input_name in _WHOLE and isinstance(value, int) and "FLOAT" not in types else InputKind.NUMBER
    return {bool: InputKind.BOOLEAN, str: InputKind.TEXT}.get(type(value), InputKind.ANY)


def _is_model(value: Any) -> bool:
    return isinstance(value, str) and value.lower().endswith(MODEL_SUFFIXES)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
