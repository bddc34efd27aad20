"""What a worker serves, by what lies below its data folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from viewcomfy.comfy.fingerprint import contents_fingerprint
from viewcomfy.comfy.installation import RECORD, Installation
from viewcomfy.comfy.records import bump, records_folder, revision
from viewcomfy.environments.here import STAMP
from viewcomfy.environments.switch import remove, switch, switch_back
from viewcomfy.worker.surroundings import EVERY_SECONDS, Surroundings

ONE, OTHER = "env-00000000000a", "env-00000000000b"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def install(folder: Path, environment: str = "") -> Installation:
    """Make what looks like an installation, and is an environment if an id is given."""
    for path in (folder / "venv/bin/python", folder / "ComfyUI/main.py"):
        path.parent.mkdir(parents=True)
        path.touch()
    (folder / "base" / "custom_nodes").mkdir(parents=True)
    facts = {"version": "0.3.75", "source": "a test", "licence": "GPL-3.0", "complete": True, "use_cpu": True}
    (folder / RECORD).write_text(json.dumps(facts))
    found = Installation.from_folder(folder)
    if environment:
        note(found, environment)
    return found


def note(installation: Installation, environment: str) -> None:
    stamp = {"id": environment, "fingerprint": contents_fingerprint(installation)}
    (records_folder(installation) / STAMP).write_text(json.dumps(stamp))


def add_pack(installation: Installation) -> None:
    pack = installation.base / "custom_nodes" / "pack"
    pack.mkdir()
    (pack / "__init__.py").touch()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def own(data: Path) -> Installation:
    """What our own install makes: found where no environment is switched to."""
    return install(data / "comfyui")


def shown(surroundings: Surroundings) -> list[tuple[str, str, bool]]:
    """Return what is served: the folder's name, the environment, whether it is aside."""
    return [(one.installation.base.parent.name, one.environment, one.aside) for one in surroundings.look()]


def test_without_environments_there_is_what_there_was(data: Path, own: Installation) -> None:
    assert shown(Surroundings(data, own, is_named=False)) == [("comfyui", "", False)]
    assert shown(Surroundings(data, None, is_named=True)) == []


def test_a_switch_while_the_worker_starts_is_not_missed(data: Path, own: Installation) -> None:
    install(data / "environments" / ONE, ONE)
    switch(data, ONE)
    assert shown(Surroundings(data, own, is_named=False)) == [(ONE, ONE, False)]


def test_a_data_folder_behind_a_link_has_no_environment_twice(data: Path, tmp_path: Path) -> None:
    install(data / "environments" / ONE, ONE)
    switch(data, ONE)
    (tmp_path / "link").symlink_to(data)
    own = Installation.from_folder(tmp_path / "link" / "environments" / ONE)
    assert shown(Surroundings(data, own, is_named=False)) == [(ONE, ONE, False)]


def test_environments_come_beside_what_is_in_use_as_soon_as_they_are_whole(data: Path, own: Installation) -> None:
    surroundings = Surroundings(data, own, is_named=False)
    install(data / "environments" / ONE, ONE)
    half = data / "environments" / OTHER
    half.mkdir()
    assert shown(surroundings) == [("comfyui", "", False), (ONE, ONE, True)]
    half.rmdir()
    install(half, OTHER)
    assert shown(surroundings) == [("comfyui", "", False), (ONE, ONE, True), (OTHER, OTHER, True)]
    remove(data, ONE)
    assert shown(surroundings) == [("comfyui", "", False), (OTHER, OTHER, True)]


def test_a_switch_and_the_way_back_are_followed(data: Path, own: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data)
    monkeypatch.setenv("HOME", str(data))  # nobody else's ComfyUI is to be found
    surroundings = Surroundings(data, own, is_named=False)
    for name in (ONE, OTHER):
        install(data / "environments" / name, name)
    switch(data, ONE)
    assert shown(surroundings) == [(ONE, ONE, False), (OTHER, OTHER, True)]
    switch(data, OTHER)
    assert shown(surroundings) == [(OTHER, OTHER, False), (ONE, ONE, True)]
    switch_back(data)
    assert shown(surroundings) == [(ONE, ONE, False), (OTHER, OTHER, True)]
    switch(data, "")
    assert shown(surroundings) == [("comfyui", "", False), (ONE, ONE, True), (OTHER, OTHER, True)]


def test_what_was_named_stays_in_use_and_environments_are_beside_it(data: Path, tmp_path: Path) -> None:
    surroundings = Surroundings(data, install(tmp_path / "named"), is_named=True)
    install(data / "environments" / ONE, ONE)
    switch(data, ONE)
    assert shown(surroundings) == [("named", "", False), (ONE, ONE, True)]
    assert shown(Surroundings(data, None, is_named=True)) == [(ONE, ONE, True)]


def test_a_damaged_note_of_what_is_in_use_changes_nothing(data: Path, own: Installation) -> None:
    surroundings = Surroundings(data, own, is_named=False)
    install(data / "environments" / ONE, ONE)
    switch(data, ONE)
    surroundings.look()
    (data / "environments" / "current").write_text("nonsense")
    assert shown(surroundings) == [(ONE, ONE, False)]


def test_what_was_changed_is_no_environment_any_more(data: Path, own: Installation) -> None:
    clock = Clock()
    surroundings = Surroundings(data, own, is_named=False, clock=clock)
    note(own, OTHER)
    beside = install(data / "environments" / ONE, ONE)
    assert shown(surroundings) == [("comfyui", OTHER, False), (ONE, ONE, True)]
    for installation in (own, beside):
        add_pack(installation)
    assert shown(surroundings) == [("comfyui", OTHER, False), (ONE, ONE, True)], "it is looked at now and then"
    clock.now += 2 * EVERY_SECONDS
    assert shown(surroundings) == [("comfyui", "", False)]


def test_a_change_that_is_told_is_seen_at_once(data: Path, own: Installation) -> None:
    clock = Clock()
    surroundings = Surroundings(data, own, is_named=False, clock=clock)
    note(own, OTHER)
    [before] = surroundings.look()
    add_pack(own)
    bump(own)
    [after] = surroundings.look()
    assert (before.environment, before.revision) == (OTHER, "")
    assert (after.environment, after.revision) == ("", revision(own))
