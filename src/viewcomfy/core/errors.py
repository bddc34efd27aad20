"""The one tree of errors: each class has a stable code and the HTTP status it answers with."""

from __future__ import annotations

from viewcomfy.core.base_error import InternalError, ViewComfyError
from viewcomfy.core.run_errors import (
    BackendCrashed,
    BackendUnresponsive,
    ComfyUINotFound,
    DiskFull,
    InstallFailed,
    JobCanceled,
    MissingExtra,
    NoBackend,
    OutOfMemory,
    PortTaken,
    RunError,
    ServerUnavailable,
    StillRunning,
    TimedOut,
    WorkerLost,
    WorkflowFailed,
)

__all__ = [  # besides the classes below: every error is to be found here
    "BackendCrashed", "BackendUnresponsive", "ComfyUINotFound", "DiskFull", "InstallFailed", "InternalError", "JobCanceled",
    "MissingExtra", "NoBackend", "OutOfMemory", "PortTaken", "RunError", "ServerUnavailable", "StillRunning", "TimedOut",
    "ViewComfyError", "WorkerLost", "WorkflowFailed",
]  # fmt: skip


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


class ExpiredKey(AuthError):
    """The key was right until its time was over."""

    code = "expired_key"


class NoSession(AuthError):
    """The browser is not signed in, or its session has ended."""

    code = "no_session"


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


class CrossSiteRefused(Forbidden):
    """A request that counts on the cookie of a session does not show that it comes from our own pages."""

    code = "csrf"


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


class UnknownWorker(NotFound):
    """No worker of this name is there."""

    code = "unknown_worker"


class UnknownBackend(NotFound):
    """The worker has no backend of this name."""

    code = "unknown_backend"


class UnknownFile(NotFound):
    """The file has been removed, by hand or by retention."""

    code = "unknown_file"


class UnknownPack(NotFound):
    """No pack of custom nodes has this name, or no repository or registry has it."""

    code = "unknown_pack"


class UnknownEnvironment(NotFound):
    """No environment with this id is known, or has been made on this machine."""

    code = "unknown_environment"


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


class JobNotFinished(Conflict):
    """A job that is queued or running can't be deleted: cancel it first."""

    code = "job_not_finished"


class NotManaged(Conflict):
    """The ComfyUI was not started by us, so it is not ours to stop."""

    code = "not_managed"


class PackConflict(Conflict):
    """A pack of custom nodes wants packages that would replace what ComfyUI or another pack needs; nothing was changed."""

    code = "pack_conflict"


class PackBroken(Conflict):
    """A pack of custom nodes, or another one beside it, was not imported by ComfyUI when it was tried; nothing was changed."""

    code = "pack_broken"


class StaleLease(Conflict):
    """A worker speaks for an attempt that is no longer the job's current one."""

    code = "stale_lease"


class UploadsRemoved(ViewComfyError):
    """The files that were sent in with the job have been removed, so it can't run again."""

    code = "uploads_removed"
    status = 410


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
    """The workflow is in the editor's own format, and no ComfyUI is known whose nodes it could be converted with."""

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


class BadModel(BadInput):
    """A model file is damaged, not what it was said to be, or of a format that can run code."""

    code = "bad_model"


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


class KeyLimit(QueueFull):
    """The key has as many jobs under way, or has sent as many in 24 hours, as it may."""

    code = "key_limit"


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
