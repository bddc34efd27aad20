"""What a worker remembers of catalogs: kept over restarts, never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from viewcomfy.worker.catalog_memory import MOST, SPARE, CatalogMemory


def test_what_was_saved_is_known_again(tmp_path: Path) -> None:
    memory = CatalogMemory(tmp_path / "new" / "catalogs.json")
    assert memory.note("now", "r1") == []
    assert memory.note("now", "r2") == []
    memory.save()
    again = CatalogMemory(tmp_path / "new" / "catalogs.json")
    assert (again.revision("now"), again.revision("other"), again.revisions()) == ("r2", None, {"r2"})
    again.forget("r2")
    assert again.revision("now") is None


def test_what_was_replaced_goes_some_time_later_also_over_restarts(tmp_path: Path) -> None:
    memory = CatalogMemory(tmp_path / "catalogs.json")
    assert [memory.note("now", f"r{number}") for number in range(SPARE + 1)] == [[]] * (SPARE + 1)
    memory.save()
    memory = CatalogMemory(tmp_path / "catalogs.json")
    assert memory.note("now", "r1") == [], "it has come back"
    assert memory.note("now", "new") == ["r0"]
    assert memory.note("now", "newer") == ["r2"]


def test_the_oldest_fingerprint_is_forgotten_and_its_revision_only_when_no_other_has_it(tmp_path: Path) -> None:
    memory = CatalogMemory(tmp_path / "catalogs.json")
    memory.note("first", "shared")
    for number in range(MOST - 1):
        memory.note(str(number), f"r{number}")
    memory.note("again", "shared")
    assert memory.revision("first") is None
    assert memory.revisions() >= {"shared", "r0"}
    memory.note("more", "new")
    assert memory.revisions() >= {"shared", "r1", "new"}
    assert "r0" not in memory.revisions()


@pytest.mark.parametrize("damaged", ["", "{", "[1]", "\0", '{"fingerprints": [], "replaced": {}}'])
def test_a_damaged_file_is_an_empty_one(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "catalogs.json").write_text(damaged)
    assert CatalogMemory(tmp_path / "catalogs.json").revisions() == set()


def test_a_file_that_cannot_be_written_harms_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    memory = CatalogMemory(tmp_path / "file" / "catalogs.json")
    memory.note("now", "r1")
    memory.save()
    assert memory.revision("now") == "r1"
