"""What a node class of the fake is: its declared inputs, as `/object_info` shows them, and the function that runs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from viewcomfy.testing.fake_comfy.folders import Folders


class Interrupted(Exception):
    """Somebody asked the running job to stop."""


@dataclass(frozen=True)
class FilesOf:
    """A choice between the files that there are: a model folder's name, or `input` for the uploads."""

    folder: str


Spec = tuple[Any, ...]
"""One input as ComfyUI declares it: `(type,)` or `(type, options)`; the type is a word, a list of choices or `FilesOf`."""


class NodeRun(Protocol):
    """What a node may do while it runs."""

    node_id: str
    workflow: Mapping[str, Any]
    extra_data: Mapping[str, Any]
    folders: Folders
    previews: bool
    preview_size: int

    async def step(self, value: int, total: int, preview: bytes | None = None, seconds: float | None = None) -> None:
        """Report progress (with a JPEG to show), then take `seconds` of time; raise `Interrupted` if asked to stop."""

    def check_interrupted(self) -> None:
        """Raise `Interrupted` if asked to stop."""

    def send_text(self, text: str) -> None:
        """Send a progress text to every socket."""

    def print(self, text: str) -> None:
        """Write a line to the standard output, past ComfyUI's log."""

    def bar(self, value: int, total: int) -> None:
        """Draw a progress bar into the log, as tqdm does."""

    async def exit(self, code: int) -> None:
        """End the whole process at once, with a code or by a signal (negative); never returns."""

    async def freeze(self, seconds: float) -> None:
        """Keep the whole process from answering for so long."""


@dataclass(frozen=True)
class Result:
    """What a node hands on: its output slots, and what it shows (`ui`, empty for nothing)."""

    outputs: tuple[Any, ...] = ()
    ui: Mapping[str, Sequence[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeClass:
    """A node class; `run` gets the declared inputs by name."""

    name: str
    run: Callable[..., Awaitable[Result]]
    required: Mapping[str, Spec] = field(default_factory=dict)
    optional: Mapping[str, Spec] = field(default_factory=dict)
    hidden: Mapping[str, Any] = field(default_factory=dict)
    returns: tuple[str, ...] = ()
    is_output: bool = False
    display_name: str | None = None
    category: str = "fake"
    checked_input: str = ""
    check: Callable[[Folders, Any], str | None] | None = None
    """Return what is wrong with the value of `checked_input`, whose range and choices are then not looked at."""
    fingerprint: Callable[[Folders, Mapping[str, Any]], str] | None = None
    """Return what else than the inputs decides whether the node must run again."""

    def spec(self, name: str) -> Spec | None:
        """Return how the input is declared, None if it is not."""
        return self.required.get(name) or self.optional.get(name)


@dataclass(frozen=True)
class Catalog:
    """The node classes there are, and the files that their choices offer."""

    classes: Mapping[str, NodeClass]
    models: Mapping[str, Sequence[str]]
    folders: Folders

    def resolve(self, spec: Spec) -> tuple[Any, dict[str, Any]]:
        """Return the type (choices as a list) and the options of an input."""
        kind, options = spec[0], dict(spec[1]) if len(spec) > 1 else {}
        if not isinstance(kind, FilesOf):
            return kind, options
        return (self.folders.input.names() if kind.folder == "input" else list(self.models.get(kind.folder, ()))), options

    def describe(self, name: str) -> dict[str, Any]:
        """Return the class as `/object_info` shows it."""
        node = self.classes[name]
        groups = {"required": node.required, "optional": node.optional}
        declared: dict[str, Any] = {
            group: {key: [self.resolve(spec)[0], *spec[1:]] for key, spec in specs.items()}
            for group, specs in groups.items()
            if specs or group == "required"
        }
        if node.hidden:
            declared["hidden"] = dict(node.hidden)
        return {
            "input": declared,
            "input_order": {group: list(specs) for group, specs in declared.items()},
            "output": list(node.returns),
            "output_is_list": [False] * len(node.returns),
            "output_name": list(node.returns),
            "name": name,
            "display_name": node.display_name or name,
            "description": "",
            "python_module": "nodes",
            "category": node.category,
            "output_node": node.is_output,
        }
