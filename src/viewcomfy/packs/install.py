"""Install and update packs: fetched beside, resolved under constraints, tried in a real start of ComfyUI, and only then put in place."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from viewcomfy.comfy.changes import Change
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.packages import Packages
from viewcomfy.core.errors import Conflict, InstallFailed, UnknownPack
from viewcomfy.packs import git
from viewcomfy.packs.attempt import Attempt
from viewcomfy.packs.fetch import edited, fetch, fetch_newer, settle
from viewcomfy.packs.journal import Commit, Journal, changing, venv_of
from viewcomfy.packs.record import Pack, read_packs
from viewcomfy.packs.registry import Registry
from viewcomfy.packs.shelf import named, require_others
from viewcomfy.packs.source import GitSource, RegistrySource, Source, parse_source
from viewcomfy.packs.twin import Swap, make_twin

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, or with `is_dry` would be: the pack as it is now, `before` its state before, the changes of packages, sentences."""

    pack: Pack
    before: str = ""
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    is_dry: bool = False
    has_script: bool = False

    @property
    def is_same(self) -> bool:
        """Tell whether nothing had to be done."""
        return self.before == self.pack.state


@dataclass(frozen=True, slots=True)
class Installer:
    """Adds and updates packs of one installation. `limit` is what a trial may take, in seconds; `extra_args` are ComfyUI's options."""

    installation: Installation
    registry: Registry
    limit: float = 300.0
    extra_args: tuple[str, ...] = ()
    say: Say = field(default=lambda _: None)

    def add(self, source: Source, *, is_dry: bool = False) -> Outcome:
        """Add a pack. Raises Conflict where it is there already, PackConflict, PackBroken, UnknownPack, FetchFailed, InstallFailed."""
        _check_venv(self.installation)
        with changing(self.installation, self.say) as journal:
            source = settle(source, self.registry)
            if there := named(self.installation, source.name):
                hint = (
                    f"`viewcomfy nodes update {there.name}` brings the newest state, `viewcomfy nodes remove {there.name}` takes it away."
                )
                raise Conflict(f"The pack {there.name} is there already.", hint=hint)
            self.say(f"fetching {source}")
            return self._bring(journal, source.name, lambda folder, work: fetch(source, folder, work, self.registry), is_dry=is_dry)

    def update(self, name: str, ref: str = "", *, is_dry: bool = False, force: bool = False) -> Outcome:
        """Bring a pack to the newest state of its branch or its newest version, or to `ref`; what is pinned stays unless that is given.

        Raises Conflict where its files have been changed by hand and `force` is not set, otherwise as `add`.
        """
        _check_venv(self.installation)
        with changing(self.installation, self.say) as journal:
            found = named(self.installation, name)
            if found is None:
                raise UnknownPack(f"There is no pack {name}.", hint="`viewcomfy nodes list` shows those that are there.")
            pack, source = _source_of(found.name, found.path, read_packs(self.installation).get(found.name), ref)
            if note := self._nothing_to_do(pack, source, ref):
                return Outcome(pack, pack.state, notes=(note,), is_dry=is_dry)
            _check_unedited(pack, found.path, force=force)
            self.say(f"fetching {source}")
            return self._bring(
                journal,
                found.name,
                lambda folder, work: fetch_newer(pack, source, found.path, folder, scratch=work, registry=self.registry),
                before=pack,
                is_dry=is_dry,
            )

    def _nothing_to_do(self, pack: Pack, source: Source, ref: str) -> str:
        """Return why there is nothing to do, without fetching anything; empty where there is, or may be."""
        if isinstance(source, GitSource):
            if not ref and not pack.branch:
                return f"{pack.name} is pinned to {pack.ref or pack.commit[:12]}; {pack.name}@main, for example, would follow a branch."
            return f"{pack.name} is up to date." if git.newest(source) == pack.commit else ""
        if not ref and pack.pinned:
            return f"{pack.name} is pinned to version {pack.version}; {pack.name}@VERSION takes another."
        newest = source.version or self.registry.newest(source)
        return f"{pack.name} is up to date." if newest == pack.version else ""

    def _bring(
        self, journal: Journal, name: str, bring: Callable[[Path, Path], Pack], *, before: Pack | None = None, is_dry: bool
    ) -> Outcome:
        venv = venv_of(self.installation)
        with self._workplace(journal, venv) as (work, twin):
            attempt = Attempt(self.installation, work, name, self.limit, self.extra_args)
            pack = bring(attempt.staged, work)
            state = before.state if before else ""
            if before and pack.state == state:
                return Outcome(pack, state, is_dry=is_dry)
            self.say("looking at the packages that it requires")
            packages = Packages(venv, lambda _: None)
            plan = attempt.resolve(packages, require_others(self.installation, name))
            outcome = Outcome(replace(pack, requirements=attempt.requirements), state, plan.changes, plan.notes, is_dry, attempt.has_script)
            if is_dry:
                return outcome
            changes: Sequence[Change] = ()
            if plan.changes or attempt.has_script:
                self._say_changes(plan.changes, has_script=attempt.has_script)
                make_twin(venv, twin, small=attempt.small_files)
                changes = attempt.install(Packages(twin, lambda _: None), venv)
            self.say("trying it: ComfyUI is started once, with this pack beside the others")
            classes = attempt.run_trial(twin / "bin" / "python" if twin.exists() else self.installation.python)
            pack = replace(outcome.pack, classes=classes, added_at=pack.added_at or datetime.now(UTC).isoformat(timespec="seconds"))
            self._commit(journal, attempt, pack, Swap(twin, venv) if twin.exists() else None)
            return replace(outcome, pack=pack, changes=tuple(changes), notes=(*outcome.notes, *attempt.notes))

    @contextmanager
    def _workplace(self, journal: Journal, venv: Path) -> Iterator[tuple[Path, Path]]:
        """Give a folder to work in and the place for the packages' twin; both are gone at the end, whatever became of the change."""
        work = journal.work_folder()
        twin = journal.twin_of(venv, work)
        try:
            yield work, twin
        finally:
            journal.clean(twin, work)

    def _commit(self, journal: Journal, attempt: Attempt, pack: Pack, packages: Swap | None) -> None:
        live = self.installation.base / "custom_nodes" / pack.name
        new = attempt.staged
        live.parent.mkdir(parents=True, exist_ok=True)
        if (
            live.parent.stat().st_dev != new.stat().st_dev
        ):  # a volume of its own: what is renamed must lie on it, and ComfyUI skips this name
            new = live.with_name(f".{pack.name}.viewcomfy-{secrets.token_hex(4)}.disabled")
            make_twin(attempt.staged, new)
        swaps = [swap for swap in (packages, Swap(new, live)) if swap]
        journal.commit(Commit(pack.name, tuple(swaps), pack=pack))

    def _say_changes(self, changes: Sequence[Change], *, has_script: bool) -> None:
        if changes:
            self.say(f"installing {', '.join(f'{each.name} {each.after}'.strip() for each in changes)}")
        if has_script:
            self.say("running its install.py")


