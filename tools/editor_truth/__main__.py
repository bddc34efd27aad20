"""Compare our conversion with what ComfyUI's editor does: `python -m tools.editor_truth --comfyui FOLDER`."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from tools.editor_truth.hashes import commit
from tools.editor_truth.make import Plan, make
from tools.editor_truth.packages import CACHE, SETS, Versions
from tools.editor_truth.table import compare, table
from tools.editor_truth.truth import ABOUT
from viewcomfy.comfy.installation import Installation


def main() -> None:
    """Make the truth where there is none yet or it is asked for anew, compare, and print a table."""
    options = _options()
    for name, versions in _sets(options).items():
        folder = options.folder / name
        if options.anew or not (folder / ABOUT).is_file():
            installation = Installation.from_folder(options.comfyui)
            plan = Plan(installation, versions, folder, CACHE, not options.no_variants, options.edits, options.only)
            asyncio.run(make(plan, lambda line: print(line, flush=True)))
        found = compare(folder, options.only)
        print(table(name, folder, found))
        if options.hashes:
            commit(name, folder, found)


def _sets(options: argparse.Namespace) -> dict[str, Versions]:
    """Return which versions to take, by the names of their sets."""
    if not options.frontend and not options.templates:
        return {name: SETS[name] for name in options.set or SETS}
    usual = SETS["pinned"]
    versions = Versions(options.frontend or usual.frontend, options.templates or usual.templates)
    return {f"{versions.frontend}-{versions.templates}": versions}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.editor_truth", description=__doc__)
    parser.add_argument("--comfyui", type=Path, default=Path(".comfyui"), help="a folder that `viewcomfy comfyui install` made")
    parser.add_argument("--folder", type=Path, default=CACHE, help="where to keep it all")
    parser.add_argument("--set", action="append", choices=sorted(SETS), help="one of the usual pairs of versions; without it, all")
    parser.add_argument("--frontend", default="", help="another version of the editor")
    parser.add_argument("--templates", default="", help="another version of the templates")
    parser.add_argument("--only", default="", metavar="TEXT", help="the templates whose names have this in them")
    parser.add_argument("--no-variants", action="store_true", help="without the templates as the editor saves them: a quarter of the time")
    parser.add_argument("--edits", type=int, default=0, metavar="N", help="edit each template at random as well, N times")
    parser.add_argument("--anew", action="store_true", help="ask the editor again, although its answers are kept")
    parser.add_argument("--hashes", action="store_true", help="write the committed hashes anew")
    return parser.parse_args()


if __name__ == "__main__":
    main()
