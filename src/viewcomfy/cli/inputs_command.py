"""A command with an option for each input of the deployment that its line names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from viewcomfy.cli.input_options import given_inputs, option_name, options_of
from viewcomfy.cli.options import CONNECTING, connect
from viewcomfy.core.errors import BadInput, ViewComfyError
from viewcomfy.core.params import SEPARATOR
from viewcomfy.core.suggestions import nearest

if TYPE_CHECKING:
    from viewcomfy.wire.deployments import DeploymentDetail

META = "viewcomfy.inputs"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the deployment that a line names: its inputs and their options, or why they are not known."""

    name: str
    detail: DeploymentDetail | None
    options: list[Any]
    fault: ViewComfyError | None = None


class InputsCommand(TyperCommand):
    """A command with an argument `name`, whose deployment is asked for its inputs where the line or its --help needs them.

    What the options said is in `inputs_said`. No server is needed where the line has only the command's own options.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the command's own parameters, and before them the options of the inputs."""
        own = super().get_params(ctx)
        known = ctx.meta.get(META)
        return [*known.options, *own] if known else own

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the line twice: for the name of the deployment, then with the options of its inputs."""
        if args and not ctx.resilient_parsing and (known := self._known(ctx, args)):
            ctx.meta[META] = known
        try:
            rest = super().parse_args(ctx, args)
        except typer.TyperException as fault:
            raise _told(fault, ctx.meta.get(META), self._own_names(ctx)) from fault
        known = ctx.meta.get(META)
        if known and known.detail:
            ctx.meta[META + ".said"] = given_inputs(
                known.detail.inputs, {option.name: ctx.params.pop(option.name) for option in known.options}
            )
        return rest

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, and after it why it names no inputs where they could not be asked for."""
        super().format_help(ctx, formatter)
        known = ctx.meta.get(META)
        if known and known.fault:
            from viewcomfy.cli import show

            show.say(f"The inputs of {known.name} are missing here: {known.fault}", style="yellow")

    def _known(self, ctx: Any, args: list[str]) -> Known | None:
        """Return what is known of the deployment that a line names; None where nobody needs to know."""
        ahead = type(ctx)(self, info_name=ctx.info_name, parent=ctx.parent, resilient_parsing=True)
        ahead.ignore_unknown_options = ahead.allow_extra_args = True
        super().parse_args(ahead, list(args))
        wants_help = any(arg in ctx.help_option_names for arg in args)
        name = ahead.params.get("name") or ""
        if name.startswith("-"):  # an option that is not known passes as a word
            raise BadInput(f"{name.partition('=')[0]} stands before the deployment's name.", hint=f"Write {ctx.command_path} NAME first.")
        if not name or not (wants_help or any(len(arg) > 1 and arg.startswith("-") for arg in ahead.args)):
            return None
        return self._asked(ctx, ahead.params, wants_help=wants_help)

    def _asked(self, ctx: Any, params: dict[str, Any], *, wants_help: bool) -> Known:
        name = params["name"]
        try:
            with connect(**{option: params.get(option) for option in CONNECTING}) as client:
                detail = client.deployment(name, version=params.get("version")).describe()
        except ViewComfyError as fault:
            if not wants_help:
                raise
            return Known(name, None, [], fault)
        return Known(name, detail, options_of(detail.inputs, detail.name, self._own_names(ctx)))

    def _own_names(self, ctx: Any) -> set[str]:
        return {name for parameter in super().get_params(ctx) for name in (*parameter.opts, *parameter.secondary_opts)}


def inputs_said(context: typer.Context) -> dict[str, Any]:
    """Return what the options of a line said, by the inputs' names."""
    said: dict[str, Any] = context.meta.get(META + ".said", {})
    return said


def _told(fault: typer.TyperException, known: Known | None, own: set[str]) -> Exception:
    """Return what is wrong with a line; for an option that the deployment does not have, the nearest ones."""
    wrong = getattr(fault, "option_name", None)
    if not wrong or not known or not known.detail:
        return fault
    from viewcomfy.wire.input_schema import visible

    word = wrong.lstrip("-").replace("-", "_")
    shown = visible(known.detail.inputs)
    near = [declared.name for declared in shown if declared.key.endswith(f"{SEPARATOR}{word}")][:3]  # it was given a better name
    near = near or nearest(word, (declared.name for declared in shown))
    near = near or nearest(word, (name.lstrip("-").replace("-", "_") for name in own if name.startswith("--")))
    meant = f"Did you mean {' or '.join(map(option_name, near))}? " if near else ""
    return BadInput(
        f"{known.detail.name} has no input for {wrong}.", hint=f"{meant}`viewcomfy run {known.detail.name} --help` shows them all."
    )
