"""Folders that one process has for itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from viewcomfy.cli.folders import held_backends, held_data
from viewcomfy.core.errors import Conflict


def test_a_data_folder_has_one_server(tmp_path: Path) -> None:
    with held_data(tmp_path), pytest.raises(Conflict, match="uses"), held_data(tmp_path):
        pass
    with held_data(tmp_path):
        pass


def test_each_process_has_backends_of_its_own_and_the_next_one_takes_what_was_left(tmp_path: Path) -> None:
    with held_backends(tmp_path) as first, held_backends(tmp_path) as second:
        assert [first.name, second.name] == ["backends", "backends-2"]
    with held_backends(tmp_path) as again:
        assert again == first
