"""What a machine has for ComfyUI."""

from __future__ import annotations

from pathlib import Path

import pytest

from viewcomfy.comfy import hardware

GIB = 1024**3


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("MEMORY", "MEMORY_LIMIT", "MEMORY_USED", "MEMORY_STAT"):
        monkeypatch.setattr(hardware, name, tmp_path / name)
    return tmp_path


def test_free_memory_is_the_machines(machine: Path) -> None:
    (machine / "MEMORY").write_text(f"MemTotal: 16777216 kB\nMemAvailable: {8 * GIB // 1024} kB\n")
    assert hardware.free_memory() == 8 * GIB


def test_free_memory_is_a_containers_where_that_is_less_and_what_the_kernel_can_give_back_counts(machine: Path) -> None:
    test_free_memory_is_the_machines(machine)
    (machine / "MEMORY_LIMIT").write_text(f"{4 * GIB}\n")
    (machine / "MEMORY_USED").write_text(f"{3 * GIB}\n")
    (machine / "MEMORY_STAT").write_text(f"anon 5\ninactive_file {GIB}\nactive_file 7\n")
    assert hardware.free_memory() == 2 * GIB
    (machine / "MEMORY_LIMIT").write_text("max\n")
    assert hardware.free_memory() == 8 * GIB


def test_where_nothing_tells_it_free_memory_is_unknown(machine: Path) -> None:
    assert hardware.free_memory() is None
