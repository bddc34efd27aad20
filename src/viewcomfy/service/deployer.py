"""A deployer looks a workflow over against the backends there are, and makes it the next version of a deployment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from viewcomfy.core.catalog import Catalog
from viewcomfy.core.compatibility import Change, breaking, compare
from viewcomfy.core.declare import declare
from viewcomfy.core.deployments import POOL, Deployment, check_name
from viewcomfy.core.errors import BreakingChange, DeploymentProblems, InvalidWorkflow, UnknownDeployment
from viewcomfy.core.input_edit import Edit, anchors, edit_at
from viewcomfy.core.input_edits import apply_edits, follow, make_edits
from viewcomfy.core.inputs import Input
from viewcomfy.core.models import Model
from viewcomfy.core.needs import needs_of
from viewcomfy.core.params import with_values
from viewcomfy.core.remedies import NONE, Remedies
from viewcomfy.core.report import Report, report
from viewcomfy.core.report_hints import Hints
from viewcomfy.core.warm_up import warm_up_workflow
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.service.conversions import Conversions, Read
from viewcomfy.service.deployments import DeploymentService
from viewcomfy.service.eligibility import Eligibility
from viewcomfy.service.place import AS_BEFORE, Place
from viewcomfy.service.remedies import FindPacks, explain, no_packs, remedies_for
from viewcomfy.service.sent_workflow import SentWorkflow, is_to_be_converted, read_sent

START_PATIENCE = 300.0
"""Seconds that a deploy waits for a ComfyUI to say what it has, where none has said so before."""

InputChanges = Mapping[str, Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be deployed: `workflow`, or the `app_file` that holds it, as they came, in the API format or the editor's.

    None for a text keeps the version before's. `force` deploys whatever the report says and starts no ComfyUI for it, `allow_breaking`
    what breaks calls.
    """

    workflow: Any = None
    app_file: Any = None
    changes: InputChanges
    title: str | None = None
    description: str | None = None
    note: str = ""
    time_limit: float = 0.0
    cancel_on_disconnect: bool = False
    place: Place = AS_BEFORE
    force: bool = False
    allow_breaking: bool = False
    make_current: bool = True


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found of a version, or of a draft (version 0).

    `changes` are those for callers of the current version, `lost` the owner's edits whose input is not there any more, `notes` sentences
    about what its jobs will wait for.
    """

    deployment: Deployment
    report: Report
    changes: tuple[Change, ...] = ()
    lost: tuple[Edit, ...] = ()
    notes: tuple[str, ...] = ()


class Deployer:
    """Deploys workflows. `find_packs` tells who brings node classes that are missing."""

    def __init__(
        self,
        deployments: DeploymentService,
        catalogs: CatalogService,
        conversions: Conversions,
        eligibility: Eligibility,
        find_packs: FindPacks = no_packs,
    ) -> None:
        self._deployments = deployments
        self._catalogs = catalogs
        self._conversions = conversions
        self._eligibility = eligibility
        self._find_packs = find_packs

    async def check(self, name: str | None, wanted: Wanted) -> Findings:
        """Return what deploying this would come to; nothing is stored.

        Raises InvalidWorkflow and its kin, BadInput for an app file that is none, InvalidParams for changes that can't be made.
        """
        wanted.place.after(None)  # before anything that takes long
        before = await self._current(name)
        try:
            sent = await self._sent(wanted, before)
        except InvalidWorkflow as fault:
            await explain(fault, self._find_packs)
            raise
        app, workflow = sent.app, sent.workflow
        fields = wanted.place.after(before)
        fields["models"] = sent.with_models(fields.get("models", ()))
        catalog = await self._catalogs.merged(fields.get("environment", ""))
        declared = declare(workflow, catalog)
        edits, lost = _followed(before, workflow, declared, catalog) if before and not app else ((), ())
        edits = app.edits if app else edits
        if wanted.changes:
            edits = make_edits(declared, wanted.changes, edits)
        inputs, gone = apply_edits(declared, edits)
        found = await self._report(workflow, inputs, fields["models"], fields.get("environment", ""))
        if not found.checked and not wanted.force:
            found = replace(found, why_unknown=_reason(self._catalogs.why_unknown) or _nowhere(fields.get("environment", "")))
        draft = Deployment(
            name or "",
            0,
            workflow,
            0.0,
            wanted.time_limit,
            wanted.cancel_on_disconnect,
            inputs=inputs,
            edits=tuple(edit for edit in edits if edit not in gone),
            checked=_knows(catalog, workflow),
            title=_text(wanted.title, app.title if app else None, before.title if before else ""),
            description=_text(wanted.description, app.description if app else None, before.description if before else ""),
            app=app.source if app else before.app if before else None,
            report=found.as_dict(),
            note=wanted.note,
            **fields,
        )
        if found.ok:
            await self._check_warm_up(draft)
        changes = compare(_inputs_now(before, catalog), inputs) if before else ()
        return Findings(draft, found, changes, (*lost, *gone), await self._notes(draft))

    async def convert(self, file: Path, what: str) -> Read:
        """Return the workflow of any file in the API format. Raises what `Conversions.read` does."""
        try:
            return await self._conversions.read(file, what, patience=START_PATIENCE)
        except InvalidWorkflow as fault:
            await explain(fault, self._find_packs)
            raise

    async def deploy(self, name: str, wanted: Wanted) -> Findings:
        """Make the next version of a deployment.

        Raises what `check` does, InvalidName, DeploymentProblems where nothing could run it, BreakingChange where calls would fail that
        work today.
        """
        found = await self.check(check_name(name), wanted)
        if not found.report.ok and not wanted.force:
            raise DeploymentProblems(
                found.report.summary,
                hint="Mend it, or deploy it all the same with force (--force).",
                problems=[problem.as_dict() for problem in found.report.problems],
                details={"report": found.report.as_dict()},
            )
        if not wanted.allow_breaking and wanted.make_current:
            _refuse_breaking(name, found.changes, " or keep the current version with make_current false (--not-current)")
        return await self._store(found, make_current=wanted.make_current)

    async def edit(
        self, name: str, changes: InputChanges, *, place: Place = AS_BEFORE, note: str = "", allow_breaking: bool = False
    ) -> Findings:
        """Change the inputs of the current version, or where its jobs run: that makes the next one, of the same workflow."""
        before = await self._deployments.get(name)
        fields = place.after(before)
        catalog = await self._catalogs.merged(fields["environment"])
        declared = declare(before.workflow, catalog)
        edits = make_edits(declared, changes, before.edits)
        inputs, _ = apply_edits(declared, edits)
        callers = compare(_inputs_now(before, catalog), inputs)
        if not allow_breaking:
            _refuse_breaking(name, callers)
        found = await self._report(before.workflow, inputs, fields["models"], fields["environment"])
        checked = _knows(catalog, before.workflow)  # the backends of now have typed these, or could not
        draft = replace(before, inputs=inputs, edits=edits, checked=checked, report=found.as_dict(), note=note, **fields)
        await self._check_warm_up(draft)
        return await self._store(Findings(draft, found, callers, notes=await self._notes(draft)), make_current=True)

    async def report(self, deployment: Deployment) -> Report:
        """Return where a version can run now."""
        return await self._report(deployment.workflow, deployment.inputs, deployment.models, deployment.environment)

    async def _sent(self, wanted: Wanted, before: Deployment | None) -> SentWorkflow:
        """Return the workflow that was sent, and have the backends say what they have, unless that is not wanted."""
        read = partial(
            read_sent,
            self._conversions,
            wanted.workflow,
            wanted.app_file,
            environment=_text(wanted.place.environment, before.environment if before else ""),
        )
        if wanted.force:
            return await read(patience=START_PATIENCE)  # what is to be converted can't do without
        if is_to_be_converted(wanted.workflow, wanted.app_file):
            await self._catalogs.refresh(START_PATIENCE)
            return await read()
        sent = await read()  # what is wrong with it is told before anything that takes long
        await self._catalogs.refresh(START_PATIENCE)
        return sent

    async def _check_warm_up(self, draft: Deployment) -> None:
        if draft.warm_up is not None:
            live = await self._catalogs.live_choices(draft.workflow, draft.inputs, environment=draft.environment)
            warm_up_workflow(draft.workflow, draft.inputs, draft.warm_up, live)

    async def _notes(self, draft: Deployment) -> tuple[str, ...]:
        """Return what keeps its jobs from running where they are to: not what any backend lacks, which is in the report."""
        if draft.pool == POOL and not draft.memory and not draft.environment:
            return ()
        note = await self._eligibility.missing(draft.pool, needs_of(draft.workflow, draft.memory, draft.environment))
        return (note,) if note else ()

    async def _store(self, found: Findings, *, make_current: bool) -> Findings:
        return replace(found, deployment=await self._deployments.add(found.deployment, make_current=make_current))

    async def _current(self, name: str | None) -> Deployment | None:
        try:
            return await self._deployments.get(name) if name else None
        except UnknownDeployment:
            return None

    async def _report(self, workflow: Mapping[str, Any], inputs: tuple[Input, ...], models: Iterable[Model], environment: str) -> Report:
        """Report on the backends that run jobs with this environment; empty: on those that run jobs without one."""
        catalogs = await self._catalogs.by_backend(environment)
        remedies = await remedies_for([workflow], catalogs.values(), models, self._find_packs)
        return report_of(workflow, inputs, catalogs, remedies=remedies)


def report_of(
    workflow: Mapping[str, Any],
    inputs: tuple[Input, ...],
    catalogs: Mapping[str, Catalog],
    hints: Hints | None = None,
    remedies: Remedies = NONE,
) -> Report:
    """Report on a workflow as a call would run it that says nothing: with the defaults of its inputs."""
    defaults: dict[str, dict[str, Any]] = {}
    for declared in inputs:
        if declared.own_default and declared.default is not None:
            default = {"__value__": declared.default} if isinstance(declared.default, list) else declared.default
            defaults.setdefault(declared.node_id, {})[declared.input_name] = default
    locked = [(declared.node_id, declared.input_name) for declared in inputs if declared.locked]
    return report(with_values(workflow, defaults), catalogs, locked=locked, hints=hints, remedies=remedies)


def _knows(catalog: Catalog | None, workflow: Mapping[str, Any]) -> bool:
    return catalog is not None and all(node["class_type"] in catalog.classes for node in workflow.values())


def _followed(
    before: Deployment, workflow: Mapping[str, Any], declared: tuple[Input, ...], catalog: Catalog | None
) -> tuple[tuple[Edit, ...], tuple[Edit, ...]]:
    """Return the edits of the version before, at their nodes of the new workflow, and those that found none.

    An input that would be called otherwise now keeps the name that callers know, as an edit.
    """
    kept, lost = follow(before.edits, before.workflow, workflow)
    now = {one.name for one in declared}
    called = before.inputs or _inputs_now(before, catalog)  # of before inputs were declared, there are none
    known = {one.key: one.name for one in called if one.name not in now}
    renamed, _ = follow(
        (edit_at(anchor, {"name": known[anchor.key]}) for anchor in anchors(before.workflow) if anchor.key in known),
        before.workflow,
        workflow,
    )
    edits = {edit.key: edit for edit in kept}
    for edit in renamed:
        own = edits.get(edit.key)
        edits[edit.key] = edit if own is None else replace(own, changes={**edit.changes, **own.changes})
    return tuple(edits.values()), lost


def _inputs_now(before: Deployment, catalog: Catalog | None) -> tuple[Input, ...]:
    """Return a version's inputs as they would be declared today: what changed on the backends is no change of the version's."""
    return apply_edits(declare(before.workflow, catalog), before.edits)[0]


def _refuse_breaking(name: str, changes: tuple[Change, ...], way_out: str = "") -> None:
    broken = breaking(changes)
    if broken:
        raise BreakingChange(
            f"Calls of {name!r} that work today would fail: {broken[0].message}",
            hint=f"Confirm it with allow_breaking (--allow-breaking){way_out}.",
            problems=[change.as_dict() for change in broken],
        )


def _nowhere(environment: str) -> str:
    return f"No backend has the environment {environment}." if environment else ""


def _reason(why: str) -> str:
    """Return a reason without the lines of ComfyUI's log that may follow it: the doctor tells those."""
    return why.partition("\n")[0].removesuffix(" Its last lines:")


def _text(*options: str | None) -> str:
    return next((text for text in options if text is not None), "")
