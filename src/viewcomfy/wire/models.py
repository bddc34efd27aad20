"""Models over HTTP: fetching them onto the machines of workers."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from viewcomfy.wire.deployments import ModelIO


class FetchRequest(BaseModel):
    """Have the workers of a pool fetch the models that they don't have; sent again, it tells how far they are."""

    model_config = ConfigDict(extra="forbid")

    models: list[ModelIO] = Field(max_length=500, description="The models, each with its URL.")
    pool: str = Field("default", max_length=100, description="The workers that are to have them.")
    retry: bool = Field(False, description="Try those again that have failed.")
    allow_pickle: bool = Field(False, description="Fetch also formats that can run code when they are loaded, such as .ckpt and .pt.")


class FetchedModel(BaseModel):
    """How far a worker is with a model: `received` of `size` bytes (null: not known), and what went wrong in `error`."""

    # a worker of another version may not tell all of it; whoever reads the answer can count on every field
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    folder: str
    file: str
    state: Literal["there", "waiting", "fetching", "failed"]
    received: int = 0
    size: int | None = None
    error: str | None = None


class WorkerModels(BaseModel):
    """The models of a fetch on one worker."""

    worker: str
    models: list[FetchedModel]


class FetchOut(BaseModel):
    """How far a fetch is: `done` when no worker waits or fetches any more, whether or not all has gone well."""

    done: bool
    workers: list[WorkerModels]
