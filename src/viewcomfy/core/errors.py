"""The one tree of errors: each class has a stable code and the HTTP status it answers with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class ViewComfyError(Exception):
    """Say what happened and what to do; `code` is stable, `status` is the HTTP status of the answer.

    `problems` lists single faults (`{"input", "message", …}`), `details` holds facts for programs, such as the node.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        problems: Sequence[Mapping[str, Any]] = (),
        details: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.problems = [dict(problem) for problem in problems]
        self.details = dict(details or {})
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class InternalError(ViewComfyError):
    """A fault of the server's own; its log has the trace."""


# --- who is calling ---------------------------------------------------------------------------------------------------
class AuthError(ViewComfyError):
    """The caller is not known or not allowed."""

    code = "unauthorized"
    status = 401


class MissingKey(AuthError):
    """No credentials came with the request."""

    code = "missing_key"


class InvalidKey(AuthError):
    """The client_id is unknown or the client_secret does not match."""

    code = "invalid_key"


class RevokedKey(AuthError):
    """The key was right once and has been revoked."""

    code = "revoked_key"


class InvalidAdminToken(AuthError):
    """The management API was called without its token, or with a wrong one."""

    code = "invalid_admin_token"


class Forbidden(ViewComfyError):
    """The caller is known but not allowed to do this."""

    code = "forbidden"
    status = 403


class KeyNotAllowed(Forbidden):
    """The key is limited to other deployments."""

    code = "key_not_allowed"


class OverrideNotAllowed(Forbidden):
    """The key may not replace the deployed workflow."""

    code = "override_not_allowed"


class LinkInvalid(Forbidden):
    """A file link is forged, damaged or expired."""

    code = "link_invalid"


# --- what was asked for is not there ----------------------------------------------------------------------------------
class NotFound(ViewComfyError):
    """No such thing, or it is not the caller's."""

    code = "not_found"
    status = 404


class UnknownDeployment(NotFound):
    """No deployment has this name."""

    code = "unknown_deployment"


class UnknownVersion(NotFound):
    """The deployment has no such version."""

    code = "unknown_version"


class UnknownJob(NotFound):
    """No job of the caller's has this prompt_id."""

    code = "unknown_job"


class UnknownBatch(NotFound):
    """No batch of the caller's has this id."""

    code = "unknown_batch"


class UnknownKey(NotFound):
    """No key has this client_id."""

    code = "unknown_key"


class UnknownFile(NotFound):
    """The file has been removed, by hand or by retention."""

    code = "unknown_file"


class MethodNotAllowed(ViewComfyError):
    """The URL exists, but not for this method."""

    code = "method_not_allowed"
    status = 405


class Conflict(ViewComfyError):
    """The thing is not in a state that allows this."""

    code = "conflict"
    status = 409


class BreakingChange(Conflict):
    """The new version would break calls that work today, and that was not confirmed."""

    code = "breaking_change"


class StaleLease(Conflict):
    """A worker speaks for an attempt that is no longer the job's current one."""

    code = "stale_lease"


# --- bad input --------------------------------------------------------------------------------------------------------
class BadInput(ViewComfyError):
    """Something in the request is wrong; nothing was stored."""

    code = "bad_input"
    status = 422


class InvalidForm(BadInput):
    """The body is not a form, or stops half way."""

    code = "invalid_form"
    status = 400


class InvalidJson(BadInput):
    """A field that must hold JSON does not."""

    code = "invalid_json"


class InvalidParams(BadInput):
    """`params` names something the workflow does not have, or gives it a value of the wrong kind."""

    code = "invalid_params"


class EmptyParams(BadInput):
    """`params` is empty and the workflow has no seed that could be renewed."""

    code = "empty_params"


class InvalidWorkflow(BadInput):
    """The JSON is not a workflow in ComfyUI's API format."""

    code = "invalid_workflow"


class UiWorkflow(InvalidWorkflow):
    """The JSON is the editor's own format, not the API format."""

    code = "ui_workflow"


