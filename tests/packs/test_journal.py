"""A change of packs that is killed at any moment is finished or undone by the next command."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packs.kit import GOOD, Repository, everything_in
from viewcomfy.comfy.installation import Installation
from viewcomfy.core.errors import InstallFailed, PackBroken
from viewcomfy.packs.install import Installer
from viewcomfy.packs.journal import Commit, Journal, changing, recover_if_idle, venv_of
from viewcomfy.packs.record import read_packs
from viewcomfy.packs.source import parse_source
from viewcomfy.packs.twin import Swap, exchange, make_twin

Make = Callable[..., Repository]

COMMIT = """
import os, sys
from pathlib import Path
from viewcomfy.comfy.installation import Installation
from viewcomfy.packs.journal import Commit, Journal
from viewcomfy.packs.record import Pack
from viewcomfy.packs.twin import Swap

base, last = Path(sys.argv[1]), int(sys.argv[2])
steps = 0

def hook(event, arguments):
    global steps
    if event in ("os.rename", "os.remove", "os.mkdir", "shutil.rmtree", "ctypes.dlopen") or (event == "open" and "w" in str(arguments[1])):
        steps += 1
        if steps == last:
            os._exit(9)

journal = Journal(Installation.from_folder(base))
work, twin = Path(sys.argv[3]), Path(sys.argv[4])
swaps = (Swap(twin, base / "venv"), Swap(work / "Pack", base / "custom_nodes" / "Pack"))
sys.addaudithook(hook)
journal.commit(Commit("Pack", swaps, pack=Pack("Pack", commit="new")))
journal.clean(twin, work)
"""


ADD = """
import sys
from pathlib import Path
from viewcomfy.comfy.installation import Installation
from viewcomfy.packs.install import Installer
from viewcomfy.packs.registry import Registry
from viewcomfy.packs.source import parse_source

