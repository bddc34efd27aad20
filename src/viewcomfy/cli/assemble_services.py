"""The services of a server, put together."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from viewcomfy.cli.engines import workers_may_come
from viewcomfy.cli.version import version
from viewcomfy.engine.base import Engine
from viewcomfy.files.base import Files
from viewcomfy.files.fetch import Fetcher
from viewcomfy.files.fetch_limits import FetchLimits
from viewcomfy.service.batches import BatchLimits, BatchService
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.service.checker import Checker
from viewcomfy.service.conversions import Conversions
from viewcomfy.service.deployer import Deployer
from viewcomfy.service.deployments import DeploymentService
from viewcomfy.service.doctor import Doctor
from viewcomfy.service.eligibility import Eligibility
from viewcomfy.service.environments import EnvironmentService
from viewcomfy.service.infer import InferLimits, InferService
from viewcomfy.service.intake import Intake
from viewcomfy.service.job_counts import JobCounts
from viewcomfy.service.jobs import JobService
from viewcomfy.service.keys import KeyService
from viewcomfy.service.links import Links
from viewcomfy.service.model_fetching import ModelFetching
from viewcomfy.service.past_jobs import PastJobs
from viewcomfy.service.quotas import Quotas
from viewcomfy.service.remedies import FindPacks
from viewcomfy.service.scaling import ScaleService
from viewcomfy.service.services import Services
from viewcomfy.service.sessions import Sessions
from viewcomfy.service.soundings import Soundings
from viewcomfy.service.usage import UsageService
from viewcomfy.service.workers import WorkerService
from viewcomfy.settings import Settings
from viewcomfy.store.store import Store

LINK_SECRET = "link_secret"  # noqa: S105 - the name of a row, not a secret


@dataclass(frozen=True, slots=True)
class Parts:
    """What services are made of."""

    settings: Settings
    store: Store
    files: Files
    engine: Engine
    catalogs: CatalogService
    eligibility: Eligibility
    keys: KeyService
    links: Links
    secret: str
    find_packs: FindPacks


async def shared_secret(store: Store) -> str:
    """Return what links and sessions are signed with: one for all servers on a store."""
    return await store.meta.set_default(LINK_SECRET, secrets.token_hex(32))


def make_services(parts: Parts) -> Services:
    """Return the services of a server."""
    settings, store, catalogs = parts.settings, parts.store, parts.catalogs
    deployments = DeploymentService(store.deployments)
    spool = settings.data_dir / "tmp"
    fetch = FetchLimits.parse(settings.fetch_allow, max_bytes=settings.max_upload, seconds=settings.fetch_seconds)
    intake = Intake(spool, Fetcher(fetch), settings.max_upload)
    checker, jobs = Checker(catalogs), JobService(store.jobs, parts.engine)
    conversions = Conversions(catalogs)
    infer = InferService(
        deployments=deployments,
        rows=store.jobs,
        files=parts.files,
        engine=parts.engine,
        checker=checker,
        conversions=conversions,
        intake=intake,
        quotas=Quotas(store.accepted),
        limits=InferLimits(settings.max_queue, settings.time_limit, workers_may_come=workers_may_come(settings)),
        eligibility=parts.eligibility,
    )
    return Services(
        infer=infer,
        batches=BatchService(
            rows=store.batches,
            infer=infer,
            intake=intake,
            files=parts.files,
            engine=parts.engine,
            folder=spool,
            limits=BatchLimits(settings.max_batch, settings.max_request),
        ),
        jobs=jobs,
        job_counts=JobCounts(store.jobs, store.backlog, store.queue),
        past_jobs=PastJobs(jobs=jobs, rows=store.jobs, files=parts.files, infer=infer, deployments=deployments, checker=checker),
        usage=UsageService(store.usage),
        keys=parts.keys,
        sessions=Sessions(parts.keys, parts.secret),
        deployments=deployments,
        deployer=Deployer(deployments, catalogs, conversions, parts.eligibility, parts.find_packs),
        environments=EnvironmentService(store.environments, deployments, parts.engine),
        doctor=Doctor(
            deployments=deployments,
            catalogs=catalogs,
            engine=parts.engine,
            soundings=Soundings(store=store.about, files=parts.files, engine=parts.engine, folder=settings.data_dir),
            folder=settings.data_dir,
            version=version(),
            find_packs=parts.find_packs,
        ),
        links=parts.links,
        workers=WorkerService(parts.engine, may_come=workers_may_come(settings)),
        model_fetching=ModelFetching(parts.engine, deployments, store.deployments),
        scaling=ScaleService(rows=store.scale, meta=store.meta, engine=parts.engine),
        files=parts.files,
    )
