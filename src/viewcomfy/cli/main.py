"""The entry point: every command, and one place where errors become a sentence and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from viewcomfy.cli.exits import ExitCode, exit_code
from viewcomfy.core.errors import BadInput, MissingExtra, ViewComfyError

EXTRAS = {
    **dict.fromkeys(("typer", "rich", "pydantic_settings"), "cli"),
    **dict.fromkeys(("nats", "bcrypt"), "nats"),
    "psycopg": "postgres",
    "obstore": "s3",
    "opentelemetry": "otel",
}
"""What is installed for which packages; without an entry, what the command as a whole needs."""


def main() -> None:
    """Run the command line of this process and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code. Nothing but a fault of our own ends in a traceback."""
    try:
        return _dispatch(arguments)
    except ViewComfyError as fault:
        error = fault
    except ExceptionGroup as group:
        error = _first_of(group)
    except KeyboardInterrupt:
        return ExitCode.CANCELED
    except BrokenPipeError:
        # whoever read our output has gone: nothing is left to say, and nowhere to say it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except OSError as fault:
        error = BadInput(f"{fault.strerror or fault}{f': {fault.filename}' if fault.filename else ''}.")
    _tell(error, as_json="--json" in arguments)
    return exit_code(type(error))


def _first_of(group: ExceptionGroup[Exception]) -> ViewComfyError:
    """Return the error of the tree that ended a group of tasks; let a fault of our own go on."""
    expected, rest = group.split(ViewComfyError)
    if expected is None or rest is not None:
        raise group
    leaf: ViewComfyError | ExceptionGroup[ViewComfyError] = expected
    while isinstance(leaf, ExceptionGroup):
        leaf = leaf.exceptions[0]
    return leaf


def _dispatch(arguments: Sequence[str]) -> int:
    try:
        import typer

        from viewcomfy.cli.commands import app

        try:
            code = app(list(arguments), prog_name="viewcomfy", standalone_mode=False)
        except typer.TyperException as fault:
            raise _usage_error(fault) from fault
        except SystemExit as closed:  # typer's answer to a pipe that nobody reads any more
            raise BrokenPipeError from closed
    except ModuleNotFoundError as missing:
        raise _missing_extra(missing, of_worker=next(iter(arguments), "") == "worker") from missing
    return int(code or 0)


def _usage_error(fault: Exception) -> BadInput:
    """Return what is wrong with the command line, and the command that explains it."""
    context = getattr(fault, "ctx", None)
    command = context.command_path if context else "viewcomfy"
    message = fault.format_message() if hasattr(fault, "format_message") else str(fault)
    return BadInput(message, hint=f"`{command} --help` explains it.")


def _missing_extra(missing: ModuleNotFoundError, *, of_worker: bool) -> MissingExtra:
    name = (missing.name or "").partition(".")[0]
    if name == "viewcomfy":
        raise missing  # a fault of ours, not of the installation
    extra = "worker" if of_worker else EXTRAS.get(name, "server")
    return MissingExtra(f"This command needs {name}, which is not installed.", hint=f'Type: pip install "viewcomfy[{extra}]"')


def _tell(error: ViewComfyError, *, as_json: bool) -> None:
    try:
        from viewcomfy.cli import show
    except ModuleNotFoundError:  # rich itself is what is missing
        sys.stderr.write(f"Error: {error}\n")
        return
    (show.failed_json if as_json else show.failed)(error)


if __name__ == "__main__":
    main()
