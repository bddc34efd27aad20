"""Making the truth: every template through the editor, as it was published and as the editor saves it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Error

from tools.editor_truth.comfy import bare_comfy, object_info
from tools.editor_truth.editor import Editor, editor
from tools.editor_truth.packages import Versions, classes, frontend, templates
from tools.editor_truth.truth import ABOUT, OBJECT_INFO, Case, digest, write
from viewcomfy.comfy.installation import Installation


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make: `folder` gets it, `cache` keeps the packages, `variants` asks for the workflows as the editor saves them.

    `edits` is how many times each is edited at random besides; `only` is what the names of the templates to take have in them.
    """

    installation: Installation
    versions: Versions
    folder: Path
    cache: Path
    variants: bool = True
    edits: int = 0
    only: str = ""


async def make(plan: Plan, say: Callable[[str], None]) -> None:
    """Write the truth into its folder, which is emptied first."""
    found = templates(plan.cache, plan.versions.templates)
    shutil.rmtree(plan.folder, ignore_errors=True)
    plan.folder.mkdir(parents=True)
    page = frontend(plan.cache, plan.versions.frontend)
    async with bare_comfy(plan.installation, plan.folder / "run", plan.cache, page) as url:
        nodes = await object_info(url)
        (plan.folder / OBJECT_INFO).write_text(json.dumps(nodes))
        left_out = {name: sorted(lacking) for name, flow in found.items() if (lacking := classes(flow) - nodes.keys())}
        async with editor(url) as opened:
            _describe(plan, nodes, await opened.names(), left_out)
            for name, workflow in found.items():
                if name not in left_out and plan.only in name:
                    await _template(opened, plan, name, workflow, say)
            for error in sorted(set(opened.errors)):
                say(f"an error in the editor: {error.splitlines()[0]}")
    shutil.rmtree(plan.folder / "run")


async def _template(opened: Editor, plan: Plan, name: str, workflow: dict[str, Any], say: Callable[[str], None]) -> None:
    """Write one template's files."""
    prompt = await opened.prompt_of(workflow)
    write(plan.folder, Case(name, workflow, prompt))
    say(f"{name}: {len(prompt)} nodes")
    for version, variant in (await opened.saved(workflow)).items() if plan.variants else ():
        write(plan.folder, Case(f"{name}@{version}", variant, await opened.prompt_of(variant)))
    for number in range(plan.edits):
        if case := await edited(opened, f"{name}@edit{number}", workflow, say):
            write(plan.folder, case)


async def edited(opened: Editor, name: str, workflow: dict[str, Any], say: Callable[[str], None]) -> Case | None:
    """Return a workflow after edits at random, always the same for the same name; None where the editor itself fails at them."""
    try:
        edits, result = await opened.edited(workflow, name)
        case = Case(name, result, await opened.prompt_of(result))
    except Error as fault:
        say(f"{name}: the editor itself failed: {str(fault).splitlines()[0]}")
        await opened.open()
        return None
    say(f"{name}: {', '.join(edits)}")
    return case


def _describe(plan: Plan, nodes: dict[str, Any], names: dict[str, str], left_out: dict[str, list[str]]) -> None:
    versions = {"comfyui": plan.installation.version, "frontend": plan.versions.frontend, "templates": plan.versions.templates}
    about = {**versions, "object_info": digest(nodes), "left_out": left_out, "names": editors_names(names, nodes)}
    (plan.folder / ABOUT).write_text(json.dumps(about, indent=1))


def editors_names(names: dict[str, str], nodes: dict[str, Any]) -> dict[str, str]:
    """Return those of the editor's names of node classes that are not ComfyUI's own."""
    return {name: title for name in nodes if (title := names.get(name, name)) != (nodes[name].get("display_name") or name)}
