from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from inspect import signature

import pytest

import viewcomfy
from viewcomfy.core.input_names import RESERVED

PUBLIC = [
    "AsyncBatchHandle",
    "AsyncClient",
    "AsyncDeploymentHandle",
    "AsyncJobHandle",
    "AsyncOutputFile",
    "AsyncResult",
    "AuthError",
    "BackendCrashed",
    "BadInput",
    "BatchHandle",
    "BreakingChange",
    "Client",
    "DeploymentHandle",
    "DeploymentProblems",
    "Event",
    "EventKind",
    "FetchFailed",
    "Forbidden",
    "InvalidParams",
    "InvalidUpload",
    "InvalidWorkflow",
    "JobCanceled",
    "JobHandle",
    "JobStatus",
    "MissingModel",
    "NotFound",
    "OutOfMemory",
    "OutputFile",
    "QueueFull",
    "Result",
    "RunError",
    "ServerUnavailable",
    "StillRunning",
    "TimedOut",
    "TooLarge",
    "UnknownBatch",
    "UnknownDeployment",
    "UnknownJob",
    "UnknownVersion",
    "ViewComfyError",
    "WorkflowFailed",
    "WorkflowRejected",
]

EXTRAS = ["fastapi", "starlette", "sqlalchemy", "obstore", "typer", "rich", "structlog", "pydantic_settings", "PIL", "uvicorn"]


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_the_public_names_are_these_and_no_others() -> None:
    assert viewcomfy.__all__ == PUBLIC == dir(viewcomfy)
    assert all(getattr(viewcomfy, name).__name__ == name for name in PUBLIC)
    assert not hasattr(viewcomfy, "Nothing")


def test_the_client_needs_no_extra() -> None:
    blocked = f"import sys; sys.modules.update(dict.fromkeys({EXTRAS!r}))"
    assert run(f"{blocked}; from viewcomfy import *; import viewcomfy.compat; print(Client.__name__)") == "Client"


def test_importing_the_package_does_not_import_the_client() -> None:
    assert run("import viewcomfy.core.errors, sys; print('httpx2' in sys.modules, 'pydantic' in sys.modules)") == "False False"


def test_both_clients_have_the_same_methods() -> None:
    def public(cls: type) -> set[str]:
        return {name for name in vars(cls) if not name.startswith("_")}

    assert public(viewcomfy.Client) == public(viewcomfy.AsyncClient)
    assert public(viewcomfy.JobHandle) == public(viewcomfy.AsyncJobHandle)
    assert public(viewcomfy.OutputFile) == public(viewcomfy.AsyncOutputFile)
    assert public(viewcomfy.DeploymentHandle) == public(viewcomfy.AsyncDeploymentHandle)
    assert public(viewcomfy.BatchHandle) == public(viewcomfy.AsyncBatchHandle)
    assert public(viewcomfy.Result) == public(viewcomfy.AsyncResult)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (viewcomfy.Client, viewcomfy.AsyncClient),
        (viewcomfy.DeploymentHandle, viewcomfy.AsyncDeploymentHandle),
        (viewcomfy.BatchHandle, viewcomfy.AsyncBatchHandle),
        (viewcomfy.JobHandle, viewcomfy.AsyncJobHandle),
    ],
)
def test_their_methods_take_the_same_arguments(ours: type, theirs: type) -> None:
    def arguments(cls: type) -> dict[str, list[str]]:
        methods = {name: value for name, value in vars(cls).items() if not name.startswith("_")}
        return {name: [str(one.replace(annotation=one.empty)) for one in signature(m).parameters.values()] for name, m in methods.items()}

    assert arguments(ours) == arguments(theirs)


def test_no_option_of_a_run_is_called_as_an_input_may_be() -> None:
    for method in (viewcomfy.DeploymentHandle.run, viewcomfy.DeploymentHandle.infer):
        options = [name for name, one in signature(method).parameters.items() if one.kind is one.KEYWORD_ONLY]
        assert [name for name in options if name not in RESERVED] == []


def test_type_checkers_are_told_that_it_is_typed() -> None:
    assert files("viewcomfy").joinpath("py.typed").is_file()
