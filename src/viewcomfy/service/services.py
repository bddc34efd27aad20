"""The services of a server, together."""

from __future__ import annotations

from dataclasses import dataclass

from viewcomfy.files.base import Files
from viewcomfy.service.batches import BatchService
from viewcomfy.service.deployer import Deployer
from viewcomfy.service.deployments import DeploymentService
from viewcomfy.service.doctor import Doctor
from viewcomfy.service.environments import EnvironmentService
from viewcomfy.service.infer import InferService
from viewcomfy.service.job_counts import JobCounts
from viewcomfy.service.jobs import JobService
from viewcomfy.service.keys import KeyService
from viewcomfy.service.links import Links
from viewcomfy.service.model_fetching import ModelFetching
from viewcomfy.service.past_jobs import PastJobs
from viewcomfy.service.scaling import ScaleService
from viewcomfy.service.sessions import Sessions
from viewcomfy.service.usage import UsageService
from viewcomfy.service.workers import WorkerService


@dataclass(frozen=True, slots=True)
class Services:
    """What the HTTP layer may call."""

    infer: InferService
    batches: BatchService
    jobs: JobService
    job_counts: JobCounts
    past_jobs: PastJobs
    usage: UsageService
    keys: KeyService
    sessions: Sessions
    deployments: DeploymentService
    deployer: Deployer
    environments: EnvironmentService
    doctor: Doctor
    links: Links
    workers: WorkerService
    model_fetching: ModelFetching
    scaling: ScaleService
    files: Files
