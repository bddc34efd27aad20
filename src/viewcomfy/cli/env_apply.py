"""Apply an environment: make it, check it, switch to it; with progress on stderr."""

from __future__ import annotations

from dataclasses import dataclass, field

from viewcomfy.cli import env_view, show
from viewcomfy.cli.comfyui import install_view
from viewcomfy.cli.env_deployments import deployed
from viewcomfy.cli.env_place import Connection, Documents, extra_args
from viewcomfy.cli.shelves import tokens_of
from viewcomfy.comfy.current import NONE, environments_folder
from viewcomfy.comfy.installation import Installation
from viewcomfy.core.catalog import Catalog
from viewcomfy.core.errors import Conflict, JobCanceled, ViewComfyError
from viewcomfy.core.report import Report
from viewcomfy.environments.applied import installation_of
from viewcomfy.environments.build import Built, build, fitted, shared_here
from viewcomfy.environments.check import unfit
from viewcomfy.environments.document import Document
from viewcomfy.environments.switch import switch
from viewcomfy.environments.trial import known_catalog, try_start
from viewcomfy.models.shelf import Shelf
from viewcomfy.settings import Settings


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of it. `before` was in use until now, `checked` is how many deployments were looked at (None: nobody knows of any)."""

    built: Built
    switched: bool
    before: str = ""
    checked: int | None = None
    unfit: tuple[str, ...] = field(default=())


class Applying:
    """Applies environments on this machine; with `force` whatever becomes of the deployments."""

    def __init__(self, settings: Settings, connection: Connection, *, force: bool) -> None:
        self._settings = settings
        self._connection = connection
        self._force = force
        self._extra_args = extra_args(settings)

    def apply(self, source: str, *, use_cpu: bool | None, fetch: bool, switch: bool) -> Applied:
        """Make an environment, and switch to it unless that is not wanted. Raises Conflict, naming the deployments that could not run."""
        wanted = Documents(self._settings, self._connection).read(source)
        document = fitted(wanted, use_cpu=use_cpu)
        if document.id != wanted.id:
            show.say(f"For this machine {wanted.id} becomes {document.id}:")
            env_view.changes(wanted, document)
        built = self._build(document, fetch=fetch)
        checked, bad = self._check(document.id, built.catalog)
        if not switch:
            return Applied(built, switched=False, checked=checked, unfit=tuple(bad))
        self._refuse(document.id, bad)
        return Applied(built, True, self._switch(document.id), checked, tuple(bad))

    def use(self, environment: str) -> tuple[str, str]:
        """Switch to one that has been made here; return what is used now and what was. Raises Conflict as `apply` does."""
        wanted = "" if environment == NONE else environment
        if wanted and not self._force:
            folder = environments_folder(self._settings.data_dir) / wanted
            installation = installation_of(self._settings.data_dir, wanted)
            catalog = known_catalog(installation, folder, self._extra_args) or try_start(installation, folder, self._extra_args).catalog
            self._refuse(wanted, self._check(wanted, catalog)[1])
        return wanted, self._switch(wanted)

    def _build(self, document: Document, *, fetch: bool) -> Built:
        settings = self._settings
        shared = shared_here(
            settings.data_dir, registry=settings.node_registry, shelf=self._shelf, fetch=fetch, extra_args=self._extra_args
        )
        try:
            with install_view() as report:
                return build(document, settings.data_dir, shared, report)
        except KeyboardInterrupt:
            raise JobCanceled(f"Making {document.id} was interrupted.", hint="Run it again: it goes on where it stopped.") from None

    def _shelf(self, installation: Installation) -> Shelf:
        return Shelf(installation, extra_args=self._extra_args, tokens=tokens_of(self._settings))

    def _check(self, environment: str, catalog: Catalog) -> tuple[int | None, dict[str, Report]]:
        """Return how many deployments were looked at, and the reports of those that could not run."""
        try:
            workflows = deployed(self._settings, self._connection, ("", environment))
        except ViewComfyError as fault:
            if not self._force:
                raise
            show.say(f"The deployments can't be looked at, so that none was checked. {fault}", style="yellow")
            return None, {}
        if workflows is None:
            show.say("There is no database here and no server was named, so that no deployment was checked.", style="yellow")
            return None, {}
        return len(workflows), unfit(workflows, environment, catalog)

    def _refuse(self, environment: str, bad: dict[str, Report]) -> None:
        if not bad:
            return
        told = "; ".join(f"{name}: {found.errors[0].message if found.errors else found.summary}" for name, found in bad.items())
        what = f"{len(bad)} deployment{'s' if len(bad) > 1 else ''} could not run in {environment}. {told}"
        if not self._force:
            hint = f"It is made and not switched to. Mend that and run `viewcomfy env use {environment}`, or switch all the same: --force."
            raise Conflict(what, hint=hint, problems=_problems(bad))
        show.say(what, style="yellow")

    def _switch(self, environment: str) -> str:
        before = switch(self._settings.data_dir, environment)
        if self._settings.comfyui:
            show.say("VIEWCOMFY_COMFYUI names a ComfyUI: as long as it does, that one is used.", style="yellow")
        return before


def _problems(bad: dict[str, Report]) -> list[dict[str, object]]:
    return [{"deployment": name, **problem.as_dict()} for name, found in bad.items() for problem in found.errors]
