"""`viewcomfy nodes`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.typed import Typed
from tests.packs.kit import GOOD, Repository, write_wheel
from viewcomfy.packs.twin import SMALL, make_twin


@pytest.fixture(scope="module")
def comfyui(model_comfyui: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small ComfyUI."""
    folder = tmp_path_factory.mktemp("nodes") / "ComfyUI"
    make_twin(model_comfyui, folder, small=SMALL)
    return folder


def test_a_pack_is_added_listed_and_removed(
    typed: Callable[..., Typed], comfyui: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(write_wheel(tmp_path / "wheels", "helper", "2.0").parent))
    made = Repository(tmp_path / "Pack", {"__init__.py": GOOD.format(name="MyNode"), "requirements.txt": "helper>=2\n"})
    dry = typed("nodes", "add", made.url, "--dry-run", "--comfyui", comfyui)
    assert (dry.code, dry.out) == (0, "up    helper 1.0 → 2.0\n")
    assert "has not been tried" in dry.err
    added = typed("nodes", "add", made.url, "--comfyui", comfyui, "--json")
    assert added.code == 0, added.err
    assert added.json["pack"]["classes"] == ["MyNode"]
    assert added.json["packages"] == [{"name": "helper", "before": "1.0", "after": "2.0", "direction": "up"}]
    assert "trying it" in added.err
    [row] = typed("nodes", "list", "--comfyui", comfyui, "--json").json
    assert (row["name"], row["url"], row["by_hand"], row["branch"]) == ("Pack", made.url, False, "main")
    assert made.url in typed("nodes", "list", "--comfyui", comfyui).out
    assert "up to date" in typed("nodes", "update", "--comfyui", comfyui).err
    made.commit({"__init__.py": "raise SystemExit(0)\n"})
    other = Repository(tmp_path / "Zebra")
    assert typed("nodes", "add", other.url, "--comfyui", comfyui).code == 0
    other.commit({"more.txt": ""})
    updated = typed("nodes", "update", "--comfyui", comfyui)
    assert updated.code == 2
    assert "Zebra" in updated.err.partition("SystemExit")[2]  # one that fails does not hold the others up
    assert typed("nodes", "remove", "Zebra", "--comfyui", comfyui).code == 0
    removed = typed("nodes", "remove", "Pack", "--comfyui", comfyui)
    assert removed.code == 0
    assert "MyNode" in removed.err
    assert typed("nodes", "list", "--comfyui", comfyui, "--json").json == []


@pytest.mark.parametrize(
    ("code", "requirements", "error", "exit_code"),
    [("raise SystemExit(0)\n", "", "pack_broken", 2), ("", "torch<2\n", "pack_conflict", 2)],
)
def test_what_is_refused_is_told_to_programs(
    typed: Callable[..., Typed], comfyui: Path, tmp_path: Path, code: str, requirements: str, error: str, exit_code: int
) -> None:
    made = Repository(tmp_path / "Refused", {"__init__.py": code, "requirements.txt": requirements})
    told = typed("nodes", "add", made.url, "--comfyui", comfyui, "--json")
    assert (told.code, told.error["code"]) == (exit_code, error)


def test_what_is_wrong_is_told_before_anything_is_fetched(typed: Callable[..., Typed], comfyui: Path, tmp_path: Path) -> None:
    assert typed("nodes", "add", "http://host.example/pack", "--comfyui", comfyui, "--json").error["code"] == "bad_input"
    assert typed("nodes", "remove", "Nothing", "--comfyui", comfyui, "--json").error["code"] == "unknown_pack"
    assert typed("nodes", "list", "--comfyui", "http://127.0.0.1:9", "--json").error["code"] == "comfyui_not_found"
    missing = typed("nodes", "add", f"file://{tmp_path}/missing", "--comfyui", comfyui, "--json")
    assert (missing.code, missing.error["code"]) == (4, "unknown_pack")
