"""A deployer looks a workflow over against the backends there are, and makes it the next version of a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from viewcomfy.core.app_file import App, read_app_file
from viewcomfy.core.catalog import Catalog
from viewcomfy.core.compatibility import Change, breaking, compare
from viewcomfy.core.declare import declare
from viewcomfy.core.deployments import POOL, Deployment, check_name
from viewcomfy.core.errors import BadInput, BreakingChange, DeploymentProblems, UnknownDeployment
from viewcomfy.core.input_edit import Edit, anchors, edit_at
from viewcomfy.core.input_edits import apply_edits, follow, make_edits
from viewcomfy.core.inputs import Input
from viewcomfy.core.needs import needs_of
from viewcomfy.core.params import with_values
from viewcomfy.core.report import Report, report
from viewcomfy.core.report_hints import Hints
from viewcomfy.core.workflows import check_workflow
from viewcomfy.service.catalogs import CatalogService
from viewcomfy.service.deployments import DeploymentService
from viewcomfy.service.eligibility import Eligibility
from viewcomfy.service.place import AS_BEFORE, Place

START_PATIENCE = 300.0
"""Seconds that a deploy waits for a ComfyUI to say what it has, where none has said so before."""

InputChanges = Mapping[str, Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be deployed: `workflow`, or the `app_file` that holds it, as they came. None for a text keeps the version before's.

    `force` deploys whatever the report says and starts no ComfyUI for it; `allow_breaking` deploys what breaks calls.
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
    """Deploys workflows."""

    def __init__(self, deployments: DeploymentService, catalogs: CatalogService, eligibility: Eligibility) -> None:
        self._deployments = deployments
        self._catalogs = catalogs
        self._eligibility = eligibility

    async def check(self, name: str | None, wanted: Wanted) -> Findings:
        """Return what deploying this would come to; nothing is stored.

        Raises InvalidWorkflow and its kin, BadInput for an app file that is none, InvalidParams for changes that can't be made.
        """
        wanted.place.after(None)  # before anything that takes long
        app = _app_of(wanted)
        workflow = app.workflow if app else check_workflow(wanted.workflow)
        if not wanted.force:
            await self._catalogs.refresh(START_PATIENCE)
        before = await self._current(name)
        catalog = await self._catalogs.merged()
        declared = declare(workflow, catalog)
        edits, lost = _followed(before, workflow, declared, catalog) if before and not app else ((), ())
        edits = app.edits if app else edits
        if wanted.changes:
            edits = make_edits(declared, wanted.changes, edits)
        inputs, gone = apply_edits(declared, edits)
        found = await self._report(workflow, inputs)
        if not found.checked and not wanted.force:
            found = replace(found, why_unknown=_reason(self._catalogs.why_unknown))
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
            **wanted.place.after(before),
        )
        changes = compare(_inputs_now(before, catalog), inputs) if before else ()
        return Findings(draft, found, changes, (*lost, *gone), await self._notes(draft))

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
        catalog = await self._catalogs.merged()
        declared = declare(before.workflow, catalog)
        edits = make_edits(declared, changes, before.edits)
        inputs, _ = apply_edits(declared, edits)
        callers = compare(_inputs_now(before, catalog), inputs)
        if not allow_breaking:
            _refuse_breaking(name, callers)
        found = await self._report(before.workflow, inputs)
        checked = _knows(catalog, before.workflow)  # the backends of now have typed these, or could not
        fields = place.after(before)
        draft = replace(before, inputs=inputs, edits=edits, checked=checked, report=found.as_dict(), note=note, **fields)
        return await self._store(Findings(draft, found, callers, notes=await self._notes(draft)), make_current=True)

    async def report(self, deployment: Deployment) -> Report:
        """Return where a version can run now."""
        return await self._report(deployment.workflow, deployment.inputs)

    async def _notes(self, draft: Deployment) -> tuple[str, ...]:
        """Return what keeps its jobs from running where they are to: not what any backend lacks, which is in the report."""
        if draft.pool == POOL and not draft.memory:
            return ()
        note = await self._eligibility.missing(draft.pool, needs_of(draft.workflow, draft.memory))
        return (note,) if note else ()

    async def _store(self, found: Findings, *, make_current: bool) -> Findings:
        return replace(found, deployment=await self._deployments.add(found.deployment, make_current=make_current))

    async def _current(self, name: str | None) -> Deployment | None:
        try:
            return await self._deployments.get(name) if name else None
        except UnknownDeployment:
            return None

    async def _report(self, workflow: Mapping[str, Any], inputs: tuple[Input, ...]) -> Report:
        return report_of(workflow, inputs, await self._catalogs.by_backend())


def report_of(
    workflow: Mapping[str, Any], inputs: tuple[Input, ...], catalogs: Mapping[str, Catalog], hints: Hints | None = None
) -> Report:
    """Report on a workflow as a call would run it that says nothing: with the defaults of its inputs."""
    defaults: dict[str, dict[str, Any]] = {}
    for declared in inputs:
        if declared.own_default and declared.default is not None:
            default = {"__value__": declared.default} if isinstance(declared.default, list) else declared.default
            defaults.setdefault(declared.node_id, {})[declared.input_name] = default
    locked = [(declared.node_id, declared.input_name) for declared in inputs if declared.locked]
    return report(with_values(workflow, defaults), catalogs, locked=locked, hints=hints)


def _knows(catalog: Catalog | None, workflow: Mapping[str, Any]) -> bool:
    return catalog is not None and all(node["class_type"] in catalog.classes for node in workflow.values())


def _app_of(wanted: Wanted) -> App | None:
    if (wanted.workflow is None) == (wanted.app_file is None):
        raise BadInput("Send either a workflow_api or an app_file.", hint="The workflow is what ComfyUI's Workflow → Export (API) saves.")
    if wanted.app_file is None:
        return None
    apps = read_app_file(wanted.app_file)
    if len(apps) > 1:
        titles = ", ".join(repr(app.title[:80]) for app in apps[:10])
        raise BadInput(
            f"The app file has {len(apps)} workflows: {titles}.", hint="Deploy them one by one; `viewcomfy deploy --workflow` picks one."
        )
    return apps[0]


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


def _reason(why: str) -> str:
    """Return a reason without the lines of ComfyUI's log that may follow it: the doctor tells those."""
    return why.partition("\n")[0].removesuffix(" Its last lines:")


def _text(*options: str | None) -> str:
    return next((text for text in options if text is not None), "")
