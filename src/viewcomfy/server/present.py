"""From what the services return to what goes over the wire."""

from __future__ import annotations

from typing import Any

from viewcomfy.core.deployments import Deployment
from viewcomfy.core.jobs import Job
from viewcomfy.core.keys import Key
from viewcomfy.core.outputs import Output
from viewcomfy.core.params import flatten
from viewcomfy.service.links import Links
from viewcomfy.wire.deployments import DeploymentDetail, DeploymentOut
from viewcomfy.wire.jobs import JobErrorOut, JobOut, OutputOut
from viewcomfy.wire.keys import KeyOut


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
        attempt=job.attempt,
        key_id=job.key_id,
        position=position,
        error=None if job.error is None else JobErrorOut(**job.error.as_dict()),
        outputs=[_output_out(output, links, base) for output in job.outputs],
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


def deployment_out(deployment: Deployment, base: str) -> DeploymentOut:
    """Return a deployment with the URL to POST to."""
    return DeploymentOut(**_deployment(deployment, base))


def deployment_detail(deployment: Deployment, base: str) -> DeploymentDetail:
    """Return a deployment with its workflow and its flattened params."""
    workflow = dict(deployment.workflow)
    return DeploymentDetail(**_deployment(deployment, base), workflow_api=workflow, params=flatten(workflow))


def _deployment(deployment: Deployment, base: str) -> dict[str, Any]:
    return {
        "name": deployment.name,
        "version": deployment.version,
        "url": f"{base}/d/{deployment.name}/infer",
        "created_at": deployment.created_at,
        "time_limit": deployment.time_limit,
        "cancel_on_disconnect": deployment.cancel_on_disconnect,
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
    )
