"""The errors of jobs that were accepted, and of the machines that should run them; they are imported from `errors.py`."""

from __future__ import annotations

from viewcomfy.core.base_error import ViewComfyError


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

    @property
    def may_have_happened(self) -> bool:
        """Tell whether what was asked for may have been done all the same: its answer was lost."""
        return self.details.get("stored") == "unknown"


class PortTaken(ViewComfyError):
    """Another program listens on the port."""

    code = "port_taken"
    status = 503


class MissingExtra(ViewComfyError):
    """A part of viewcomfy was not installed; the message is the sentence to type."""

    code = "missing_extra"