Installer(Installation.from_folder(Path(sys.argv[1])), Registry("http://127.0.0.1:9")).add(parse_source(sys.argv[2]))
"""


def fake_installation(base: Path) -> Installation:
    (base / "comfy").mkdir(parents=True)
    (base / "main.py").touch()
    for state, folder in (("old", base / "venv"), ("old", base / "custom_nodes" / "Pack")):
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").touch()
        (folder / "state").write_text(state)
    return Installation.from_folder(base)


def test_a_commit_that_is_killed_at_any_step_is_done_or_not_begun(tmp_path: Path) -> None:
    ends = set()
    for last in range(1, 100):
        base = tmp_path / str(last)
        installation = fake_installation(base)
        journal = Journal(installation)
        work = journal.work_folder()
        twin = journal.twin_of(base / "venv", work)
        for folder in (twin, work / "Pack"):
            (folder / "bin").mkdir(parents=True)
            (folder / "bin" / "python").touch()
            (folder / "state").write_text("new")
        killed = subprocess.run([sys.executable, "-c", COMMIT, str(base), str(last), str(work), str(twin)], check=False).returncode == 9
        assert (base / "venv" / "bin" / "python").exists()  # at each moment there are packages and a pack, the old ones or the new
        assert (base / "custom_nodes" / "Pack" / "state").exists()
        recover_if_idle(installation, lambda _: None)
        states = {(base / "venv" / "state").read_text(), (base / "custom_nodes" / "Pack" / "state").read_text()}
        states.add(read_packs(installation)["Pack"].commit if "Pack" in read_packs(installation) else "old")
        assert len(states) == 1, f"killed at step {last}"
        assert not [name for name in everything_in(base) if "twin" in name or "viewcomfy-new" in name or "work" in name]
        ends |= states
        if not killed:
            break
    assert ends == {"old", "new"}
    assert last > 5


def test_a_trial_that_is_killed_leaves_everything_as_it_was(
    installer: Installer, comfyui: Installation, repository: Make, tmp_path: Path, said: list[str]
) -> None:
    sign = tmp_path / "it is tried"
    made = repository(
        files={"__init__.py": f"open({str(sign)!r}, 'w').close()\nimport time\ntime.sleep(3600)\n", "requirements.txt": "small\n"}
    )
    files = everything_in(comfyui.base)
    with subprocess.Popen([sys.executable, "-c", ADD, str(comfyui.base), made.url]) as command:
        deadline = time.monotonic() + 60
        while not sign.exists():
            assert command.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        command.kill()
    recover_if_idle(comfyui, said.append)
    assert said == ["An interrupted change of packs was undone."]
    assert everything_in(comfyui.base) == files
    with pytest.raises(PackBroken):
        installer.add(parse_source(repository("Next", {"__init__.py": "raise ValueError\n"}).url))


def test_two_at_once_come_one_after_the_other(installer: Installer, comfyui: Installation, repository: Make, tmp_path: Path) -> None:
    sign, go = tmp_path / "begun", tmp_path / "go"
    waits = f"import pathlib, time\npathlib.Path({str(sign)!r}).touch()\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(0.02)\n"
    first = repository("First", {"__init__.py": waits + GOOD.format(name="First")})
    with subprocess.Popen([sys.executable, "-c", ADD, str(comfyui.base), first.url]) as other:
        deadline = time.monotonic() + 60
        while not sign.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        said: list[str] = []

        def say(line: str) -> None:
            said.append(line)
            go.touch()  # the other one goes on once we wait for it

        Installer(comfyui, installer.registry, limit=60, say=say).add(parse_source(repository("Second").url))
        assert other.wait(60) == 0
    assert "waiting" in said[0]
    assert sorted(read_packs(comfyui)) == ["First", "Second"]


def test_a_folder_that_can_not_be_moved_stays_and_hinders_nothing_later(tmp_path: Path) -> None:
    installation = fake_installation(tmp_path / "ComfyUI")
    one, other = installation.base / "custom_nodes" / "Pack", installation.base / "custom_nodes" / "Other"
    other.mkdir()
    journal = Journal(installation)
    in_the_way = journal.work_folder() / "Pack"
    (in_the_way / "something").mkdir(parents=True)
    with pytest.raises(InstallFailed, match="Pack can't be moved"):
        journal.commit(Commit("Pack", trash=((other, in_the_way.with_name("Other")), (one, in_the_way))))
    assert (one / "state").read_text() == "old"
    assert other.is_dir()
    assert journal.recover() == "An interrupted change of packs was undone."
    assert one.is_dir()


def test_what_another_installation_with_the_same_packages_is_about_is_left_alone(tmp_path: Path) -> None:
    one, other = (fake_installation(tmp_path / name) for name in ("One", "Other"))
    (tmp_path / "One" / "venv").rename(tmp_path / "venv")
    shutil.rmtree(tmp_path / "Other" / "venv")
    one, other = (Installation.from_folder(each.base) for each in (one, other))
    journal = Journal(one)
    twin = journal.twin_of(venv_of(one), journal.work_folder())
    twin.mkdir()
    left = Journal(other).work_folder()
    with changing(other, lambda _: None):
        recover_if_idle(one, lambda _: None)
        assert twin.is_dir()  # one at a time: both would put the same packages in place
    assert not left.exists()
    recover_if_idle(other, lambda _: None)
    assert twin.is_dir()
    recover_if_idle(one, lambda _: None)
    assert not twin.exists()


def test_a_twin_that_would_lack_something_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InstallFailed, match="can't be copied"):
        make_twin(tmp_path / "file", tmp_path / "twin")  # as a folder that nobody may read: it can't be listed


def test_folders_change_places(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "name").write_text(name)
    exchange(tmp_path / "one", tmp_path / "other")
    assert [(tmp_path / name / "name").read_text() for name in ("one", "other")] == ["other", "one"]
    swap = Swap(tmp_path / "one", tmp_path / "new")
    swap.prepare()
    swap.do()
    swap.do()
    assert (tmp_path / "new" / "name").read_text() == "other"
    swap.undo()
    assert not (tmp_path / "new").exists()
