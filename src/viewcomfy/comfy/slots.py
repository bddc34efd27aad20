"""Slots are the backends that a pool is to have: for each installation as many as were asked for, each in a place of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.link import HealthLimits
from viewcomfy.comfy.process import Launch


@dataclass(frozen=True, slots=True)
class Served:
    """An installation that jobs are to be served from.

    `environment` is the id of what it is, empty where that is not known. One that is `aside` is for jobs alone that name it; there is one
    at most that is not. `revision` changes with everything that it is to be started anew for.
    """

    installation: Installation
    environment: str = ""
    aside: bool = False
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """A backend as it is to be."""

    name: str
    launch: Launch
    environment: str = ""
    aside: bool = False
    revision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """What all backends of a pool have in common: `count` of them for each installation, in folders below `folder`.

    `gpus` are dealt out in turn, to each installation anew: one that is aside shares them with the others.
    """

    folder: Path
    count: int = 1
    extra_args: tuple[str, ...] = ()
    start_timeout: float = 300.0
    idle_timeout: float = 0.0
    limits: HealthLimits | None = None
    gpus: tuple[int, ...] = ()
    fork: bool = True

    def slots(self, served: Iterable[Served]) -> dict[str, Slot]:
        """Return the backends that there are to be, by their names."""
        slots = [self._slot(one, number) for one in served for number in range(self.count)]
        return {slot.name: slot for slot in slots}

    def _slot(self, served: Served, number: int) -> Slot:
        place = f"{served.environment}-{number}" if served.aside else str(number)
        gpu = self.gpus[number % len(self.gpus)] if self.gpus else None
        launch = Launch(
            served.installation,
            self.folder / place,
            processes=self.count,  # those that are aside are idle most of the time
            gpu=gpu,
            extra_args=self.extra_args,
            start_timeout=self.start_timeout,
        )
        return Slot(f"comfyui-{place}", launch, served.environment, served.aside, served.revision)
