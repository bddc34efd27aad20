"""A self-hosted ViewComfy API: ComfyUI workflows behind an authenticated URL."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from viewcomfy.client import (
        AsyncBatchHandle,
        AsyncClient,
        AsyncDeploymentHandle,
        AsyncJobHandle,
        AsyncOutputFile,
        AsyncResult,
        BatchHandle,
        Client,
        DeploymentHandle,
        JobHandle,
        OutputFile,
        Result,
    )
    from viewcomfy.core.errors import (
        AuthError,
        BackendCrashed,
        BadInput,
        BreakingChange,
        DeploymentProblems,
        FetchFailed,
        Forbidden,
        InvalidParams,
        InvalidUpload,
        InvalidWorkflow,
        JobCanceled,
        MissingModel,
        NotFound,
        OutOfMemory,
        QueueFull,
        RunError,
        ServerUnavailable,
        StillRunning,
        TimedOut,
        TooLarge,
        UnknownBatch,
        UnknownDeployment,
        UnknownJob,
        UnknownVersion,
        ViewComfyError,
        WorkflowFailed,
        WorkflowRejected,
    )
    from viewcomfy.core.events import Event, EventKind
    from viewcomfy.core.jobs import JobStatus

__all__ = [
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

_HOMES = ("viewcomfy.core.errors", "viewcomfy.core.events", "viewcomfy.core.jobs", "viewcomfy.client")


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: the server and the commands start without the client."""
    if name in __all__:
        for home in _HOMES:
            if hasattr(module := importlib.import_module(home), name):
                value = globals()[name] = getattr(module, name)
                return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