def _source_of(name: str, folder: Path, pack: Pack | None, ref: str) -> tuple[Pack, Source]:
    """Return what a pack is now and where its next state comes from; a checkout that somebody put there by hand is taken as it says."""
    if pack is not None and pack.id:
        return pack, RegistrySource(pack.id, ref)
    if pack is None:
        url, branch = git.origin_of(folder)
        if not url:
            hint = "Take it away and add it with `viewcomfy nodes add`."
            raise Conflict(f"{name} was put there by hand, and does not say where from.", hint=hint)
        source = parse_source(url)
        if not isinstance(source, GitSource):
            raise Conflict(f"{name} comes from {url}, which is no URL.")
        pack = Pack(name, url=source.url, ref=branch, branch=branch, commit=git.commit_in(folder))
        return pack, replace(source, ref=ref or branch)
    found = parse_source(f"{pack.url}@{ref or pack.ref}" if ref or pack.ref else pack.url)
    return replace(pack, commit=git.commit_in(folder) or pack.commit), found


def _check_unedited(pack: Pack, folder: Path, *, force: bool) -> None:
    if not force and (files := edited(pack, folder)):
        listed = ", ".join(files[:5]) + (" …" if len(files) > 5 else "")
        hint = "Keep a copy of your changes; --force lets the new state take their place."
        raise Conflict(f"The files of {pack.name} have been changed by hand: {listed}.", hint=hint)


def _check_venv(installation: Installation) -> None:
    venv = venv_of(installation)
    if not (venv / "pyvenv.cfg").is_file():
        hint = "Packs are only installed where that leaves other programs alone: give ComfyUI a virtual environment named 'venv'."
        raise InstallFailed(f"The Python of this ComfyUI, in {venv}, is not a virtual environment.", hint=hint)
