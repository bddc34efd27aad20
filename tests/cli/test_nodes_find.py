"""`viewcomfy nodes find`, with a map that was kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.typed import Typed
from viewcomfy.packs.node_map_source import FILE

Type = Callable[..., Typed]
MAP = {
    "https://github.com/comfyanonymous/ComfyUI": [["KSampler"], {"title_aux": "ComfyUI"}],
    "https://github.com/i/impact": [["FaceDetailer", "Both"], {"title_aux": "Impact Pack"}],
    "https://github.com/z/other": [["Both"], {"title_aux": "Other"}],
}


@pytest.fixture
def find(typed: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Type:
    monkeypatch.setenv("VIEWCOMFY_NODE_MAP_URL", "off")
    monkeypatch.setenv("VIEWCOMFY_BACKENDS", "0")
    (tmp_path / "data" / "cache").mkdir(parents=True)
    (tmp_path / "data" / "cache" / FILE).write_text(json.dumps(MAP))
    return lambda *words: typed("nodes", "find", *words, "--data-dir", str(tmp_path / "data"))


def test_the_packs_of_a_class_are_told_with_what_to_type(find: Type) -> None:
    told = find("Both").out
    assert "https://github.com/i/impact" in told
    assert "Other" in told
    packs = [{"name": "Impact Pack", "url": "https://github.com/i/impact"}, {"name": "Other", "url": "https://github.com/z/other"}]
    assert find("Both", "--json").json == [{"class": "Both", "packs": packs, "built_in": False}]


def test_of_a_workflow_the_classes_that_are_not_comfyuis_own_are_told(find: Type, tmp_path: Path) -> None:
    classes = ["KSampler", "FaceDetailer", "Mine"]
    (tmp_path / "w.json").write_text(json.dumps({str(at): {"class_type": name, "inputs": {}} for at, name in enumerate(classes)}))
    told = find("w.json").out
    assert [line.split()[0] for line in told.splitlines()[1:]] == ["FaceDetailer", "Mine"]
    assert "not known" in told


def test_a_class_that_nobody_brings_ends_with_an_error(find: Type) -> None:
    assert find("Nobody").code == 4
    assert "ComfyUI itself" in find("KSampler").err


def test_without_a_map_it_says_what_to_do(find: Type, tmp_path: Path) -> None:
    (tmp_path / "data" / "cache" / FILE).unlink()
    told = find("Both")
    assert "VIEWCOMFY_NODE_MAP_URL" in told.err
