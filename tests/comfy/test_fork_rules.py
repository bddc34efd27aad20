"""When ComfyUI may be forked from a process that has its packages loaded."""

from __future__ import annotations

import pytest

from viewcomfy.comfy.fork_rules import (
    MAX_FAILURES,
    MEMORY,
    Facts,
    early_in,
    loading_environment,
    reason_not_to_fork,
    reason_not_to_load,
    watched,
)

FREE = Facts(threads=1, devices=(), has_cuda=False)


def test_on_linux_with_memory_the_packages_are_loaded() -> None:
    assert reason_not_to_load("linux", MEMORY, 0) is None
    assert reason_not_to_load("linux", None, MAX_FAILURES - 1) is None


@pytest.mark.parametrize(
    ("platform", "free_memory", "failures", "reason"),
    [
        ("darwin", None, 0, "this is not Linux"),
        ("win32", None, 0, "this is not Linux"),
        ("linux", 300 * 1024**2, 0, "only 300 MiB of memory are free"),
        ("linux", None, MAX_FAILURES, "the quick way has failed 2 times in a row"),
    ],
)
def test_elsewhere_they_are_not_even_loaded(platform: str, free_memory: int | None, failures: int, reason: str) -> None:
    assert reason_not_to_load(platform, free_memory, failures) == reason


def test_a_process_that_has_touched_no_device_and_has_no_threads_can_be_forked() -> None:
    assert reason_not_to_fork(FREE) is None


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (Facts(1, (), has_cuda=True), "a package initialises CUDA when it is loaded"),
        (Facts(1, ("/dev/nvidiactl", "/dev/nvidia-uvm"), has_cuda=False), "a package opens /dev/nvidiactl when it is loaded"),
        (Facts(1, ("/dev/kfd",), has_cuda=False), "a package opens /dev/kfd when it is loaded"),
        (Facts(3, (), has_cuda=False), "a package starts threads when it is loaded"),
    ],
)
def test_threads_and_a_device_that_was_touched_stand_against_it(facts: Facts, reason: str) -> None:
    assert reason_not_to_fork(facts) == reason


def test_variables_that_packages_read_when_they_are_loaded_count_and_those_that_choose_a_device_do_not() -> None:
    counting = {"PYTORCH_CUDA_ALLOC_CONF": "a", "OMP_NUM_THREADS": "2", "TORCH_LOGS": "b", "HF_HOME": "/c", "TRANSFORMERS_OFFLINE": "1"}
    free = {"CUDA_VISIBLE_DEVICES": "1", "HIP_VISIBLE_DEVICES": "1", "CUBLAS_WORKSPACE_CONFIG": ":4096:8", "PATH": "/bin", "TERM": "dumb"}
    assert watched({**counting, **free}) == counting


def test_packages_are_loaded_with_what_comfyui_will_have_set_by_then() -> None:
    env = {"PATH": "/bin", "HF_HOME": "/mine", "TORCH_HOME": "/models"}
    assert loading_environment(env, {"HF_HOME": "/mine", "PYTORCH_CUDA_ALLOC_CONF": "backend:cudaMallocAsync"}) == {
        "PATH": "/bin",
        "HF_HOME": "/mine",
        "PYTORCH_CUDA_ALLOC_CONF": "backend:cudaMallocAsync",
    }


def test_what_a_main_program_sets_is_guessed_from_its_text() -> None:
    assert early_in("os.environ['DO_NOT_TRACK'] = '1'") == {"DO_NOT_TRACK": "1"}
    assert early_in("import torch") == {}
