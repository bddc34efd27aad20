"""The options that a command gets from the declared inputs of a deployment: `--negative-prompt` for `negative_prompt`."""

from __future__ import annotations

import inspect
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viewcomfy.core.errors import InvalidUpload
from viewcomfy.core.inputs import InputKind
from viewcomfy.core.params import RANDOM_SEED

if TYPE_CHECKING:
    from viewcomfy.wire.inputs import InputOut

URLS = ("data:", "https:", "http:")
METAVARS = {InputKind.IMAGE: "FILE", InputKind.VIDEO: "FILE", InputKind.AUDIO: "FILE", InputKind.ANY: "VALUE"}


def option_name(name: str) -> str:
    """Return the option of an input."""
    return "--" + name.replace("_", "-")


def options_of(inputs: Sequence[InputOut], deployment: str, own: Collection[str]) -> list[Any]:
    """Return an option for each input, and a hidden one for its name with underscores.

    Inputs that are left out of documents work and are hidden. Nothing is made for a name that is among the command's `own`.
    """
    free = [declared for declared in inputs if option_name(declared.name) not in own]
    taken = {*own, *(option_name(declared.name) for declared in free)}
    shown = sorted(free, key=lambda declared: (declared.advanced, declared.order))
    parameters = [parameter for declared in shown for parameter in _parameters(declared, deployment, taken)]

    def command() -> None: ...

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads the options from it
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    app = typer.Typer(add_completion=False)
    app.command(add_help_option=False)(command)
    return typer.main.get_command(app).params


def given_inputs(inputs: Sequence[InputOut], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the options said, by the inputs' names; raise InvalidUpload for a file that is not there."""
    found: dict[str, Any] = {}
    for declared in inputs:
        value = next((said for name in _spellings(declared) if (said := values.get(name)) is not None), None)
        if value is not None:
            found[declared.name] = value if isinstance(value, bool) else typed_value(declared, value)
    return found


def typed_value(declared: InputOut, text: str) -> Any:
    """Return a text as the value that is sent: a Path for a file, a list where one may be meant, the text itself for the server to read."""
    if declared.kind.is_file:
        return _file(declared, text)
    if declared.kind is InputKind.SEED and text.strip().lower() == "random":
        return RANDOM_SEED
    return _json(text) if declared.kind is InputKind.ANY else text


def _file(declared: InputOut, text: str) -> Path | str:
    if text.strip().lower().startswith(URLS):
        return text
    path = Path(text.removeprefix("@") if not Path(text).exists() else text).expanduser()
    if not path.is_file():
        raise InvalidUpload(
            f"There is no file {text!r} for {option_name(declared.name)}.",
            hint=f"Give a path, a data: or an https: URL; -p {declared.name}=NAME names a file that ComfyUI has.",
        )
    return path


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


# --- one option -------------------------------------------------------------------------------------------------------
def _parameters(declared: InputOut, deployment: str, taken: Collection[str]) -> Iterator[inspect.Parameter]:
    for name, joint in _spellings(declared).items():
        yield _parameter(name, declared, _declaration(declared, joint, taken), deployment, hidden=joint == "_" or not declared.is_open)


def _spellings(declared: InputOut) -> dict[str, str]:
    """Return what stands between the words of an option, by the name of its Python parameter, which none of the command's has."""
    spellings = {f"input_{declared.name}": "-"}
    return {**spellings, f"underscored_{declared.name}": "_"} if "_" in declared.name else spellings


def _declaration(declared: InputOut, joint: str, taken: Collection[str]) -> str:
    yes, no = f"--{declared.name.replace('_', joint)}", f"--no-{declared.name.replace('_', joint)}"
    return f"{yes}/{no}" if declared.kind is InputKind.BOOLEAN and no not in taken else yes


def _parameter(name: str, declared: InputOut, declaration: str, deployment: str, *, hidden: bool) -> inspect.Parameter:
    from rich.markup import escape

    is_flag = declared.kind is InputKind.BOOLEAN
    panel = f"Advanced inputs of {deployment}" if declared.advanced else f"Inputs of {deployment}"
    option = typer.Option(
        declaration,
        metavar="" if is_flag else METAVARS.get(declared.kind, declared.kind.value.upper()),
        help=_help(declared),
        show_default=False,
        hidden=hidden,
        rich_help_panel=escape(panel),
    )
    kind: Any = bool if is_flag else str
    hint = Annotated[kind | None, option]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hint)


def _help(declared: InputOut) -> str:
    """Return the help of an option, in the markup that typer reads."""
    from rich.markup import escape

    from viewcomfy.cli.inputs_table import choices_of, value_text
    from viewcomfy.wire.input_schema import in_words, spelled_out

    words = [in_words(declared, default=False)]
    words += [f"{choices_of(declared)}."] if spelled_out(declared) else []
    words += ["Or random."] if declared.kind is InputKind.SEED else []
    text = escape(" ".join(filter(None, words)))
    default = "" if declared.required or declared.default is None else value_text(declared.default, 60)
    note = "[red]\\[required][/red]" if declared.required else f"[dim]\\[default: {escape(default)}][/dim]" if default else ""
    return f"{text} {note}".strip()
