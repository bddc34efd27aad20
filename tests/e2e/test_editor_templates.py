"""Every published workflow template is converted on a real ComfyUI as the editor itself converts it, of which we keep hashes."""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tools.editor_truth.comfy import bare_comfy, object_info
from tools.editor_truth.compare import outcomes
from tools.editor_truth.editor import editor as opened
from tools.editor_truth.hashes import brief, committed
from tools.editor_truth.make import edited, editors_names
from tools.editor_truth.packages import CACHE, SETS, classes, frontend, templates
from tools.editor_truth.truth import Case, canonical
from tools.editor_truth.work import work
from viewcomfy.comfy.installation import Installation
from viewcomfy.core.editor.convert import convert
from viewcomfy.core.errors import ViewComfyError

pytestmark = pytest.mark.e2e

TRUTH = committed()
EDITED = 8
"""How many templates are also edited in a browser, each in another way."""


@dataclass(frozen=True)
class Editor:
    """What a ComfyUI with nothing but its own nodes says of them, the editor's own names of those, and templates edited in it."""

    nodes: dict[str, Any]
    names: dict[str, str]
    edited: list[Case]


@pytest.fixture(scope="module")
def editor(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Editor:
    if not shutil.which("chromium") and not os.environ.get("CI"):
        pytest.skip("there is no Chromium: apt-get install chromium")
    return asyncio.run(_asked(installation, tmp_path_factory.mktemp("bare")))


async def _asked(installation: Installation, folder: Path) -> Editor:
    versions = SETS["pinned"]
    found = templates(CACHE, versions.templates)
    chosen = list(TRUTH["pinned"]["hashes"])[:: len(TRUTH["pinned"]["hashes"]) // EDITED]
    async with bare_comfy(installation, folder, CACHE, frontend(CACHE, versions.frontend)) as url:
        nodes = await object_info(url)
        async with opened(url) as page:
            edits = [await edited(page, f"{name}@edit0", found[name], print) for name in chosen]
            return Editor(nodes, editors_names(await page.names(), nodes), [case for case in edits if case])


@pytest.fixture
def nodes(editor: Editor) -> dict[str, Any]:
    return editor.nodes


@pytest.mark.parametrize("name", sorted(TRUTH))
def test_every_template_is_converted_as_the_editor_does_it(name: str, nodes: dict[str, Any]) -> None:
    truth = TRUTH[name]
    found = templates(CACHE, truth["templates"])
    possible = {template for template, workflow in found.items() if classes(workflow) <= nodes.keys()}
    assert possible == truth["hashes"].keys(), "this ComfyUI has other node classes than the one that the hashes were made with"
    assert len(found) - len(possible) == truth["left_out"]
    wrong = {template: fault for template, row in truth["hashes"].items() if (fault := _fault(found[template], nodes, *row))}
    assert not wrong, _explained(name, wrong)


def test_templates_that_were_edited_in_the_editor_are_converted_as_it_does_it(editor: Editor) -> None:
    assert len(editor.edited) > EDITED / 2  # at some edits it fails itself
    wrong = [f"{one.name}:\n{one.fault}" for one in outcomes(editor.edited, editor.names, editor.nodes) if one.fault]
    assert not wrong, "\n".join(wrong)


def test_a_prompt_that_is_not_the_editors_is_found_out(nodes: dict[str, Any]) -> None:
    truth = TRUTH["pinned"]
    name, (workflow_hash, prompt_hash) = next(iter(truth["hashes"].items()))
    workflow = templates(CACHE, truth["templates"])[name]
    assert _fault(workflow, nodes, workflow_hash, prompt_hash) == ""
    assert "is not the editor's" in _fault(workflow, nodes, workflow_hash, prompt_hash[::-1])
    assert "another workflow" in _fault({**workflow, "nodes": []}, nodes, workflow_hash, prompt_hash)
    assert "other work" in _fault(workflow, nodes, workflow_hash, prompt_hash[::-1], prompt_hash)
    assert "alike by now" in _fault(workflow, nodes, workflow_hash, prompt_hash, "")


def _fault(workflow: dict[str, Any], nodes: dict[str, Any], workflow_hash: str, prompt_hash: str, work_hash: str | None = None) -> str:
    """Return what is wrong with a template, "" if it is converted alike, or if it is known not to be, into what does the same work."""
    if brief(workflow) != workflow_hash:
        return "the package holds another workflow by this name"
    try:
        prompt = convert(workflow, nodes).workflow_api
    except ViewComfyError as refusal:
        return f"refused: {refusal}"
    if brief(prompt) == prompt_hash:
        return "" if work_hash is None else "alike by now: run the command below with --hashes"
    if work_hash is None:
        return f"our prompt {brief(prompt)} is not the editor's {prompt_hash}; it begins: {canonical(prompt)[:300]}"
    return "" if work_hash in ("", brief(work(prompt, nodes))) else f"other work than the editor's {work_hash}"


def _explained(name: str, wrong: dict[str, str]) -> str:
    """Return what to tell who has changed the conversion."""
    lines = [f"{template}: {fault}" for template, fault in wrong.items()]
    command = f'make editor-truth ARGS="--set {name} --only {next(iter(wrong))!r}"'
    return "\n".join([f"{len(lines)} templates:", *lines, f"See the difference: {command}"])
