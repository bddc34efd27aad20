"""`viewcomfy params`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.typed import Typed
from tests.core.editor.carriers import png
from tests.server.editor_workflows import picture, picture_api

WORKFLOW = {
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "ein Käse", "clip": ["38", 0]}, "_meta": {"title": "Prompt"}},
    "57:8": {"class_type": "KSampler", "inputs": {"seed": 1}},
}


def test_the_file_is_the_published_flatteners(typed: Callable[..., Typed], tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(json.dumps(WORKFLOW))
    told = typed("params", "w.json")
    assert told.code == 0
    assert (tmp_path / "workflow_api_parameters.json").read_text() == (
        '{\n    "_6-node-class_type-info": "Prompt",\n    "6-inputs-text": "ein K\\u00e4se",\n    "6-inputs-clip": [\n        "38",\n'
        '        0\n    ],\n    "_57:8-node-class_type-info": "KSampler",\n    "57:8-inputs-seed": 1\n}'
    )
    assert "6-inputs-text" in told.out
    assert "6-inputs-clip" not in told.out  # a link is nothing to set


def test_it_can_go_to_stdout_or_elsewhere(typed: Callable[..., Typed], tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(json.dumps(WORKFLOW))
    assert typed("params", "w.json", "-o", "-").json["57:8-inputs-seed"] == 1
    assert typed("params", "w.json", "-o", "p.json", "--json").json == {"path": "p.json", "inputs": 2}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.json", "w.json"]


@pytest.mark.parametrize(("text", "code"), [("{", "invalid_json"), ("[]", "invalid_workflow"), ("", "bad_input")])
def test_what_is_no_workflow_is_refused(typed: Callable[..., Typed], tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "w.json").write_text(text)
    told = typed("params", "w.json", "--json")
    assert (told.code, told.error["code"]) == (2, code)
    assert not (tmp_path / "workflow_api_parameters.json").exists()


def test_what_is_in_the_editors_format_is_converted_by_the_server(as_admin: Callable[..., Typed], tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(json.dumps(picture()))
    told = as_admin("params", "w.json", "-o", "-").json
    assert (told["1-inputs-width"], told["9-inputs-filename_prefix"]) == (8, "pic")


def test_without_a_server_only_the_api_format_is_read(typed: Callable[..., Typed], tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(json.dumps(picture()))
    (tmp_path / "w.png").write_bytes(png({"prompt": json.dumps(picture_api())}))
    assert typed("params", "w.json", "--server", "http://127.0.0.1:1", "--admin-token", "t").code == 5
    assert typed("params", "w.png", "-o", "-").json["1-inputs-width"] == 8


def test_a_file_that_is_not_there_or_cannot_be_written_is_named(typed: Callable[..., Typed], tmp_path: Path) -> None:
    assert "nope.json" in typed("params", "nope.json").err
    (tmp_path / "w.json").write_text(json.dumps(WORKFLOW))
    told = typed("params", "w.json", "-o", "no/such/folder.json")
    assert told.code == 2
    assert "no/such/folder.json" in told.err
