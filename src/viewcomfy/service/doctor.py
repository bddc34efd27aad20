"""The doctor looks at a whole installation: every deployment on every backend, what it rests on, disks, memory, clocks, versions."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from viewcomfy.core import doctor as rules
from viewcomfy.core.catalog import Catalog
from viewcomfy.core.deployments import Deployment
from viewcomfy.core.doctor import Check, Diagnosis, State
from viewcomfy.core.remedies import Remedies
from viewcomfy.core.report import Report
from viewcomfy.core.report_hints import Hints
from viewcomfy.engine.base import Engine, WorkerInfo
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.service.deployer import report_of
from viewcomfy.service.deployments import DeploymentService
from viewcomfy.service.remedies import FindPacks, no_packs, remedies_for
from viewcomfy.service.soundings import Soundings

PATIENCE = 300.0
"""Seconds to wait for a ComfyUI that must be started to say what it has."""


class Doctor:
    """Examines the installation whose state lies in `folder`; `version` is the server's own."""

    def __init__(
        self,
        *,
        deployments: DeploymentService,
        catalogs: CatalogService,
        engine: Engine,
        soundings: Soundings,
        folder: Path,
        version: str,
        find_packs: FindPacks = no_packs,
    ) -> None:
        self._deployments = deployments
        self._catalogs = catalogs
        self._engine = engine
        self._soundings = soundings
        self._folder = folder
        self._version = version
        self._find_packs = find_packs

    async def examine(self) -> Diagnosis:
        """Look at everything, asking every backend anew."""
        await self._catalogs.refresh(PATIENCE)
        deployments = await self._deployments.list()
        catalogs = {environment: await self._catalogs.by_backend(environment) for environment in {one.environment for one in deployments}}
        models = [model for one in deployments for model in one.models]
        known = [catalog for of_some in catalogs.values() for catalog in of_some.values()]
        remedies = await remedies_for([one.workflow for one in deployments], known, models, self._find_packs)
        reports = await asyncio.to_thread(_reports, deployments, catalogs, remedies)  # a second or two where there are many
        return Diagnosis(tuple(await self._checks()), reports)

    async def _checks(self) -> list[Check]:
        disk = shutil.disk_usage(self._folder)
        checks = [*await self._soundings.take(), rules.disk("the data folder", disk.free, disk.total)]
        for worker in await self._engine.workers():
            checks += self._checks_of(worker)
        if self._catalogs.why_unknown:
            checks.append(Check("ComfyUI", State.WARNING, self._catalogs.why_unknown))
        return checks

    def _checks_of(self, worker: WorkerInfo) -> Iterator[Check]:
        facts = worker.facts
        if "disk_free" in facts:
            yield rules.disk(worker.name, facts["disk_free"], facts["disk_total"])
        if "memory_available" in facts:
            yield rules.memory(worker.name, facts["memory_available"], facts["memory_total"])
        if "clock" in facts:
            yield rules.clock(worker.name, facts["clock"] - worker.seen_at)
        if "version" in facts:
            yield rules.version(worker.name, facts["version"], self._version)


def _reports(deployments: Iterable[Deployment], catalogs: Mapping[str, Mapping[str, Catalog]], remedies: Remedies) -> dict[str, Report]:
    """Return the reports of deployments by their names, each on the backends for its environment."""
    hints = {environment: Hints() for environment in catalogs}
    return {
        one.name: report_of(one.workflow, one.inputs, catalogs[one.environment], hints[one.environment], remedies) for one in deployments
    }
