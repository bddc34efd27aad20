"""The shelf: what is there, what is broken, what may go."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.fixtures.broken_files import BrokenFiles
from tests.models.conftest import safetensors, with_options
from viewcomfy.comfy.installation import Installation
from viewcomfy.core.errors import BadInput, Conflict, DiskFull, FetchFailed, UnknownFile
from viewcomfy.core.models import Model
from viewcomfy.models.download import Progress
from viewcomfy.models.folders import Folders
from viewcomfy.models.shelf import Shelf

DATA = safetensors(40_000)


def put(installation: Installation, path: str, data: bytes = DATA) -> Path:
    place = installation.models / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place


def names(shelf: Shelf) -> list[str]:
    return [held.model.path for held in shelf.list()]


def add(shelf: Shelf, site: BrokenFiles, name: str, size: int = 40_000, **how: object) -> None:
    url = site.put(f"/{name}", safetensors(size, sum(name.encode())))
    shelf.add(Model("loras", name, url), **how)  # type: ignore[arg-type]  # by their names


# --- the list ---------------------------------------------------------------------------------------------------------
def test_models_are_listed_with_their_folders_and_nothing_else_is(shelf: Shelf, installation: Installation, site: BrokenFiles) -> None:
    put(installation, "loras/xl/style.safetensors")
    put(installation, "loras/.hidden.safetensors")
    put(installation, "checkpoints/put_checkpoints_here")
    put(installation, ".cache/x.safetensors")
    add(shelf, site, "mine.safetensors", cached=True)
    found = {held.model.path: (held.fetched, held.cached, held.size) for held in shelf.list()}
    assert found == {"loras/mine.safetensors": (True, True, shelf.list()[0].size), "loras/xl/style.safetensors": (False, False, len(DATA))}


def test_extra_folders_are_listed_and_looked_in_and_never_written_to(installation: Installation, site: BrokenFiles, tmp_path: Path) -> None:
    extra = tmp_path / "shared"
    (extra / "unet").mkdir(parents=True)
    (extra / "unet" / "big.safetensors").write_bytes(DATA)
    config = tmp_path / "extra.yaml"
    config.write_text(f"shared:\n    base_path: {extra}\n    unet: unet\n    custom_nodes: nodes\n")
    shelf = with_options(installation, extra_args=("--extra-model-paths-config", str(config)))
    [held] = shelf.list()
    assert (held.model.path, held.extra, held.path) == ("diffusion_models/big.safetensors", True, extra / "unet" / "big.safetensors")
    assert shelf.add(Model("diffusion_models", "big.safetensors", f"{site.url}/big.safetensors")).was_there
    with pytest.raises(Conflict, match="extra_model_paths"):
        shelf.remove("diffusion_models", "big.safetensors", force=True)
    add(shelf, site, "own.safetensors")
    assert (installation.models / "loras" / "own.safetensors").is_file()


def test_a_file_that_was_changed_has_no_hash_any_more(shelf: Shelf, installation: Installation, site: BrokenFiles) -> None:
    add(shelf, site, "m.safetensors")
    assert shelf.list()[0].model.sha256
    put(installation, "loras/m.safetensors", DATA + b"x")
    [held] = shelf.list()
    assert (held.model.sha256, held.fetched) == ("", False)


def test_a_hash_is_worked_out_once(shelf: Shelf, installation: Installation) -> None:
    put(installation, "vae/own.safetensors")
    asked: list[Progress] = []
    for _ in range(2):
        [held] = shelf.list()
        assert shelf.sha256(held, asked.append) == hashlib.sha256(DATA).hexdigest()
    assert len(asked) == 1
    assert not shelf.list()[0].fetched


def test_installations_with_one_models_folder_share_what_is_known(installation: Installation, site: BrokenFiles, tmp_path: Path) -> None:
    other = Installation(installation.python, installation.main, tmp_path / "env" / "base", "0.3.75", "another")
    other.base.mkdir(parents=True)
    other.models.symlink_to(installation.models)
    add(with_options(other), site, "m.safetensors")
    [held] = with_options(installation).list()
    assert held.fetched
    assert Folders(other).records() == installation.records


# --- checking ---------------------------------------------------------------------------------------------------------
def test_a_check_names_what_is_broken_missing_and_unfinished(shelf: Shelf, installation: Installation, site: BrokenFiles) -> None:
    for name in ("good", "changed", "gone"):
        add(shelf, site, f"{name}.safetensors")
    put(installation, "loras/changed.safetensors", safetensors(40_000, 99))
    (installation.models / "loras" / "gone.safetensors").unlink()
    put(installation, "vae/cut.safetensors", DATA[:-100])
    put(installation, "vae/page.safetensors", b"<!doctype html>sign in")
    put(installation, "vae/fine.safetensors")
    url = site.put("/part.safetensors", safetensors(300_000), cuts=[None, *([30_000] * 4), *([0] * 40)])
    with pytest.raises(FetchFailed):
        shelf.add(Model("loras", "part.safetensors", url))
    found = {one.path: (one.state, one.told) for one in shelf.check()}
    assert {path: state for path, (state, _) in found.items()} == {
        "loras/good.safetensors": "sound", "loras/changed.safetensors": "broken", "loras/gone.safetensors": "missing",
        "vae/cut.safetensors": "broken", "vae/page.safetensors": "broken", "vae/fine.safetensors": "sound",
        "loras/part.safetensors": "unfinished",
    }  # fmt: skip
    assert "cut off" in found["vae/cut.safetensors"][1]
    assert "SHA-256" in found["loras/changed.safetensors"][1]
    assert "web page" in found["vae/page.safetensors"][1]
    quick = {one.path: one.state for one in shelf.check(quick=True)}
    assert (quick["loras/changed.safetensors"], quick["vae/cut.safetensors"]) == ("sound", "broken")


def test_a_damaged_record_counts_as_none(shelf: Shelf, installation: Installation, site: BrokenFiles) -> None:
    add(shelf, site, "m.safetensors")
    record = installation.records / "models.json"
    entry = json.loads(record.read_text())["loras/m.safetensors"]
    assert (entry["url"], len(entry["sha256"])) == (f"{site.url}/m.safetensors", 64)
    for text in ("{", "[]", '{"loras/m.safetensors": 3}', '{"loras/m.safetensors": {"new": 1}}'):
        record.write_text(text)
        assert not shelf.list()[0].fetched
    add(shelf, site, "n.safetensors")
    assert [held.fetched for held in shelf.list()] == [False, True]


# --- removing ---------------------------------------------------------------------------------------------------------
def test_what_was_fetched_is_removed_and_what_was_not_only_by_force(shelf: Shelf, installation: Installation, site: BrokenFiles) -> None:
    add(shelf, site, "m.safetensors")
    put(installation, "loras/own.safetensors")
    assert shelf.remove("loras", "m.safetensors").model.url == f"{site.url}/m.safetensors"
    with pytest.raises(Conflict, match="can't be got again"):
        shelf.remove("loras", "own.safetensors")
    shelf.remove("loras", "own.safetensors", force=True)
    assert names(shelf) == []
    with pytest.raises(UnknownFile, match="loras/own"):
        shelf.remove("loras", "own.safetensors")
    outside = installation.base / "x.safetensors"
    outside.write_bytes(DATA)
    for folder, file in (("loras", "../../x.safetensors"), ("..", "x.safetensors")):
        with pytest.raises(BadInput):
            shelf.remove(folder, file, force=True)
    assert outside.is_file()


def test_what_was_begun_and_given_up_is_removed(shelf: Shelf, installation: Installation, site: BrokenFiles) -> None:
    url = site.put("/part.safetensors", safetensors(300_000), cuts=[None, *([30_000] * 4), *([0] * 40)])
    with pytest.raises(FetchFailed):
        shelf.add(Model("loras", "part.safetensors", url))
    assert shelf.remove("loras", "part.safetensors").size > 0
    assert list((installation.models / "loras").iterdir()) == []


# --- the cache --------------------------------------------------------------------------------------------------------
def test_models_of_deployments_make_room_for_others_the_longest_unused_first(installation: Installation, site: BrokenFiles) -> None:
    now = iter(range(100, 200))
    shelf = with_options(installation, limit=100_000, clock=lambda: float(next(now)))
    put(installation, "loras/own.safetensors")
    add(shelf, site, "by-hand.safetensors")
    for name in ("a", "b"):
        add(shelf, site, f"{name}.safetensors", cached=True)
    shelf.used({"a.safetensors": 500.0, "own.safetensors": 500.0})
    url = site.put("/c.safetensors", safetensors(40_000))
    added = shelf.add(Model("loras", "c.safetensors", url), cached=True)
    assert added.removed == ("loras/b.safetensors",)
    assert names(shelf) == [f"loras/{name}.safetensors" for name in ("a", "by-hand", "c", "own")]


def test_what_a_deployment_names_never_makes_room(installation: Installation, site: BrokenFiles) -> None:
    shelf = with_options(installation, limit=100_000)
    add(shelf, site, "a.safetensors", cached=True)
    add(shelf, site, "b.safetensors", cached=True)
    url = site.put("/c.safetensors", safetensors(40_000))
    with pytest.raises(DiskFull, match="VIEWCOMFY_MODEL_CACHE"):
        shelf.add(Model("loras", "c.safetensors", url), cached=True, keep={("loras", "a.safetensors"), ("", "b.safetensors")})
    assert names(shelf) == ["loras/a.safetensors", "loras/b.safetensors"]
    assert sorted(path.name for path in (installation.models / "loras").iterdir()) == ["a.safetensors", "b.safetensors"]
    assert site.sent <= 81_000 + 3 * 1024
