"""A change of packs that is killed at any moment is finished or undone by the next command."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packs.kit import GOOD, Repository, everything_in
from viewcomfy.comfy.installation import Installation
from viewcomfy.core.errors import PackBroken
from viewcomfy.packs.install import Installer
from viewcomfy.packs.journal import Journal, recover_if_idle
from viewcomfy.packs.record import read_packs
from viewcomfy.packs.source import parse_source
from viewcomfy.packs.twin import Swap, exchange

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
journal.clean(work, twin)
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
        work, twin = journal.work_folder(), journal.twin_of(base / "venv")
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
