"""What differs between two documents."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from tests.environments.kit import CODE, COMMIT, DOCUMENT, HASH, OTHER_COMMIT, other
from tests.environments.test_document import DOCUMENTS, some
from viewcomfy.core.models import Model
from viewcomfy.environments.compare import Difference, compare
from viewcomfy.environments.document import Document, Pack, Torch
from viewcomfy.environments.hardware import for_cpu, for_gpu, is_for_gpu

FOO = Pack("ComfyUI-Foo", url="https://git.example/foo.git", commit=OTHER_COMMIT)
GPU = other(
    torch=Torch("2.13.0", "cu128", "0.28.0+cu128"),
    packages=("numpy==2.4.6", "nvidia-cublas-cu12==12.8.4.1", "triton==3.7.0", "fast-thing==1.0+cu128"),
)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (DOCUMENT, []),
        (other(comfyui=replace(CODE, version="0.4.0")), [("comfyui", "changed", "ComfyUI")]),
        (other(python="3.12.1"), [("python", "changed", "Python")]),
        (other(torch=Torch("2.13.0", "cu128")), [("torch", "changed", "torch")]),
        (other(torch=Torch("2.13.0", "cpu", "0.28.0")), [("torch", "added", "torchvision")]),
        (other(packs=(FOO, DOCUMENT.packs[1])), [("pack", "changed", "ComfyUI-Foo")]),
        (other(packs=DOCUMENT.packs[:1]), [("pack", "removed", "bar")]),
        (
            other(packages=("aiohttp==3.14.5", "numpy==2.5.0", "einops==1")),
            [("package", "added", "einops"), ("package", "changed", "numpy")],
        ),
        (other(models=(Model("loras", "a.safetensors", sha256=HASH),)), [("model", "added", "loras/a.safetensors")]),
    ],
)
def test_each_part_that_differs_is_told(changed: Document, expected: list[tuple[str, str, str]]) -> None:
    assert [(each.kind, each.what, each.name) for each in compare(DOCUMENT, changed)] == expected


def test_it_tells_what_was_and_what_is() -> None:
    assert compare(DOCUMENT, other(packs=(FOO, DOCUMENT.packs[1]))) == [
        Difference("pack", "ComfyUI-Foo", f"https://git.example/foo.git@{COMMIT}", f"https://git.example/foo.git@{OTHER_COMMIT}")
    ]


@some
@given(DOCUMENTS, DOCUMENTS)
def test_what_was_added_one_way_is_removed_the_other_way(one: Document, two: Document) -> None:
    forth = [(each.kind, each.name, each.before, each.after) for each in compare(one, two)]
    assert [(each.kind, each.name, each.after, each.before) for each in compare(two, one)] == forth


@some
@given(DOCUMENTS, DOCUMENTS)
def test_no_difference_is_one_environment(one: Document, two: Document) -> None:
    """Names of folders and registries apart, whatever makes another id is to be seen."""
    if one.id != two.id:
        assert compare(one, two)
    assert compare(one, one) == []


def test_a_document_of_a_gpu_becomes_one_for_the_cpu() -> None:
    plain = for_cpu(GPU)
    assert is_for_gpu(GPU)
    assert not is_for_gpu(plain)
    assert plain.torch == Torch("2.13.0", "cpu", "0.28.0")
    assert plain.packages == ("numpy==2.4.6",)
    assert plain.id != GPU.id
    assert [each.name for each in compare(GPU, plain)] == [
        "torch", "torchvision", "fast-thing", "nvidia-cublas-cu12", "triton",
    ]  # fmt: skip


def test_a_document_of_a_cpu_becomes_one_for_a_gpu() -> None:
    assert for_gpu(DOCUMENT).torch == Torch("2.13.0")
    assert for_gpu(GPU) == GPU
    assert for_cpu(DOCUMENT) == DOCUMENT
