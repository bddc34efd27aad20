"""Switch to another environment, and back; what is switched from stays as it is."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from viewcomfy.comfy.current import CURRENT, NONE, environments_folder, read_current
from viewcomfy.core.deployments import ENVIRONMENT
from viewcomfy.core.errors import ComfyUINotFound, Conflict, UnknownEnvironment
from viewcomfy.environments.applied import installation_of
from viewcomfy.environments.here import write_whole

LOCK = "switch.lock"


def switch(data_dir: Path, environment: str) -> str:
    """Use an environment from now on, empty: none; return the one used before. Raises UnknownEnvironment for one that is not whole.

    To switch to the one in use changes nothing.
    """
    with _alone(data_dir) as folder:
        if environment:
            installation_of(data_dir, environment)
        before, _ = _read(data_dir)
        if before != environment:
            _write(folder, environment, before)
    return before


def switch_back(data_dir: Path) -> tuple[str, str]:
    """Use the environment before again; return what is used now and what was. Twice is as if nothing had been done."""
    with _alone(data_dir) as folder:
        before, wanted = read_current(data_dir)
        if not (folder / CURRENT).exists():
            raise Conflict("No environment has been switched to, so that there is no way back.")
        if wanted:
            installation_of(data_dir, wanted)
        _write(folder, wanted, before)
    return wanted, before


def remove(data_dir: Path, environment: str) -> None:
    """Remove an environment from the disk; models stay, they are shared. Raises Conflict for the one in use, UnknownEnvironment."""
    with _alone(data_dir) as folder:
        now, before = _read(data_dir)
        if environment and environment == now:
            raise Conflict(f"{environment} is in use.", hint="Switch away first: `viewcomfy env back` or `viewcomfy env use none`.")
        path = folder / environment
        if not ENVIRONMENT.fullmatch(environment) or not path.is_dir():
            raise UnknownEnvironment(f"There is no environment {environment!r} here.", hint="`viewcomfy env list` shows those there are.")
        if environment == before:
            _write(folder, now, "")
        leaving = folder / f".removed-{environment}"
        shutil.rmtree(leaving, ignore_errors=True)
        path.rename(leaving)  # gone at once for everybody else, however long its files take
    shutil.rmtree(leaving)


@contextmanager
def _alone(data_dir: Path) -> Iterator[Path]:
    folder = environments_folder(data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _read(data_dir: Path) -> tuple[str, str]:
    try:
        return read_current(data_dir)
    except ComfyUINotFound:
        return "", ""  # a damaged file must not keep anybody from switching


def _write(folder: Path, now: str, before: str) -> None:
    write_whole(folder / CURRENT, f"{now or NONE}\n{before or NONE}\n")
