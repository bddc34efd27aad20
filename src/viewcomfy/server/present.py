"""From what the services return to what goes over the wire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from viewcomfy.core.compatibility import Change
from viewcomfy.core.deployments import POOL, Deployment, Released, VersionSummary
from viewcomfy.core.inputs import Input
from viewcomfy.core.job_inputs import JobInputs, SentUpload
from viewcomfy.core.jobs import Job
from viewcomfy.core.keys import Key
from viewcomfy.core.outputs import Output
from viewcomfy.core.params import flatten
from viewcomfy.core.scheduling import NORMAL
from viewcomfy.service.deployer import Findings
from viewcomfy.service.links import FileLink, Links
from viewcomfy.wire.deployments import ChangeOut, CheckOut, DeployedOut, DeploymentDetail, DeploymentOut, VersionOut
from viewcomfy.wire.inputs import input_out
from viewcomfy.wire.jobs import JobDetail, JobErrorOut, JobOut, OutputOut, UploadOut
from viewcomfy.wire.keys import KeyOut
from viewcomfy.wire.reports import report_out


def job_out(job: Job, links: Links, base: str, position: int | None = None) -> JobOut:
    """Return a job with links to its outputs below the URL `base`."""
    return JobOut(
        prompt_id=job.prompt_id,
        deployment=job.deployment,
        version=job.version,
        status=job.status,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        execution_time_seconds=job.execution_time,
        cold_start_seconds=job.cold_start,
        attempt=job.attempt,
        worker=job.worker,
        key_id=job.key_id,
        position=position,
        error=None if job.error is None else JobErrorOut(**job.error.as_dict()),
        outputs=[_output_out(output, links, base) for output in job.outputs],
    )


def job_detail(job: Job, seen: JobInputs, links: Links, base: str, position: int | None = None) -> JobDetail:
    """Return a job with what its caller may see of what went into it."""
    return JobDetail(
        **job_out(job, links, base, position).model_dump(),
        prompt=dict(seen.workflow),
        inputs=dict(seen.values),
        uploads=[_upload_out(sent, links, base) for sent in seen.uploads],
    )


def _upload_out(sent: SentUpload, links: Links, base: str) -> UploadOut:
    upload = sent.upload
    token, expires_at = links.sign(FileLink(upload.file_key, sent.filename, upload.content_type))
    return UploadOut(
        input=sent.name,
        filename=sent.filename,
        content_type=upload.content_type,
        size=upload.size,
        url=f"{base}/files/{token}",
        expires_at=expires_at,
    )


def _output_out(output: Output, links: Links, base: str) -> OutputOut:
    token, expires_at = links.sign(output)
    return OutputOut(
        filename=output.filename,
        content_type=output.content_type,
        size=output.size,
        url=f"{base}/files/{token}",
        expires_at=expires_at,
        node_id=output.node_id,
    )


_NOT_FOR_GUESTS = {"note": "", "pool": POOL, "priority": NORMAL, "memory": 0.0, "models": [], "environment": "", "warm_up": None}


def deployment_out(deployment: Deployment, released: Released, base: str) -> DeploymentOut:
    """Return a version of a deployment with the URL to POST to."""
    return DeploymentOut(**_deployment(deployment, released, base))


def deployment_detail(
    deployment: Deployment, released: Released, inputs: Iterable[Input], base: str, *, guest: bool = False
) -> DeploymentDetail:
    """Return a version with its inputs, its workflow and its flattened params; for a `guest`, with nothing but the inputs of the form."""
    workflow = {} if guest else dict(deployment.workflow)
    facts = _deployment(deployment, released, base)
    return DeploymentDetail(
        **(facts | _NOT_FOR_GUESTS if guest else facts),
        inputs=[input_out(one) for one in inputs if one.is_open or not guest],
        workflow_api=workflow,
        params=flatten(workflow),
    )


def deployed_out(found: Findings, released: Released, base: str) -> DeployedOut:
    """Return a version that was just made."""
    return DeployedOut(
        **_deployment(found.deployment, released, base),
        report=report_out(found.report),
        changes=changes_out(found.changes),
        lost_edits=_lost(found),
        notes=list(found.notes),
    )


def check_out(found: Findings) -> CheckOut:
    """Return what deploying a draft would come to."""
    return CheckOut(
        inputs=[input_out(one) for one in found.deployment.inputs],
        report=report_out(found.report),
        changes=changes_out(found.changes),
        lost_edits=_lost(found),
        notes=list(found.notes),
    )


def changes_out(changes: Iterable[Change]) -> list[ChangeOut]:
    """Return the differences between two versions."""
    return [ChangeOut(**change.as_dict()) for change in changes]


def version_out(summary: VersionSummary, released: Released) -> VersionOut:
    """Return one line of a deployment's history."""
    current = summary.version == released.current.version
    return VersionOut(version=summary.version, created_at=summary.created_at, note=summary.note, nodes=summary.nodes, current=current)


def _lost(found: Findings) -> list[str]:
    return [str(edit.changes.get("name") or edit.key) for edit in found.lost]


def _deployment(deployment: Deployment, released: Released, base: str) -> dict[str, Any]:
    return {
        "name": deployment.name,
        "version": deployment.version,
        "current_version": released.current.version,
        "canary_version": released.canary.version if released.canary else None,
        "canary_percent": released.canary_percent if released.canary else 0.0,
        "url": f"{base}/d/{deployment.name}/infer",
        "title": deployment.title,
        "description": deployment.description,
        "note": deployment.note,
        "created_at": deployment.created_at,
        "time_limit": deployment.time_limit,
        "cancel_on_disconnect": deployment.cancel_on_disconnect,
        "pool": deployment.pool,
        "priority": deployment.priority,
        "memory": deployment.memory,
        "models": [model.as_dict() for model in deployment.models],
        "environment": deployment.environment,
        "warm_up": deployment.warm_up,
        "nodes": len(deployment.workflow),
    }


def key_out(key: Key) -> KeyOut:
    """Return a key without its secret."""
    return KeyOut(
        client_id=key.client_id,
        name=key.name,
        deployments=None if key.deployments is None else list(key.deployments),
        allow_override=key.allow_override,
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
        expires_at=key.limits.expires_at,
        max_active=key.limits.max_active,
        max_per_day=key.limits.max_per_day,
        max_running=key.limits.max_running,
        share=key.share,
    )
