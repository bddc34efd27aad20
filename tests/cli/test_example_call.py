"""The call to try."""

from __future__ import annotations

import shlex

import pytest

from tests.wire.inputs_kit import POSTER, declared
from viewcomfy.cli.example_call import example
from viewcomfy.cli.samples import PHOTO_EFFECT, SAMPLES, TEXT_TO_IMAGE, sample_workflow
from viewcomfy.core.declare import declare
from viewcomfy.core.inputs import InputKind
from viewcomfy.wire.inputs import InputOut, input_out


def inputs_of(name: str) -> list[InputOut]:
    return [input_out(one) for one in declare(sample_workflow(name), None)]


@pytest.mark.parametrize(("name", "option"), [(TEXT_TO_IMAGE, "--prompt"), (PHOTO_EFFECT, "--photo")])
def test_a_deployment_is_tried_by_its_most_telling_input(name: str, option: str) -> None:
    assert set(SAMPLES) == {TEXT_TO_IMAGE, PHOTO_EFFECT}
    assert example(inputs_of(name)).startswith(f"{option} ")


def test_what_must_be_sent_is_in_it() -> None:
    assert shlex.split(example(POSTER)) == ["--image", "photo.png", "--prompt", "a cat's tail"]


def test_a_long_text_is_replaced_by_one_that_is_worth_typing() -> None:
    assert example([declared("prompt", InputKind.TEXT, default="word " * 100)]) == "--prompt 'a cat in the rain'"


def test_a_yes_or_no_is_a_flag() -> None:
    assert example([declared("big_one", InputKind.BOOLEAN, default=True)]) == "--big-one"
    assert example([declared("big_one", InputKind.BOOLEAN, default=False)]) == "--no-big-one"


def test_a_deployment_without_inputs_has_no_example() -> None:
    assert example([]) == ""
    assert example([declared("prompt", InputKind.TEXT, locked=True), declared("seed", InputKind.SEED, hidden=True)]) == ""
