"""Installations: found where people keep them, started with what their version knows."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from viewcomfy.comfy.find import find, install_folder, is_comfyui
from viewcomfy.comfy.hardware import cores
from viewcomfy.comfy.install import STEPS, InstallProgress, Step, Work, install
from viewcomfy.comfy.installation import RECORD, Installation
from viewcomfy.comfy.node_output import SavedFile
from viewcomfy.comfy.packages import run
from viewcomfy.comfy.pool import Pool
from viewcomfy.comfy.process import Folders, Launch
from viewcomfy.core.errors import ComfyUINotFound, InstallFailed
from viewcomfy.testing.fake_comfy import run_fake_comfy

NOBODY = "http://127.0.0.1:9"
"""A port that nothing listens on."""


def make_checkout(folder: Path, *, options: str = "--port --cpu --output-directory", venv: bool = True) -> Path:
    (folder / "comfy").mkdir(parents=True)
    (folder / "main.py").touch()
    (folder / "comfyui_version.py").write_text('__version__ = "0.3.75"\n')
    (folder / "comfy" / "cli_args.py").write_text("\n".join(f'parser.add_argument("{option}")' for option in options.split()))
    if venv:
        (folder / "venv" / "bin").mkdir(parents=True)
        (folder / "venv" / "bin" / "python").symlink_to(sys.executable)
    return folder


def make_installed(folder: Path, **record: Any) -> Path:
    make_checkout(folder / "ComfyUI", venv=False)
    (folder / "venv" / "bin").mkdir(parents=True)
    (folder / "venv" / "bin" / "python").symlink_to(sys.executable)
    facts = {"version": "0.3.75", "source": "here", "licence": "GPL-3.0", "use_cpu": True, "complete": True}
    (folder / RECORD).write_text(json.dumps({**facts, **record}))
    return folder


def test_a_checkout_is_read_without_running_anything(tmp_path: Path) -> None:
    found = Installation.from_folder(make_checkout(tmp_path / "ComfyUI"))
    assert found.version == "0.3.75"
    assert found.base == tmp_path / "ComfyUI"
    assert found.python == tmp_path / "ComfyUI" / "venv" / "bin" / "python"
    assert found.options() == {"--port", "--cpu", "--output-directory"}


def test_a_folder_without_comfyui_or_without_its_python_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ComfyUINotFound, match=r"main\.py"):
        Installation.from_folder(tmp_path)
    with pytest.raises(ComfyUINotFound, match="virtual environment"):
        Installation.from_folder(make_checkout(tmp_path / "ComfyUI", venv=False))


@pytest.mark.parametrize("record", [{"complete": False}, {"version": None, "use_cpu": "?", "complete": None}])
def test_an_install_that_was_cut_off_is_not_used(tmp_path: Path, record: dict[str, Any]) -> None:
    with pytest.raises(ComfyUINotFound, match="install"):
        Installation.from_folder(make_installed(tmp_path / "comfyui", **record))


def test_what_was_named_comes_first_then_what_is_near_then_what_we_installed(tmp_path: Path) -> None:
    data, near = tmp_path / "data", tmp_path / "near"
    with pytest.raises(ComfyUINotFound, match="comfyui install"):
        find(None, data, url=NOBODY, folders=[near])
    make_installed(install_folder(data))
    ours = find(None, data, url=NOBODY, folders=[near])
    make_checkout(near)
    nearer = find(None, data, url=NOBODY, folders=[near])
    assert isinstance(ours, Installation)
    assert isinstance(nearer, Installation)
    assert ours.source == "here"
    assert nearer.base == near
    assert find("http://gpu:8188/", data) == "http://gpu:8188"
    assert find(str(install_folder(data)), data) == ours


@pytest.mark.anyio
async def test_one_that_runs_is_found_by_its_answer() -> None:
    async with run_fake_comfy() as fake:
        assert await asyncio.to_thread(is_comfyui, fake.url)
    assert not is_comfyui(NOBODY)


def test_a_process_gets_its_own_folders_and_only_options_that_are_known(tmp_path: Path) -> None:
    launch = Launch(Installation.from_folder(make_checkout(tmp_path / "ComfyUI")), tmp_path / "0", extra_args=("--fast",))
    arguments = launch.arguments(1234)
    assert arguments[: arguments.index("--output-directory")] == ["--port", "1234"]
    assert str(tmp_path / "0" / "output") in arguments
    assert arguments[-1] == "--fast"
    assert "--database-url" not in arguments


def test_a_process_gets_its_share_of_the_cores_and_none_of_our_python(tmp_path: Path) -> None:
    launch = Launch(Installation.from_folder(make_checkout(tmp_path / "ComfyUI")), tmp_path, processes=1000)
    env = launch.environment({"PATH": "/bin", "PYTHONPATH": "src", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"})
    assert env == {"PATH": "/bin", "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "TERM": "dumb"}
    assert cores() >= 1


def test_gpus_are_dealt_out_in_turn(tmp_path: Path) -> None:
    installation = Installation(Path("python"), Path("main.py"), tmp_path, "1", "test", use_cpu=False)
    pool = Pool.managed(Launch(installation, tmp_path), 3, gpus=[0, 1])
    folders = [backend.folders for backend in pool.backends]
    assert [folder.root.name for folder in folders if folder] == ["0", "1", "2"]
    assert Launch(installation, tmp_path, gpu=1).environment({})["CUDA_VISIBLE_DEVICES"] == "1"


def test_a_file_outside_the_folders_has_no_path(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.make()
    (folders.output / "link").symlink_to("/etc")
    assert folders.path_of(SavedFile("a.png", "x")) == (folders.output / "x" / "a.png").resolve()
    assert folders.path_of(SavedFile("passwd", "link")) is None
    assert folders.path_of(SavedFile("a.png", "..")) is None
    assert folders.path_of(SavedFile("a.png", "", "elsewhere")) is None


def test_a_command_that_fails_is_told_with_its_last_lines() -> None:
    told: list[str] = []
    with pytest.raises(InstallFailed, match="no such package"):
        run([sys.executable, "-c", "print('looking', flush=True); raise SystemExit('no such package')"], on_line=told.append)
    assert told == ["looking", "no such package"]
    with pytest.raises(InstallFailed, match="cannot be run"):
        run(["/no/such/program"], on_line=told.append)


def test_an_install_goes_on_where_it_stopped(tmp_path: Path) -> None:
    made: list[str] = []
    folder = tmp_path / "comfyui"

    def quick(name: str) -> Callable[[Work], None]:
        def do(work: Work) -> None:
            made.append(name)
            if name == "torch" and made.count("torch") == 1:
                raise InstallFailed("no network")
            if name == "warm-up":
                make_installed(folder)
                work.facts.update(version="1", source="test", licence="GPL-3.0")

        return do

    steps = [Step(step.name, step.title, 1, quick(step.name), lambda _: True) for step in STEPS]
    with pytest.raises(InstallFailed):
        install(folder, use_cpu=True, steps=steps)
    reports: list[InstallProgress] = []
    found = install(folder, reports.append, use_cpu=True, steps=steps)
    assert made == ["python", "comfyui", "torch", "torch", "requirements", "folders", "warm-up"]
    assert [report.step for report in reports] == ["torch", "requirements", "folders", "warm-up", "done"]
    assert [report.fraction for report in reports] == sorted(report.fraction for report in reports)
    assert found.version == "1"
    assert install(folder) == found
    assert len(made) == 7
