"""Job inputs are what went into a job, as its deployment names it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from viewcomfy.core.inputs import Input
from viewcomfy.core.jobs import Job, Upload
from viewcomfy.core.params import Target
from viewcomfy.core.workflows import is_link


@dataclass(frozen=True, slots=True)
class SentUpload:
    """A file that was sent in: for which input, under which name."""

    name: str
    filename: str
    upload: Upload


@dataclass(frozen=True, slots=True)
class JobInputs:
    """The workflow that was executed, the values of the declared inputs in it by their names, and the files that were sent in."""

    workflow: Mapping[str, Any]
    values: Mapping[str, Any]
    uploads: tuple[SentUpload, ...] = ()


def job_inputs(job: Job, declared: Sequence[Input], *, whole: bool = True) -> JobInputs:
    """Return what went into a job; `declared` are the inputs of its deployment's version.

    An input that the job's own workflow does not have is left out. Unless `whole`, so are the workflow and what hidden and
    locked inputs say: for callers who are not to know how a deployment is made.
    """
    shown = {one.key: one for one in declared if whole or one.is_open}
    files = {Target(upload.node_id, upload.input_name).key: upload for upload in job.uploads}
    values = {one.name: _value(job.workflow, one, files.get(one.key), job.prompt_id) for one in shown.values() if _has(job.workflow, one)}
    uploads = [
        SentUpload(shown[key].name if key in shown else key, sent_filename(upload, job.prompt_id), upload)
        for key, upload in files.items()
        if whole or key in shown
    ]
    return JobInputs(job.workflow if whole else {}, values, tuple(uploads))


def kept_filename(prompt_id: str, number: int, filename: str) -> str:
    """Return the name that ComfyUI gets to see for an upload: another job's file of the same name can't be taken for this one."""
    return f"{prompt_id}-{number}-{filename}"


def sent_filename(upload: Upload, prompt_id: str) -> str:
    """Return the name that an upload came with, made safe: its own without what `kept_filename` put in front."""
    number, _, filename = upload.filename.removeprefix(f"{prompt_id}-").partition("-")
    return filename if number.isdigit() and filename else upload.filename


def _has(workflow: Mapping[str, Any], one: Input) -> bool:
    node = workflow.get(one.node_id)
    return (
        node is not None
        and node["class_type"] == one.class_type
        and one.input_name in node["inputs"]
        and not is_link(node["inputs"][one.input_name])
    )


def _value(workflow: Mapping[str, Any], one: Input, upload: Upload | None, prompt_id: str) -> Any:
    if upload is not None:
        return sent_filename(upload, prompt_id)
    value = workflow[one.node_id]["inputs"][one.input_name]
    return value["__value__"] if isinstance(value, dict) and value.keys() == {"__value__"} else value
