"""Names of deployments, and what a workflow keeps warm."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.deployments import affinity_of, check_name
from viewcomfy.core.errors import InvalidName


@pytest.mark.parametrize("name", ["a", "cats", "text-to-image", "v1.2_x", "0", "a" * 63])
def test_a_name_that_fits_is_returned(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "A", "-a", "a-", ".a", "a.", "a..b", "a/b", "../a", "a b", "a\n", "a\0", "ä", "\u202ecats", "a" * 64, "a" * 300, "%2e"]
)
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        check_name(name)


@given(st.text(st.sampled_from("ab-._/%\n\0A9") | st.characters(), max_size=70))
def test_a_name_stands_in_a_url_and_a_path_as_it_is(name: str) -> None:
    try:
        check_name(name)
    except InvalidName:
        return
    assert quote(name, safe="") == name
    assert PurePosixPath("/root", name).name == name
    assert ".." not in name


def workflow(*models: str) -> dict[str, object]:
    return {str(number): {"class_type": "Loader", "inputs": {"name": model}} for number, model in enumerate(models)}


def test_affinity_is_that_of_the_models_in_any_order() -> None:
    assert affinity_of(workflow("a.safetensors", "b.ckpt")) == affinity_of(workflow("b.ckpt", "a.safetensors", "a.safetensors"))
    assert affinity_of(workflow("a.safetensors")) != affinity_of(workflow("b.safetensors"))


def test_a_workflow_without_models_has_no_affinity() -> None:
    assert affinity_of(workflow("a cat", "picture.png")) == ""
