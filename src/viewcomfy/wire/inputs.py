"""The declared inputs of a deployment over HTTP."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from viewcomfy.core.inputs import Input, InputKind


class ChoiceOut(BaseModel):
    """One of the values that an input takes, and what people are shown for it."""

    value: Any
    label: str


class InputOut(BaseModel):
    """One declared input: callers set it by `name` or by `key`. Limits are inclusive; null is no limit.

    `default` is what runs where a call says nothing. A `required` input must be sent, a `locked` one may not be, a
    `hidden` one is left out of forms and documents. `choices` are null where any value will do.
    """

    name: str
    key: str
    kind: InputKind
    label: str
    description: str = ""
    default: Any = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    step: int | float | None = None
    choices: list[ChoiceOut] | None = None
    multiline: bool = False
    advanced: bool = False
    required: bool = False
    hidden: bool = False
    locked: bool = False
    order: int = 0
    node_id: str
    node_title: str
    class_type: str

    @property
    def is_open(self) -> bool:
        """Tell whether people who call are told of it and may set it."""
        return not self.hidden and not self.locked


def input_out(declared: Input) -> InputOut:
    """Return a declared input as it goes over the wire."""
    return InputOut(
        **{name: getattr(declared, name) for name in InputOut.model_fields if name != "choices"},
        choices=None if declared.choices is None else [ChoiceOut(value=choice.value, label=choice.label) for choice in declared.choices],
    )
