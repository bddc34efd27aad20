"""Batches over HTTP."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from viewcomfy.core.jobs import JobStatus

Items = list[dict[str, Any]]
Axes = dict[str, list[Any]]  # named here: in a class with a field `list`, that word is the field


class BatchRequest(BaseModel):
    """Run a deployment many times: once for each of the `list`, or for each combination of the `grid`'s values."""

    model_config = ConfigDict(extra="forbid")

    inputs: dict[str, Any] = Field({}, description="What all jobs have in common.")
    list: Items | None = Field(None, description="The inputs of each job.")
    grid: Axes | None = Field(None, description="Values for each of some inputs; the last input varies fastest.")
    batch_id: str | None = Field(None, description="A UUID of the caller's choice: sent again, it finds the same batch.")


class ProgressOut(BaseModel):
    """How many jobs of a batch stand where; `done` are those that nothing can happen to any more."""

    queued: int
    running: int
    succeeded: int
    failed: int
    canceled: int
    total: int
    done: int


class BatchJobOut(BaseModel):
    """One job of a batch; `number` counts from 1, `label` tells it from the others."""

    number: int
    prompt_id: str
    label: str
    status: JobStatus


class AxisOut(BaseModel):
    """One side of a grid: the input that varies, and what to write beside each of its values."""

    name: str
    labels: list[str]


class BatchOut(BaseModel):
    """A batch. Times are Unix seconds; the links need the key that made it, or the admin token."""

    batch_id: str
    deployment: str
    version: int
    key_id: str
    created_at: float
    canceled_at: float | None = None
    progress: ProgressOut
    outputs_url: str
    contact_sheet_url: str


class BatchDetail(BatchOut):
    """A batch with its jobs, in their order; a grid has `axes`, of which the last varies fastest."""

    axes: list[AxisOut] = []
    jobs: list[BatchJobOut]


class BatchPage(BaseModel):
    """Batches, newest first; `next_cursor` fetches the page after this one."""

    batches: list[BatchOut]
    next_cursor: str | None = None
