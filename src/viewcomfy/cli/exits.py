"""Exit codes: one number for each kind of end, so that a script can tell them apart."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from viewcomfy.core import errors


class ExitCode(IntEnum):
    """What a command ends with."""

    OK = 0
    """Done."""
    RUN_FAILED = 1
    """The job was accepted and failed, or the doctor found something that must be done."""
    BAD_INPUT = 2
    """The command line, a file or a value is wrong; nothing was done."""
    NOT_ALLOWED = 3
    """The key or the token is missing, wrong, revoked, or not enough for this."""
    NOT_FOUND = 4
    """No such deployment, job, key or file."""
    UNAVAILABLE = 5
    """The server, or a ComfyUI to run the job, cannot be reached; try again later."""
    TIMED_OUT = 6
    """The job ran longer than it may, or has not ended within --timeout."""
    LOCAL = 7
    """Something on this machine is in the way: a taken port, a full disk, a part that is not installed."""
    INTERNAL = 8
    """A fault of viewcomfy's own."""
    CANCELED = 130
    """The job, or the command, was canceled."""


BY_ERROR: Mapping[type[errors.ViewComfyError], ExitCode] = {
    errors.ViewComfyError: ExitCode.INTERNAL,
    errors.AuthError: ExitCode.NOT_ALLOWED,
    errors.Forbidden: ExitCode.NOT_ALLOWED,
    errors.NotFound: ExitCode.NOT_FOUND,
    errors.MethodNotAllowed: ExitCode.NOT_FOUND,
    errors.Conflict: ExitCode.BAD_INPUT,
    errors.BadInput: ExitCode.BAD_INPUT,
    errors.QueueFull: ExitCode.UNAVAILABLE,
    errors.RunError: ExitCode.RUN_FAILED,
    errors.TimedOut: ExitCode.TIMED_OUT,
    errors.StillRunning: ExitCode.TIMED_OUT,
    errors.JobCanceled: ExitCode.CANCELED,
    errors.NoBackend: ExitCode.UNAVAILABLE,
    errors.ComfyUINotFound: ExitCode.LOCAL,
    errors.ServerUnavailable: ExitCode.UNAVAILABLE,
    errors.InstallFailed: ExitCode.LOCAL,
    errors.DiskFull: ExitCode.LOCAL,
    errors.PortTaken: ExitCode.LOCAL,
    errors.MissingExtra: ExitCode.LOCAL,
}
"""What each error ends with; a class that is not here ends as its base does."""


def exit_code(error: type[errors.ViewComfyError]) -> ExitCode:
    """Return what a command ends with that fails with this error."""
    return next(BY_ERROR[cls] for cls in error.__mro__ if cls in BY_ERROR)
