"""Deployments over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from viewcomfy.wire.inputs import InputOut
from viewcomfy.wire.reports import ReportOut

InputEdits = dict[str, dict[str, Any] | None]


class ModelIO(BaseModel):
    """A model file: the folder in ComfyUI's models folder, its name as workflows have it, where it can be had and what it must be."""

    model_config = ConfigDict(extra="forbid")

    folder: str = Field(max_length=100, description="ComfyUI's name for its kind, such as checkpoints or loras.")
    file: str = Field(max_length=500, description="Its name as the workflow has it.")
    url: str = Field("", max_length=2000, description="Where it can be had.")
    sha256: str = Field("", max_length=64, description="What its bytes must come to.")


WarmUp = dict[str, Any] | Literal[False] | None


class DeployRequest(BaseModel):
    """Deploy a workflow under a name: a new name makes version 1, a known one its next version."""

    model_config = ConfigDict(extra="forbid")

    workflow_api: dict[str, Any] | None = Field(None, description="The workflow, in either of ComfyUI's formats.")
    app_file: dict[str, Any] | None = Field(None, description="A view_comfy.json instead: its workflow, and its fields as the inputs.")
    inputs: InputEdits = Field({}, description="What to change of the inputs, by name or param key; null takes a change back.")
    title: str | None = Field(None, max_length=200, description="For people; by default that of the version before.")
    description: str | None = Field(None, max_length=5000, description="For people; by default that of the version before.")
    note: str = Field("", max_length=1000, description="What is new in this version.")
    time_limit: float = Field(0.0, ge=0, le=7 * 86_400, description="Seconds that a job may run; 0 means no limit.")
    cancel_on_disconnect: bool = Field(False, description="Cancel a job when its caller goes away before the result.")
    pool: str | None = Field(None, max_length=100, description="The workers that run its jobs; by default those of the version before.")
    priority: int | None = Field(None, description="0: urgent, 1: normal, 2: low; by default that of the version before.")
    memory: float | None = Field(None, description="GiB of GPU memory that it needs, 0 for any; by default as the version before.")
    models: list[ModelIO] | None = Field(None, max_length=500, description="The models that it needs; by default those of before.")
    environment: str | None = Field(None, max_length=100, description="The id of its environment, empty for none; by default as before.")
    warm_up: WarmUp = Field(
        None, description="The inputs of a call that backends run when they have started, false for none; by default as before."
    )
    force: bool = Field(False, description="Deploy whatever the report says, and don't start a ComfyUI to check against.")
    allow_breaking: bool = Field(False, description="Deploy although calls that work today would fail.")
    make_current: bool = Field(True, description="False: calls go on with the current version; this one can be pinned, or get a share.")


class CheckRequest(BaseModel):
    """Say what deploying this would do, without doing it; `name` compares with the deployment of that name."""

    model_config = ConfigDict(extra="forbid")

    workflow_api: dict[str, Any] | None = None
    app_file: dict[str, Any] | None = None
    inputs: InputEdits = {}
    name: str | None = None
    pool: str | None = Field(None, max_length=100)
    priority: int | None = None
    memory: float | None = None
    models: list[ModelIO] | None = Field(None, max_length=500)
    environment: str | None = Field(None, max_length=100)
    warm_up: WarmUp = None


class ChangeOut(BaseModel):
    """One difference between two versions' inputs; a `breaking` one makes calls fail that work today."""

    code: str
    breaking: bool
    input: str
    message: str
    before: Any = None
    after: Any = None


class CheckOut(BaseModel):
    """What deploying would do: the inputs, the report, what changes for callers, and the edits that found no input any more.

    `notes` say what its jobs would wait for.
    """

    inputs: list[InputOut]
    report: ReportOut
    changes: list[ChangeOut]
    lost_edits: list[str] = []
    notes: list[str] = []


class DeploymentOut(BaseModel):
    """A version of a deployment; `url` is the endpoint to POST to.

    `current_version` is what calls get that pin none, but for `canary_percent` of them, which get `canary_version`.
    """

    name: str
    version: int
    current_version: int
    canary_version: int | None = None
    canary_percent: float = 0.0
    url: str
    title: str
    description: str
    note: str
    created_at: float
    time_limit: float
    cancel_on_disconnect: bool
    pool: str = "default"
    priority: int = 1
    memory: float = 0.0
    models: list[ModelIO] = []
    environment: str = ""
    warm_up: dict[str, Any] | None = None
    nodes: int


class DeployedOut(DeploymentOut):
    """A version that was just made, and what was found on the way. `notes` say in a sentence each what to see to."""

    report: ReportOut
    changes: list[ChangeOut] = []
    lost_edits: list[str] = []
    notes: list[str] = []


class DeploymentDetail(DeploymentOut):
    """A version with its inputs, its workflow, and the flattened params of published clients.

    The holder of a share link gets neither the workflow nor the params, and only the inputs that are not hidden or locked.
    """

    inputs: list[InputOut]
    workflow_api: dict[str, Any]
    params: dict[str, Any]


class VersionOut(BaseModel):
    """One line of a deployment's history."""

    version: int
    created_at: float
    note: str
    nodes: int
    current: bool


class VersionsOut(BaseModel):
    """The versions of a deployment, newest first."""

    versions: list[VersionOut]


class DiffOut(BaseModel):
    """What changes for callers between two versions."""

    before: int
    after: int
    breaking: bool
    changes: list[ChangeOut]


class EditRequest(BaseModel):
    """Change inputs, by name or param key, or where jobs run: that makes the next version. null takes a change back, or none is made."""

    model_config = ConfigDict(extra="forbid")

    inputs: InputEdits = {}
    pool: str | None = Field(None, max_length=100)
    priority: int | None = None
    memory: float | None = None
    models: list[ModelIO] | None = Field(None, max_length=500)
    environment: str | None = Field(None, max_length=100)
    warm_up: WarmUp = None
    note: str = Field("", max_length=1000)
    allow_breaking: bool = False


class RollbackRequest(BaseModel):
    """Make a version the current one; the one before it where none is named."""

    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(None, ge=1)


class CanaryRequest(BaseModel):
    """Give a version a share of the calls that pin none; 0 ends that."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1)
    percent: float = Field(ge=0, le=100)
