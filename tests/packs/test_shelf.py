"""Packs that are there: listed, brought up to date, taken away."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packs.kit import GOOD, Repository
from viewcomfy.comfy.installation import Installation
from viewcomfy.comfy.records import revision
from viewcomfy.core.errors import Conflict, PackBroken, UnknownPack
from viewcomfy.packs.install import Installer
from viewcomfy.packs.record import read_packs
from viewcomfy.packs.shelf import listed, remove
from viewcomfy.packs.source import parse_source

Make = Callable[..., Repository]


def quiet(_: str) -> None:
    """Say nothing."""


def test_packs_that_people_put_there_are_listed_with_what_their_checkout_says(
    installer: Installer, comfyui: Installation, repository: Make
) -> None:
    nodes = comfyui.base / "custom_nodes"
    ours, theirs = repository("Ours"), repository("Theirs")
    installer.add(parse_source(ours.url))
    subprocess.run(["git", "clone", "--quiet", theirs.url, str(nodes / "Theirs")], check=True, capture_output=True)
    subprocess.run(["git", "remote", "set-url", "origin", "https://me:s3cret@host.example/Theirs"], cwd=nodes / "Theirs", check=True)
    (nodes / "single.py").write_text(GOOD.format(name="Single"))
    (nodes / "Off.disabled").mkdir()
    (nodes / "__pycache__").mkdir(exist_ok=True)
    (nodes / "websocket_image_save.py").touch()
    found = {each.name: each for each in listed(comfyui)}
    assert sorted(found) == ["Off.disabled", "Ours", "Theirs", "single.py"]
    assert [name for name, each in found.items() if each.is_ours] == ["Ours"]
    assert found["Theirs"].pack.commit == theirs.git("rev-parse", "HEAD").strip()
    assert found["Theirs"].pack.url == "https://host.example/Theirs"
    assert not found["Off.disabled"].is_enabled


def test_an_update_brings_the_newest_commit_and_keeps_what_was_added(installer: Installer, comfyui: Installation, repository: Make) -> None:
    made = repository()
    first = installer.add(parse_source(made.url)).pack
    assert installer.update("pack").is_same
    folder = comfyui.base / "custom_nodes" / "Pack"
    (folder / "downloaded.bin").write_text("weights")
    (folder / "added.txt").write_text("mine")
    second = made.commit({"__init__.py": GOOD.format(name="Second")})
    dry = installer.update("Pack", is_dry=True)
    assert (dry.before, dry.pack.commit) == (first.commit[:12], second)
    assert read_packs(comfyui)["Pack"].commit == first.commit
    updated = installer.update("Pack").pack
    assert (updated.commit, updated.classes, updated.added_at) == (second, ("Second",), first.added_at)
    assert (folder / "downloaded.bin").read_text() == "weights"
    assert (folder / "added.txt").read_text() == "mine"


def test_an_update_that_does_not_import_leaves_the_old_one(installer: Installer, comfyui: Installation, repository: Make) -> None:
    made = repository()
    installer.add(parse_source(made.url))
    before = revision(comfyui)
    made.commit({"__init__.py": "raise SystemExit\n"})
    with pytest.raises(PackBroken):
        installer.update("Pack")
    assert "NODE_CLASS_MAPPINGS" in (comfyui.base / "custom_nodes" / "Pack" / "__init__.py").read_text()
    assert revision(comfyui) == before


def test_files_that_were_changed_by_hand_are_not_overwritten(installer: Installer, comfyui: Installation, repository: Make) -> None:
    made = repository()
    installer.add(parse_source(made.url))
    made.commit({"__init__.py": GOOD.format(name="Second")})
    file = comfyui.base / "custom_nodes" / "Pack" / "__init__.py"
    file.write_text(file.read_text() + "# mine\n")
    for act in (lambda: installer.update("Pack"), lambda: remove(comfyui, "Pack", force=False, say=quiet)):
        with pytest.raises(Conflict, match="changed by hand"):
            act()
    assert "# mine" in file.read_text()
    assert installer.update("Pack", force=True).pack.classes == ("Second",)


def test_commits_that_nobody_else_has_are_not_lost(installer: Installer, comfyui: Installation, repository: Make) -> None:
    made = repository()
    installer.add(parse_source(made.url))
    made.commit({"more.py": ""})
    folder = comfyui.base / "custom_nodes" / "Pack"
    (folder / "__init__.py").write_text(GOOD.format(name="Mine"))
    made.git("-C", str(folder), "commit", "--quiet", "--all", "--message", "my node")
    for act in (lambda: installer.update("Pack"), lambda: remove(comfyui, "Pack", force=False, say=quiet)):
        with pytest.raises(Conflict, match=r"the commit .* my node"):
            act()
    assert "Mine" in (folder / "__init__.py").read_text()


def test_what_is_pinned_stays_until_another_is_named(installer: Installer, repository: Make) -> None:
    made = repository()
    first = made.git("rev-parse", "HEAD").strip()
    second = made.commit({"__init__.py": GOOD.format(name="Second")})
    assert installer.add(parse_source(f"{made.url}@{first}")).pack.branch == ""
    assert "pinned" in installer.update("Pack").notes[0]
    assert installer.update("Pack", "main").pack.commit == second
    made.commit({"__init__.py": GOOD.format(name="Third")})
    assert installer.update("Pack").pack.classes == ("Third",)


def test_a_checkout_that_somebody_put_there_becomes_ours_by_its_update(
    installer: Installer, comfyui: Installation, repository: Make
) -> None:
    made = repository()
    target = comfyui.base / "custom_nodes" / "Pack"
    subprocess.run(["git", "clone", "--quiet", made.url, str(target)], check=True, capture_output=True)
    second = made.commit({"__init__.py": GOOD.format(name="Second")})
    assert installer.update("Pack").pack.commit == second
    assert read_packs(comfyui)["Pack"].url == made.url
    (comfyui.base / "custom_nodes" / "Plain").mkdir()
    with pytest.raises(Conflict, match="by hand"):
        installer.update("Plain")
    with pytest.raises(UnknownPack, match="Nothing"):
        installer.update("Nothing")


def test_a_pack_is_taken_away_and_its_packages_stay(installer: Installer, comfyui: Installation, repository: Make) -> None:
    installer.add(parse_source(repository().url))
    before = revision(comfyui)
    assert remove(comfyui, "pack", force=False, say=quiet).pack.classes == ("Pack",)
    assert not (comfyui.base / "custom_nodes" / "Pack").exists()
    assert read_packs(comfyui) == {}
    assert revision(comfyui) != before
    assert [path.name for path in comfyui.records.glob("nodes-*")] == []
    with pytest.raises(UnknownPack):
        remove(comfyui, "Pack", force=False, say=quiet)


def test_what_could_not_be_had_again_goes_only_when_that_is_meant(comfyui: Installation, tmp_path: Path) -> None:
    file = comfyui.base / "custom_nodes" / "single.py"
    file.write_text("")
    with pytest.raises(Conflict, match="by hand"):
        remove(comfyui, "single.py", force=False, say=quiet)
    remove(comfyui, "single.py", force=True, say=quiet)
    assert not file.exists()
    (tmp_path / "mine").mkdir()
    (comfyui.base / "custom_nodes" / "linked").symlink_to(tmp_path / "mine")
    remove(comfyui, "linked", force=False, say=quiet)
    assert (tmp_path / "mine").is_dir()
