"""Making an environment: what is got, what is shared, and what is said where something can't be had."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.environments.kit import CODE, DOCUMENT, git, make_installation, make_repository, other
from viewcomfy.comfy.extra_paths import extra_folders
from viewcomfy.comfy.install import Step, Work
from viewcomfy.comfy.installation import Installation
from viewcomfy.core.catalog import Catalog, NodeClass
from viewcomfy.core.errors import BadInput, InstallFailed
from viewcomfy.core.models import Model
from viewcomfy.environments.build import fitted
from viewcomfy.environments.check import unfit
from viewcomfy.environments.document import Code, Document, Pack, Torch
from viewcomfy.environments.get_packages import ALONE, get_packages
from viewcomfy.environments.get_packs import get_code, get_pack
from viewcomfy.environments.here import environment_id
from viewcomfy.environments.models_here import fetch_missing
from viewcomfy.environments.pythons import find_python
from viewcomfy.environments.steps import Builder, Shared
from viewcomfy.environments.trial import LOG, failed_packs, known_catalog, try_start
from viewcomfy.models.shelf import Shelf
from viewcomfy.packs.record import read_packs
from viewcomfy.packs.registry import Registry

NO_REGISTRY = Registry("http://127.0.0.1:9")


@pytest.fixture
def hosted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Path], str]:
    """Let git's ssh reach repositories of this machine by a URL, as a server elsewhere would give them."""
    server = tmp_path / "ssh"
    server.write_text('#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
    server.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(server))
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
    return lambda _name, folder: f"ssh://git.example{folder}"


def work_in(folder: Path, said: list[str] | None = None) -> Work:
    facts = {"version": "0.3.75", "source": "a test"}
    return Work(folder, True, (said if said is not None else []).append, facts)


def step(document: Document, shared: Shared, name: str) -> Step:
    return next(found for found in Builder(document, shared).steps() if found.name == name)


# --- code and packs ---------------------------------------------------------------------------------------------------
def test_comfyui_is_got_at_its_very_commit(tmp_path: Path, hosted: Callable[[str, Path], str]) -> None:
    commit = make_repository(tmp_path / "upstream", {"main.py": "old"})
    (tmp_path / "upstream" / "main.py").write_text("new")
    git(tmp_path / "upstream", "commit", "--quiet", "-a", "-m", "More")
    get_code(Code("0.3.75", hosted("comfyui", tmp_path / "upstream"), commit), tmp_path / "got", print)
    assert (tmp_path / "got" / "main.py").read_text() == "old"
    assert git(tmp_path / "got", "rev-parse", "HEAD") == commit


def test_a_pack_is_got_at_its_very_commit_and_recorded(tmp_path: Path, hosted: Callable[[str, Path], str]) -> None:
    installation = make_installation(tmp_path / "here")
    commit = make_repository(tmp_path / "upstream", {"__init__.py": "old"})
    (tmp_path / "upstream" / "__init__.py").write_text("new")
    git(tmp_path / "upstream", "commit", "--quiet", "-a", "-m", "More")
    pack = Pack("My Pack", url=hosted("pack", tmp_path / "upstream"), commit=commit)
    get_pack(installation, pack, NO_REGISTRY)
    assert (installation.base / "custom_nodes" / "My Pack" / "__init__.py").read_text() == "old"
    assert read_packs(installation)["My Pack"].commit == commit


def test_a_pack_that_can_not_be_had_is_named(tmp_path: Path, hosted: Callable[[str, Path], str]) -> None:
    installation = make_installation(tmp_path / "here")
    make_repository(tmp_path / "upstream", {"__init__.py": ""})
    for pack in (
        Pack("gone", url=hosted("gone", tmp_path / "nothing"), commit="a" * 40),
        Pack("rewritten", url=hosted("pack", tmp_path / "upstream"), commit="a" * 40),
        Pack("bar", id="bar", version="1.0"),
    ):
        with pytest.raises(InstallFailed, match=f"The pack {pack.name} "):
            get_pack(installation, pack, NO_REGISTRY)
    assert list((installation.base / "custom_nodes").iterdir()) == []


# --- packages ---------------------------------------------------------------------------------------------------------
def test_exactly_the_frozen_packages_are_asked_for_and_one_that_is_gone_is_named(tmp_path: Path) -> None:
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv/lib/python3.11/site-packages").mkdir(parents=True)
    (tmp_path / "venv/bin/python").touch()
    uv = tmp_path / "venv/bin/uv"
    uv.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\necho "Because there is no version of numpy==2.4.6, no luck."\nexit 1\n')
    uv.chmod(0o755)
    (tmp_path / "venv/bin/python").write_text("#!/bin/sh\n")
    (tmp_path / "venv/bin/python").chmod(0o755)
    with pytest.raises(InstallFailed, match=r"The package numpy==2\.4\.6 can't be had here"):
        get_packages(work_in(tmp_path), DOCUMENT)
    offline, online = (tmp_path / "asked").read_text().splitlines()
    assert offline.endswith(f"--offline {ALONE} {' '.join(DOCUMENT.packages)}")
    assert online.endswith(f"{ALONE} {' '.join(DOCUMENT.packages)}")
    assert "--offline" not in online


