"""Exit codes."""

from __future__ import annotations

import pytest

from viewcomfy.cli.exits import BY_ERROR, ExitCode, exit_code
from viewcomfy.core import errors


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.WorkflowFailed, 1),
        (errors.OutOfMemory, 1),
        (errors.BackendCrashed, 1),
        (errors.InvalidParams, 2),
        (errors.UiWorkflow, 2),
        (errors.TooLarge, 2),
        (errors.Conflict, 2),
        (errors.InvalidKey, 3),
        (errors.InvalidAdminToken, 3),
        (errors.KeyNotAllowed, 3),
        (errors.UnknownDeployment, 4),
        (errors.UnknownJob, 4),
        (errors.ServerUnavailable, 5),
        (errors.QueueFull, 5),
        (errors.NoBackend, 5),
        (errors.TimedOut, 6),
        (errors.StillRunning, 6),
        (errors.PortTaken, 7),
        (errors.DiskFull, 7),
        (errors.InstallFailed, 7),
        (errors.ComfyUINotFound, 7),
        (errors.MissingExtra, 7),
        (errors.InternalError, 8),
        (errors.JobCanceled, 130),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error: type[errors.ViewComfyError], code: int) -> None:
    assert exit_code(error) == code


def test_every_error_ends_with_something_other_than_success() -> None:
    assert all(exit_code(error) is not ExitCode.OK for error in errors.all_errors())


def test_every_exit_code_is_reached() -> None:
    assert {*BY_ERROR.values(), ExitCode.OK} == set(ExitCode)
