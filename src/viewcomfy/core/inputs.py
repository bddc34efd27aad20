"""An input is what a deployment declares may be set: named, typed and documented for the people who call it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class InputKind(StrEnum):
    """What an input takes."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    SEED = "seed"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    FILE = "file"
    ANY = "any"

    @property
    def is_file(self) -> bool:
        """Tell whether a file is sent for it."""
        return self in (InputKind.IMAGE, InputKind.VIDEO, InputKind.AUDIO, InputKind.FILE)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values that an input takes, and what people are shown for it."""

    value: Any
    label: str


@dataclass(frozen=True, slots=True)
class Input:
    """One declared input.

    `name` is what callers write, `key` the param key that works for ever. `default` is what runs where a call says
    nothing; `own_default` tells that the owner chose it over the workflow's value. Limits are inclusive, None is no limit.
    A `required` input must be sent; a `hidden` one is left out of forms and documents, but may be sent; a `locked` one may not.
    `on_backend`: the choices are files that a backend has, so they are checked against the backends there are now.
    `order` counts from 0, the place in forms and documents.
    """

    name: str
    key: str
    node_id: str
    input_name: str
    class_type: str
    node_title: str
    kind: InputKind
    label: str
    description: str = ""
    default: Any = None
    own_default: bool = False
    minimum: int | float | None = None
    maximum: int | float | None = None
    step: int | float | None = None
    choices: tuple[Choice, ...] | None = None
    multiline: bool = False
    advanced: bool = False
    required: bool = False
    hidden: bool = False
    locked: bool = False
    on_backend: bool = False
    order: int = 0

    @property
    def is_open(self) -> bool:
        """Tell whether people who call are told of it and may set it: it is neither hidden nor locked."""
        return not self.hidden and not self.locked