def test_a_python_that_fits_is_found_and_one_that_nobody_has_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python3.19"
    program.write_text("#!/bin/sh\necho 3.19.2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin:/bin")
    said: list[str] = []
    assert find_python("3.19.2", None, said.append) == str(program)
    assert said == []
    assert find_python("3.19.7", None, said.append) == str(program)
    assert said == ["Python 3.19.2 stands in for 3.19.7."]
    uv = tmp_path / "uv"
    uv.write_text(f"#!/bin/sh\ncase $3 in 3.19) echo {program};; *) exit 1;; esac\n")
    uv.chmod(0o755)
    program.rename(tmp_path / "elsewhere")
    with pytest.raises(InstallFailed, match=r"needs Python 3\.19"):
        find_python("3.19.2", None, said.append)
    (tmp_path / "elsewhere").rename(program)
    program.rename(tmp_path / "managed")
    uv.write_text(f"#!/bin/sh\necho {tmp_path}/managed\n")
    assert find_python("3.19.2", None, said.append) == f"{tmp_path}/managed"


# --- what is shared ---------------------------------------------------------------------------------------------------
def test_models_are_shared_by_a_link_and_so_are_further_folders_of_them(tmp_path: Path) -> None:
    make_installation(tmp_path / "env", use_cpu=True)
    shared, extra = tmp_path / "shared" / "models", tmp_path / "old" / "extra_model_paths.yaml"
    extra.parent.mkdir()
    extra.write_text("a111:\n  base_path: /sd\n  loras: |\n    Lora\n    More\n  custom_nodes: nodes\n")
    (tmp_path / "env" / "base" / "models").rmdir()
    folders = step(DOCUMENT, Shared(shared, (extra, tmp_path / "none.yaml")), "folders")
    work = work_in(tmp_path / "env")
    for _ in range(2):  # it may be cut off and done again
        folders.do(work)
    assert folders.is_there(work)
    assert (tmp_path / "env" / "base" / "models").resolve() == shared
    written = extra_folders(tmp_path / "env" / "ComfyUI" / "extra_model_paths.yaml")
    assert written == [("loras", Path("/sd/Lora")), ("loras", Path("/sd/More"))]


def test_models_that_are_missing_are_told(tmp_path: Path) -> None:
    installation = make_installation(tmp_path / "env")
    (installation.models / "loras").mkdir()
    (installation.models / "loras" / "here.safetensors").touch()
    models = [
        Model("loras", "here.safetensors"),
        Model("loras", "unknown.safetensors"),
        Model("loras", "gone.safetensors", "http://127.0.0.1:9/gone.safetensors"),
    ]
    unknown = fetch_missing(Shelf(installation), models[:2], print)
    gone = fetch_missing(Shelf(installation), models, print, fetch=False)
    assert "unknown.safetensors is not here, and the document has no URL" in unknown[0]
    assert len(unknown) == 1
    assert gone[1] == "The model loras/gone.safetensors is not here."


def test_the_document_is_noted_first_and_counts_only_when_all_is_made(tmp_path: Path) -> None:
    installation = make_installation(tmp_path / "env")
    step(DOCUMENT, Shared(tmp_path / "models"), "document").do(work_in(tmp_path / "env"))
    assert DOCUMENT.id in (installation.records / "environment.toml").read_text()
    assert environment_id(installation) == ""


# --- on another machine -----------------------------------------------------------------------------------------------
def test_a_document_for_a_gpu_is_made_without_one_only_where_that_is_wanted() -> None:
    gpu = other(torch=Torch("2.13.0", "cu128"))
    assert fitted(gpu, use_cpu=None, gpu_here=True) == gpu
    assert fitted(gpu, use_cpu=True, gpu_here=False).torch.build == "cpu"
    with pytest.raises(BadInput, match="--cpu"):
        fitted(gpu, use_cpu=None, gpu_here=False)
    assert fitted(DOCUMENT, use_cpu=None, gpu_here=True) == DOCUMENT
    assert fitted(DOCUMENT, use_cpu=False, gpu_here=True).torch.build == ""


# --- the check --------------------------------------------------------------------------------------------------------
def test_deployments_that_could_not_run_are_told_with_their_reports() -> None:
    catalog = Catalog({"Save": NodeClass("Save", "Save", {}, is_output=True)})
    good = {"1": {"class_type": "Save", "inputs": {}}}
    bad = {"1": {"class_type": "Save", "inputs": {}}, "2": {"class_type": "Gone", "inputs": {}}}
    found = unfit({"good": good, "bad": bad}, DOCUMENT.id, catalog)
    assert list(found) == ["bad"]
    assert found["bad"].errors[0].code == "unknown_node_class"


def test_the_parts_of_a_document_are_steps_that_are_told(tmp_path: Path) -> None:
    titles = [found.title for found in Builder(replace(DOCUMENT, comfyui=CODE), Shared(tmp_path)).steps()]
    assert "getting ComfyUI 0.3.75" in titles
    assert "getting 2 packs" in titles
    assert "making a virtual environment with Python 3.11.7" in titles


def test_an_installation_is_what_a_work_makes(tmp_path: Path) -> None:
    installation = make_installation(tmp_path / "env", source="a test")
    assert work_in(tmp_path / "env").installation == installation == Installation.from_folder(tmp_path / "env")


def test_what_comfyui_does_not_import_is_named_by_its_folder(tmp_path: Path) -> None:
    """Each start of a real ComfyUI takes long: here it is a program that says what one says, and ends."""
    installation = make_installation(tmp_path / "env")
    installation.python.write_text("#!/bin/sh\necho '   0.0 seconds (IMPORT FAILED): /x/custom_nodes/odd'\nexit 3\n")
    with pytest.raises(InstallFailed, match="does not start"):
        try_start(installation, tmp_path / "env")
    assert "IMPORT FAILED" in (tmp_path / "env" / LOG).read_text()
    assert failed_packs(["   0.0 seconds (IMPORT FAILED): /x/custom_nodes/odd", "   0.1 seconds: /x/custom_nodes/good"]) == ["odd"]
    assert known_catalog(installation, tmp_path / "env") is None