class WorkflowRejected(InvalidWorkflow):
    """ComfyUI checked the workflow and refused it."""

    code = "workflow_rejected"


class UnknownNodeClass(WorkflowRejected):
    """The workflow uses a node class that this ComfyUI does not have."""

    code = "unknown_node_class"


class MissingModel(WorkflowRejected):
    """The workflow names a model file that this ComfyUI does not have."""

    code = "missing_model"


class DeploymentProblems(InvalidWorkflow):
    """The workflow could not run on any backend as it is, and deploying it all the same was not asked for."""

    code = "deployment_problems"


class InvalidUpload(BadInput):
    """A file part is empty, or does not belong where it was sent."""

    code = "invalid_upload"


class FetchFailed(BadInput):
    """A file that was named by a URL may not be fetched, or could not be."""

    code = "fetch_failed"


class InvalidName(BadInput):
    """A name holds characters that are not allowed, or too many."""

    code = "invalid_name"


class TooLarge(BadInput):
    """The request, a field or a file is over its limit."""

    code = "too_large"
    status = 413


class RangeNotSatisfiable(BadInput):
    """`Range` asks for bytes that the file does not have."""

    code = "range_not_satisfiable"
    status = 416


class QueueFull(ViewComfyError):
    """Too many jobs are waiting; try again later."""

    code = "queue_full"
    status = 429


# --- the run ----------------------------------------------------------------------------------------------------------
class RunError(ViewComfyError):
    """The job was accepted and did not succeed."""

    code = "run_failed"
    status = 502


class WorkflowFailed(RunError):
    """A node raised an exception; `details` names node_id, node_type and exception."""

    code = "workflow_failed"


class OutOfMemory(RunError):
    """The backend ran out of memory while it ran the job."""

    code = "out_of_memory"


class BackendCrashed(RunError):
    """ComfyUI ended in mid-job, as often as attempts were allowed."""

    code = "backend_crashed"


class BackendUnresponsive(RunError):
    """ComfyUI stopped answering in mid-job, as often as attempts were allowed."""

    code = "backend_unresponsive"


class WorkerLost(RunError):
    """The worker that ran the job stopped reporting, as often as attempts were allowed."""

    code = "worker_lost"


class TimedOut(RunError):
    """The job ran longer than its deployment allows."""

    code = "timed_out"
    status = 504


class JobCanceled(RunError):
    """The job was canceled."""

    code = "canceled"
    status = 409


class StillRunning(ViewComfyError):
    """The caller's own wait ended before the job did; the job goes on, `details` names its prompt_id."""

    code = "still_running"
    status = 504


class NoBackend(ViewComfyError):
    """No ComfyUI is there to run the job, or it cannot be started."""

    code = "no_backend"
    status = 503


class ComfyUINotFound(NoBackend):
    """No ComfyUI was found or installed."""

    code = "comfyui_not_found"


class InstallFailed(ViewComfyError):
    """ComfyUI could not be installed; running the command again goes on where it stopped."""

    code = "install_failed"


class DiskFull(ViewComfyError):
    """No space is left in the data folder."""

    code = "disk_full"
    status = 507


class ServerUnavailable(ViewComfyError):
    """The server cannot be reached, is starting or is shutting down."""

    code = "server_unavailable"
    status = 503


class PortTaken(ViewComfyError):
    """Another program listens on the port."""

    code = "port_taken"
    status = 503


class MissingExtra(ViewComfyError):
    """A part of viewcomfy was not installed; the message is the sentence to type."""

    code = "missing_extra"


def all_errors() -> list[type[ViewComfyError]]:
    """Return every class of the tree, the base apart: each has a code of its own."""
    found: list[type[ViewComfyError]] = []

    def visit(cls: type[ViewComfyError]) -> None:
        for sub in cls.__subclasses__():
            found.append(sub)
            visit(sub)

    visit(ViewComfyError)
    return found


def error_for_code(code: str) -> type[ViewComfyError]:
    """Return the class with this code, or `ViewComfyError` for one from a newer server."""
    return {cls.code: cls for cls in all_errors()}.get(code, ViewComfyError)
