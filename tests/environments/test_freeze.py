"""Freezing: everything that an installation consists of, as it means the same elsewhere; or a refusal by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.environments.kit import CODE, PACKAGES, make_installation, make_repository
from viewcomfy.comfy.installation import Installation
from viewcomfy.core.errors import Conflict, InstallFailed
from viewcomfy.core.models import Model
from viewcomfy.environments.addresses import without_secrets
from viewcomfy.environments.document import Code, Pack, Torch
from viewcomfy.environments.freeze import freeze
from viewcomfy.environments.here import environment_id, note_environment
from viewcomfy.environments.toml import write_toml
from viewcomfy.packs.record import Pack as Recorded
from viewcomfy.packs.record import write_pack

REMOTE = "https://git.example/foo.git"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return make_installation(tmp_path / "here")


def with_package(folder: Path, name: str, version: str, origin: dict[str, Any]) -> Installation:
    return make_installation(folder, [*PACKAGES, (name, version, origin)])


def test_it_says_what_runs_comfyui(installation: Installation) -> None:
    found = freeze(installation).document
    assert found.comfyui == CODE
    assert found.python == "3.11.7"
    assert found.torch == Torch("2.13.0", "cpu")
    assert found.packages == ("numpy==2.4.6",)  # torch is told apart; pip installs, and is not installed


def test_a_checkout_is_told_by_its_commit(installation: Installation, tmp_path: Path) -> None:
    code = installation.main.parent
    for name in ("main.py", "nodes.py", "comfyui_version.py"):
        (code / name).unlink()
    (code / "comfy").rmdir()
    code.rmdir()
    files = {"main.py": "", "comfyui_version.py": '__version__ = "0.3.75"\n'}
    commit = make_repository(code, files, remote="https://user:token@git.example/ComfyUI.git")
    frozen = freeze(installation)
    assert frozen.document.comfyui == Code("0.3.75", repository="https://git.example/ComfyUI.git", commit=commit)
    assert frozen.notes == ()
    (code / "main.py").write_text("changed")
    assert "changes are not" in freeze(installation).notes[0]


def test_where_comfyui_is_from_must_be_known(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="comfyui install"):
        freeze(make_installation(tmp_path / "a", source="a friend"))
    newer: dict[str, Any] = {"package": "comfy-copy==1.0", "package_sha256": "d" * 64, "package_folder": "comfy/"}
    found = freeze(make_installation(tmp_path / "b", source="a friend", **newer)).document.comfyui
    assert found == Code("0.3.75", package="comfy-copy==1.0", sha256="d" * 64, folder="comfy/")


def test_packs_are_told_by_their_commits_or_versions(installation: Installation) -> None:
    nodes = installation.base / "custom_nodes"
    commit = make_repository(nodes / "by-hand", {"__init__.py": ""}, remote=REMOTE)
    (nodes / "from-registry").mkdir()
    write_pack(installation, Recorded("from-registry", id="from-registry", version="1.2.0"))
    (nodes / "off.disabled").mkdir()
    (nodes / "__pycache__").mkdir()
    assert freeze(installation).document.packs == (
        Pack("by-hand", url=REMOTE, commit=commit),
        Pack("from-registry", id="from-registry", version="1.2.0"),
    )


def test_what_nobody_else_could_get_is_refused_by_name_or_left_out_with_a_comment(installation: Installation, tmp_path: Path) -> None:
    nodes = installation.base / "custom_nodes"
    make_repository(nodes / "no-remote", {"__init__.py": ""})
    make_repository(nodes / "local-remote", {"__init__.py": ""}, remote=str(tmp_path / "elsewhere"))
    (nodes / "copied").mkdir()
    (nodes / "single.py").touch()
    with pytest.raises(Conflict) as refused:
        freeze(installation)
    names = ("no-remote", "local-remote", "copied", "single.py")
    assert all(name in refused.value.message for name in names)
    assert len(refused.value.problems) == 4
    frozen = freeze(installation, allow_unknown=True)
    assert frozen.document.packs == ()
    assert not frozen.is_whole
    text = write_toml(frozen.document, frozen.notes)
    assert all(f"# Left out: the pack {name}" in text for name in names)
    assert str(tmp_path) not in text


def test_a_pack_that_was_changed_by_hand_is_told(installation: Installation) -> None:
    pack = installation.base / "custom_nodes" / "foo"
    make_repository(pack, {"__init__.py": ""}, remote=REMOTE)
    (pack / "__init__.py").write_text("x = 1")
    own, changed = freeze(installation).notes
    assert "foo was made here: push it" in own
    assert "foo has been changed here" in changed


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        ({"url": "https://u:p@x.example/a-1.whl", "archive_info": {}}, "thing @ https://x.example/a-1.whl"),
        (
            {"url": "https://t0ken@git.example/a.git", "vcs_info": {"vcs": "git", "commit_id": "e" * 40}, "subdirectory": "py"},
            f"thing @ git+https://git.example/a.git@{'e' * 40}#subdirectory=py",
        ),
        ({}, "thing==1.0"),
    ],
)
def test_a_package_from_a_url_is_told_by_it_without_credentials(tmp_path: Path, origin: dict[str, Any], line: str) -> None:
    assert line in freeze(with_package(tmp_path / "here", "Thing", "1.0", origin)).document.packages


def test_a_package_from_a_file_here_is_its_version_elsewhere(tmp_path: Path) -> None:
    frozen = freeze(with_package(tmp_path / "here", "thing", "1.0", {"url": "file:///home/me/thing.whl", "archive_info": {}}))
    assert "thing==1.0" in frozen.document.packages
    assert "thing==1.0" in frozen.notes[0]
    assert "/home/me" not in write_toml(frozen.document, frozen.notes)


def test_a_package_from_a_folder_here_is_refused_by_name(tmp_path: Path) -> None:
    editable = with_package(tmp_path / "here", "thing", "1.0", {"url": "file:///home/me/thing", "dir_info": {"editable": True}})
    with pytest.raises(Conflict, match=r"the package thing 1\.0"):
        freeze(editable)
    frozen = freeze(editable, allow_unknown=True)
    assert frozen.document.packages == ("numpy==2.4.6",)
    assert "/home/me" not in write_toml(frozen.document, frozen.notes)


def test_an_installation_without_torch_or_python_says_so(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="torch"):
        freeze(make_installation(tmp_path / "a", []))
    broken = make_installation(tmp_path / "b")
    broken.python.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(InstallFailed, match="python"):
        freeze(broken)


def test_models_come_with_what_is_known_of_them(installation: Installation) -> None:
    for path in ("loras/a.safetensors", "checkpoints/xl/b.safetensors", "configs/v1.yaml"):
        (installation.models / path).parent.mkdir(parents=True, exist_ok=True)
        (installation.models / path).write_bytes(b"x")
    unknown = (Model("checkpoints", "xl/b.safetensors"), Model("loras", "a.safetensors"))
    assert freeze(installation).document.models == unknown
    said: list[str] = []
    hashed = freeze(installation, hash_models=True, say=said.append).document
    assert [model.sha256[:8] for model in hashed.models] == ["2d711642", "2d711642"]
    assert said == ["reading checkpoints/xl/b.safetensors", "reading loras/a.safetensors"]
    assert hashed.id == freeze(installation).document.id


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://user:secret@git.example/a.git", "https://git.example/a.git"),
        ("ssh://git:secret@git.example/a.git", "ssh://git@git.example/a.git"),
        ("git@git.example:a.git", "git@git.example:a.git"),
        ("https://x.example/a?token=abc&name=a.whl", "https://x.example/a?name=a.whl"),
        ("http://[broken", ""),
    ],
)
def test_addresses_lose_their_secrets(url: str, plain: str) -> None:
    assert without_secrets(url) == plain


def test_an_installation_is_the_environment_it_was_frozen_as_until_it_changes(installation: Installation) -> None:
    assert environment_id(installation) == ""
    document = freeze(installation).document
    note_environment(installation, document)
    assert environment_id(installation) == document.id
    pack = installation.base / "custom_nodes" / "new"
    pack.mkdir()
    assert environment_id(installation) == ""
    pack.rmdir()
    assert environment_id(installation) == document.id
    (installation.records / "environment.json").write_text(json.dumps([1]))
    assert environment_id(installation) == ""
