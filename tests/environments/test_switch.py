"""Switching: to one that is whole, back again, and never to something half written."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.environments.kit import DOCUMENT, make_environment, make_installation, other
from viewcomfy.comfy.current import CURRENT, environments_folder, read_current
from viewcomfy.comfy.find import find, find_apart, install_folder
from viewcomfy.comfy.installation import Installation
from viewcomfy.core.errors import ComfyUINotFound, Conflict, UnknownEnvironment
from viewcomfy.environments.applied import applied, current, document_of
from viewcomfy.environments.switch import remove, switch, switch_back

NOBODY = "http://127.0.0.1:9"
SWITCHING = """
import sys
from pathlib import Path
from viewcomfy.environments.switch import switch
data, one, two = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
print("ready", flush=True)
while True:
    switch(data, one)
    switch(data, two)
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the ComfyUI that was installed into it."""
    make_installation(install_folder(tmp_path / "data"))
    return tmp_path / "data"


def used(data: Path) -> Path:
    found = find(None, data, url=NOBODY, folders=[])
    assert isinstance(found, Installation)
    return found.base.parent


def test_what_is_switched_to_is_what_is_found(data: Path) -> None:
    one = make_environment(data)
    assert used(data) == install_folder(data)
    assert switch(data, one) == ""
    assert used(data) == environments_folder(data) / one
    assert current(data) == one


def test_what_was_named_comes_before_the_environment(data: Path, tmp_path: Path) -> None:
    switch(data, make_environment(data))
    named = make_installation(tmp_path / "named")
    assert find(str(tmp_path / "named"), data, url=NOBODY, folders=[]) == named
    assert find(NOBODY, data) == NOBODY


def test_back_is_where_it_was_before_and_forth_again(data: Path) -> None:
    one, two = make_environment(data), make_environment(data, other())
    switch(data, one)
    switch(data, two)
    assert switch_back(data) == (one, two)
    assert switch_back(data) == (two, one)
    assert switch(data, "") == two
    assert used(data) == install_folder(data)
    assert switch_back(data) == (two, "")


def test_to_switch_to_the_one_in_use_keeps_the_way_back(data: Path) -> None:
    one, two = make_environment(data), make_environment(data, other())
    switch(data, one)
    switch(data, two)
    assert switch(data, two) == two
    assert switch_back(data) == (one, two)


def test_without_a_switch_there_is_no_way_back(data: Path) -> None:
    with pytest.raises(Conflict, match="no way back"):
        switch_back(data)


def test_only_what_is_whole_can_be_switched_to(data: Path) -> None:
    one = make_environment(data)
    record = environments_folder(data) / one / "install.json"
    record.write_text(record.read_text().replace('"complete": true', '"complete": false'))
    assert applied(data) == []
    with pytest.raises(UnknownEnvironment, match="apply"):
        switch(data, one)
    with pytest.raises(UnknownEnvironment):
        switch(data, "../comfyui")
    assert current(data) == ""
    assert document_of(data, one) == DOCUMENT.in_order()  # so that making it can go on by its id


def test_an_environment_that_is_gone_is_told_and_not_passed_over(data: Path) -> None:
    """To start another ComfyUI silently would be the drift that environments are there against."""
    one = make_environment(data)
    switch(data, one)
    (environments_folder(data) / one / "install.json").unlink()
    with pytest.raises(ComfyUINotFound, match="env back"):
        find(None, data, url=NOBODY, folders=[])
    switch_back(data)
    assert used(data) == install_folder(data)


@pytest.mark.parametrize("text", ["", "env-0123456789ab", "env-0123456789ab\n", "../x\nnone\n", "env-0123456789ab\nnone\nmore\n"])
def test_a_damaged_file_is_told_and_can_be_written_anew(data: Path, text: str) -> None:
    one = make_environment(data)
    (environments_folder(data) / CURRENT).write_text(text)
    with pytest.raises(ComfyUINotFound, match="env use"):
        read_current(data)
    switch(data, one)
    assert current(data) == one


def test_whenever_it_is_killed_one_or_the_other_is_in_use(data: Path) -> None:
    one, two = make_environment(data), make_environment(data, other())
    switch(data, one)
    for _ in range(4):
        command = [sys.executable, "-c", SWITCHING, str(data), one, two]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as switching:
            assert switching.stdout
            assert switching.stdout.readline() == b"ready\n"
            until = time.monotonic() + random.uniform(0.0, 0.1)
            while time.monotonic() < until:
                assert set(read_current(data)) <= {one, two, ""}
            switching.kill()
        assert current(data) in (one, two)
    assert switch(data, one) in (one, two)  # nobody holds the lock


def test_only_what_is_not_in_use_is_removed_and_the_models_stay(data: Path, tmp_path: Path) -> None:
    one, two = make_environment(data), make_environment(data, other())
    models = environments_folder(data) / one / "base" / "models"
    models.rmdir()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "kept.safetensors").touch()
    models.symlink_to(tmp_path / "models")
    switch(data, one)
    switch(data, two)
    with pytest.raises(Conflict, match="in use"):
        remove(data, two)
    remove(data, one)
    assert [name for name, _ in applied(data)] == [two]
    assert (tmp_path / "models" / "kept.safetensors").exists()
    assert read_current(data) == (two, "")
    for name in (one, "", "..", "../environments"):
        with pytest.raises(UnknownEnvironment):
            remove(data, name)


def test_the_one_beside_all_environments_is_found_whichever_is_in_use(data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    switch(data, make_environment(data))
    found = find_apart(data, url=NOBODY)
    assert isinstance(found, Installation)
    assert found.base.parent == install_folder(data)
    assert find_apart(tmp_path / "nothing", url=NOBODY) is None
