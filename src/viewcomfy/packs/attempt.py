"""An attempt at one pack: its packages go into a twin of the virtual environment, and ComfyUI is started with both."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from viewcomfy.comfy.changes import Change
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.packages import Packages
from viewcomfy.comfy.process import Launch
from viewcomfy.comfy.terminal import describe_exit
from viewcomfy.core.errors import InstallFailed, NoBackend, PackBroken, PackConflict
from viewcomfy.packs.requirements import Wanted, read_wanted
from viewcomfy.packs.resolve import HINT, Ground, Plan, changes_of, check_changes, resolve, stand_in_note
from viewcomfy.packs.trial import QUOTED_LINES, Trial, Verdict, run_limited, without_ours
from viewcomfy.packs.twin import SMALL, own_scripts

SCRIPT = "install.py"
SCRIPT_SECONDS = 1800.0
NOTHING = "Nothing was changed."


class Attempt:
    """One attempt, in a folder that is thrown away afterwards; the pack is to be put into `staged` first."""

    def __init__(self, installation: Installation, work: Path, name: str, limit: float, extra_args: Sequence[str]) -> None:
        self._installation, self._work, self._name = installation, work, name
        self._trial = Trial(installation, work, limit, extra_args)
        self._ground: Ground | None = None
        self._plan = Plan()
        self._wanted = Wanted()
        self.staged = self._trial.packs / name
        self.notes: tuple[str, ...] = ()

    @property
    def has_script(self) -> bool:
        """Tell whether the pack has an install.py, which is run."""
        return (self.staged / SCRIPT).is_file()

    @property
    def small_files(self) -> int:
        """How large files may be that the pack's script might write into: they must not be shared with the installation."""
        return SMALL if self.has_script else 0

    @property
    def requirements(self) -> tuple[str, ...]:
        """What the pack requires, for the record: files of its own apart."""
        return tuple(line for line in self._wanted.lines if str(self.staged) not in line)

    def resolve(self, packages: Packages, others: Collection[str]) -> Plan:
        """Return what would change; raise PackConflict."""
        self._wanted = read_wanted(self.staged)
        self._ground = Ground.of(self._installation, packages)
        self._plan = resolve(self._wanted, others, self._ground, packages, self._work)
        return self._plan

    def install(self, packages: Packages, live: Path) -> list[Change]:
        """Install what it requires into a twin of the virtual environment `live`, run its script, and return what has changed.

        Raises PackConflict, InstallFailed or PackBroken.
        """
        ground = self._ground or Ground.of(self._installation, packages)
        problems = set(packages.problems())
        try:
            if self._plan.arguments:
                packages.install(*self._plan.arguments)
        except InstallFailed as fault:
            raise InstallFailed(fault.message, hint=NOTHING) from fault
        if self.has_script:
            self._run_script(packages, ground)
        changes = changes_of(ground.installed, packages)
        check_changes(changes, ground)
        quoted = [f"`{name}`" for name in ground.stand_ins]
        worse = [line for line in packages.problems() if line not in problems and not any(name in line for name in quoted)]
        if worse:
            problems_out = [{"message": line} for line in worse]
            raise PackConflict(f"With the packages of this pack others no longer fit: {' '.join(worse)}", hint=HINT, problems=problems_out)
        own_scripts(packages.python.parent.parent, live)
        return changes

    def run_trial(self, python: Path) -> tuple[str, ...]:
        """Start ComfyUI with the pack, and return the node classes that it brings. Raises PackBroken, or NoBackend: it is not the pack."""
        verdict = self._trial.run(python)
        if not verdict.end and self._name not in verdict.loaded:
            raise self._broken("ComfyUI can't import it", verdict, self._name)
        if verdict.end and f"/{self._name}/" in verdict.end:
            raise self._broken(f"ComfyUI {verdict.end}", verdict, self._name)
        if verdict.end or verdict.failed:
            self._compare(verdict)
        return verdict.classes.get(self._name, ())

    def _compare(self, verdict: Verdict) -> None:
        """Find out what is the pack's fault: start ComfyUI as it is, without the pack."""
        before = self._trial.run_without()
        if before.end:
            quoted = self._readable(before.quote(""))
            raise NoBackend(f"This ComfyUI does not start as it is, without the pack; it {before.end}:\n{quoted}\n", hint=NOTHING)
        if verdict.end:
            raise self._broken(f"with it, ComfyUI {verdict.end}", verdict, self._name)
        if broken := sorted(verdict.failed & before.loaded):
            raise self._broken(f"with it, ComfyUI can't import {', '.join(broken)}, which it could before", verdict, broken[0])
        self.notes = (f"Not imported, with or without it: {', '.join(sorted(verdict.failed))}.",)

    def _run_script(self, packages: Packages, ground: Ground) -> None:
        """Run the pack's install.py as ComfyUI-Manager does, with pip and uv held to what has to stay."""
        pins, log = self._work / "pins.txt", self._work / "install.log"
        pins.write_text("".join(f"{name}=={version}\n" for name, version in ground.pins.items()))
        bin_folder = packages.python.parent
        launch = Launch(replace(self._installation, python=packages.python), self._work / "run")
        env = without_ours(launch.environment(os.environ)) | {  # handed on, not read
            "PATH": f"{bin_folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}",  # handed on, not read
            "VIRTUAL_ENV": str(bin_folder.parent),
            "PIP_CONSTRAINT": str(pins),
            "UV_CONSTRAINT": str(pins),
            "COMFYUI_PATH": str(self._installation.main.parent),
            "COMFYUI_FOLDERS_BASE_PATH": str(self._trial.base),
        }
        code = run_limited([str(packages.python), SCRIPT], env, self.staged, log, SCRIPT_SECONDS)
        if code != 0:
            lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
            how = describe_exit(code) if code is not None else f"did not end within {SCRIPT_SECONDS:.0f} s"
            quoted = self._readable("\n".join(lines[-QUOTED_LINES:]))
            raise PackBroken(f"The install.py of {self._name} {how}:\n{quoted}\n", hint=NOTHING, details={"pack": self._name})

    def _broken(self, what: str, verdict: Verdict, about: str) -> PackBroken:
        quoted = self._readable(verdict.quote(about))
        stand_ins = self._ground.stand_ins if self._ground else ()
        notes = " ".join(stand_in_note(name) for name in stand_ins if name in quoted)
        details = {"pack": self._name, "trace": quoted}
        what = self._readable(what)
        return PackBroken(f"{self._name} was tried and left out: {what}.\n{quoted}\n{notes}".rstrip() + "\n", hint=NOTHING, details=details)

    def _readable(self, text: str) -> str:
        """Return text with the paths of the trial shortened to those below ComfyUI's folder."""
        for base in (str(self._trial.base), str(self._installation.base)):
            text = text.replace(f"{base}/", "").replace(f"{base.replace('.', '_x_')}/", "")  # so ComfyUI makes the names of modules
        return text
