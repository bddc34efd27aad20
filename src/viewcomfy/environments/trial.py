"""A trial start of an installation: does it come up, with which node classes, and which packs does it fail to import."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from viewcomfy.comfy.api import ComfyApi
from viewcomfy.comfy.fingerprint import take_fingerprint
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.process import ComfyProcess, Launch
from viewcomfy.core.catalog import Catalog
from viewcomfy.core.catalog_files import pack, parse, unpack
from viewcomfy.core.errors import InstallFailed, NoBackend, RunError

CATALOG = "catalog.json.gz"
STAMP = "catalog.stamp"
LOG = "trial.log"
Say = Callable[[str], None]
_FAILED = re.compile(r"\(IMPORT FAILED\):?\s*(.+)$")


@dataclass(frozen=True, slots=True)
class Trial:
    """What a start has shown: the catalog, and the folders of the packs that were not imported."""

    catalog: Catalog
    failed: tuple[str, ...] = ()


def try_start(installation: Installation, folder: Path, extra_args: tuple[str, ...] = (), say: Say = lambda _: None) -> Trial:
    """Start it once with these further options, its own folders below `folder`, and let it end; remember there what it can do.

    Raises InstallFailed, with its last lines, where it does not come up.
    """
    launch, lines = Launch(installation, folder / "trial", extra_args=extra_args), list[str]()
    try:
        raw = asyncio.run(_object_info(launch, lines, say))
        catalog = parse(raw)
    except (NoBackend, RunError, ValueError) as fault:
        what = f"The environment was made, and its ComfyUI does not start: {fault}"
        raise InstallFailed(what, hint=f"More is in {folder / LOG}.") from fault
    finally:
        (folder / LOG).write_text("".join(f"{line}\n" for line in lines))
        shutil.rmtree(launch.folder, ignore_errors=True)
    (folder / CATALOG).write_bytes(pack(raw))
    (folder / STAMP).write_text(str(take_fingerprint(installation, extra_args)))
    return Trial(catalog, tuple(failed_packs(lines)))


def known_catalog(installation: Installation, folder: Path, extra_args: tuple[str, ...] = ()) -> Catalog | None:
    """Return what it could do at its last trial start; None where it has had none, or may be able to do other things by now."""
    try:
        if (folder / STAMP).read_text() != str(take_fingerprint(installation, extra_args)):
            return None
        return unpack((folder / CATALOG).read_bytes())
    except (OSError, ValueError):
        return None


async def _object_info(launch: Launch, lines: list[str], say: Say) -> bytes:
    """Return what it says of its node classes; what it prints goes to `lines` as well."""

    def told(some: Sequence[str]) -> None:
        lines.extend(some)
        for line in some:
            say(line)

    process = ComfyProcess(launch, on_lines=told)
    await process.start()
    api = ComfyApi(process.url)
    try:
        return await api.object_info()
    finally:
        await api.close()
        await process.stop()


def failed_packs(lines: Sequence[str]) -> list[str]:
    """Return the folders of the packs that ComfyUI says it could not import."""
    matches = [match for line in lines if (match := _FAILED.search(line))]
    return sorted({Path(match[1].strip()).name for match in matches})
