from __future__ import annotations

import subprocess
import sys

import viewcomfy

PUBLIC = [
    "AsyncClient",
    "AsyncJobHandle",
    "AsyncOutputFile",
    "AsyncResult",
    "AuthError",
    "BackendCrashed",
    "BadInput",
    "Client",
    "Event",
    "EventKind",
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
    "UnknownDeployment",
    "UnknownJob",
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
    assert public(viewcomfy.Result) == public(viewcomfy.AsyncResult)
