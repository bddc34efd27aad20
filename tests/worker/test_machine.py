"""The facts of a machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from viewcomfy.worker.machine import gpu_facts, machine_facts, new_worker_name, read_gpus

GIB = 1024**3


def test_the_drivers_answer_is_read_line_by_line() -> None:
    told = "NVIDIA A100-SXM4-40GB, 40960\nNVIDIA GB10, [N/A]\n\n"
    assert read_gpus(told) == [
        {"name": "NVIDIA A100-SXM4-40GB", "memory_total": 40 * GIB},
        {"name": "NVIDIA GB10", "memory_total": None},
    ]


@pytest.mark.parametrize(("script", "gpus"), [("echo 'NVIDIA L4, 23034'", 1), ("exit 9", 0)])
def test_a_machine_is_asked_for_its_gpus(script: str, gpus: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_facts() == []
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    assert len(gpu_facts()) == gpus


def test_no_two_workers_have_one_name(tmp_path: Path) -> None:
    assert new_worker_name() != new_worker_name()
    assert machine_facts(tmp_path)["disk_free"] > 0
