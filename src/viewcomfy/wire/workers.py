"""Workers and their backends over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class WarmUpOut(BaseModel):
    """The last warm-up of a backend: of which version (`deployment@version`), how long it took in seconds, why it failed.

    `waiting`: jobs go first.
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    state: Literal["waiting", "running", "done", "failed"]
    deployment: str
    seconds: float | None = None
    error: str | None = None


class BackendOut(BaseModel):
    """A backend: one ComfyUI. Times are Unix time or seconds, sizes are bytes; what is not known is null.

    `managed`: ours to start and stop. `draining`: it claims no jobs until it is started. `since` is the last change of `state`.
    `starts`, `start_seconds_total` and `failures` count since the worker began; `start_seconds` is the last start's. `catalog` is
    the revision of its node classes and models. `device` is the GPU's name or "cpu", `warm` the model files that it has loaded,
    `warm_up` the last warm-up since it was started.
    `environment` is the id of its environment, where it is one that is known; `aside`: it runs no jobs but those that name it.
    """

    # a worker of another version may not tell all of it; whoever reads the answer can count on every field
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    name: str
    state: Literal["stopped", "starting", "ready", "failed"] = "stopped"
    draining: bool = False
    managed: bool = True
    since: float = 0.0
    url: str | None = None
    pid: int | None = None
    port: int | None = None
    prompt_ids: list[str] = []
    starts: int = 0
    start_seconds: float | None = None
    start_seconds_total: float = 0.0
    failures: int = 0
    last_failure: str | None = None
    catalog: str | None = None
    device: str | None = None
    vram_total: int | None = None
    vram_free: int | None = None
    ram_total: int | None = None
    ram_free: int | None = None
    comfyui_version: str | None = None
    warm: list[str] = []
    environment: str | None = None
    aside: bool = False
    warm_up: WarmUpOut | None = None


class WorkerOut(BaseModel):
    """A worker that is there, with its backends. `seen_at` is Unix time."""

    name: str
    pool: str
    seen_at: float
    backends: list[BackendOut]
    facts: dict[str, Any]


class WorkersOut(BaseModel):
    """The workers that are there, and how many jobs wait for them."""

    workers: list[WorkerOut]
    queued: int


class BackendLogLine(BaseModel):
    """A line that a backend has printed; `number` counts up from 1, `at` is Unix time."""

    number: int
    at: float
    text: str


class BackendLogs(BaseModel):
    """Lines of a backend, oldest first; send `next` as `after` to get those that come later."""

    lines: list[BackendLogLine]
    next: int
