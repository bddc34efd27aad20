"""`viewcomfy convert`, and other commands that take any file with a workflow, against a real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.typed import Typed
from tests.core.editor.carriers import mp4, png
from tests.server.editor_workflows import MODEL, node, picture, picture_api, untitled

Type = Callable[..., Typed]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with every kind of file."""
    (tmp_path / "workflow.json").write_text(json.dumps(picture()))
    (tmp_path / "workflow_api.json").write_text(json.dumps(picture_api()))
    (tmp_path / "editors.png").write_bytes(png({"workflow": json.dumps(picture())}))
    (tmp_path / "made.mp4").write_bytes(mp4({"prompt": json.dumps(picture_api()), "workflow": json.dumps(picture("other"))}))
    (tmp_path / "bare.png").write_bytes(png({}))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("workflow.json", "from the editor's format"),
        ("workflow_api.json", "It was in the API format"),
        ("editors.png", "and converted"),
        ("made.mp4", "as it ran"),
    ],
)
def test_any_file_becomes_a_workflow_in_the_api_format(as_admin: Type, files: Path, name: str, words: str) -> None:
    told = as_admin("convert", name)
    assert (untitled(told.json), words in told.err) == (picture_api(), True)
    told = as_admin("convert", name, "-o", "out.json")
    assert (told.code, untitled(json.loads((files / "out.json").read_text()))) == (0, picture_api())
    assert "Wrote out.json" in told.err


def test_the_models_that_it_names_are_told(as_admin: Type, files: Path) -> None:
    workflow = picture()
    workflow["nodes"].append(node(2, "CheckpointLoaderSimple", [MODEL["name"]], properties={"models": [MODEL]}))
    (files / "workflow.json").write_text(json.dumps(workflow))
    assert "checkpoints/tiny_sd3.safetensors (https://models.example/tiny_sd3.safetensors)" in as_admin("convert", "workflow.json").err
    found = as_admin("convert", "workflow.json", "--json").json
    assert (found["from"], found["models"][0]["url"]) == ("editor", MODEL["url"])


def test_only_what_must_be_converted_needs_a_server(typed: Type, files: Path) -> None:
    away = ("--server", "http://127.0.0.1:1", "--admin-token", "t")
    assert typed("convert", "made.mp4", *away).json == picture_api()
    assert typed("convert", "workflow.json", *away).code == 5


def test_what_carries_nothing_is_told(typed: Type, files: Path) -> None:
    told = typed("convert", "bare.png", "--json")
    assert (told.code, told.error["code"]) == (2, "invalid_workflow")
    assert "bare.png is a PNG file that carries no workflow" in typed("convert", "bare.png").err
    assert "nowhere.png" in typed("convert", "nowhere.png").err


@pytest.mark.parametrize("name", ["workflow.json", "editors.png", "made.mp4"])
def test_any_file_is_deployed_checked_and_run(as_admin: Type, files: Path, name: str) -> None:
    assert as_admin("deploy", "converted", name, "--check").code == 0
    assert as_admin("deploy", "converted", name, "--json").json["nodes"] == 2
    told = as_admin("run", "converted", "--workflow-api", name, "-p", "1-inputs-width=16", "--json")
    assert told.code == 0, told.err
    assert len(told.json["outputs"]) == 1
