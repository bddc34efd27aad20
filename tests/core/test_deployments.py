"""Names of deployments, and what a workflow keeps warm."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.deployments import Deployment, Released, affinity_of, check_name
from viewcomfy.core.errors import InvalidName
from viewcomfy.core.scheduling import models_of


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


def test_an_affinity_names_the_models_first() -> None:
    assert models_of(affinity_of(workflow("a cat", "picture.png"))) == ""
    assert models_of(affinity_of(workflow("a.safetensors")))
    other_class = {"1": {"class_type": "Other", "inputs": {"name": "a.safetensors"}}}
    assert models_of(affinity_of(other_class)) == models_of(affinity_of(workflow("a.safetensors")))
    assert affinity_of(other_class) != affinity_of(workflow("a.safetensors"))


OLD, NEW = (Deployment("cats", version, {}, 1.0) for version in (1, 2))


@given(st.text())
def test_without_a_canary_everyone_gets_the_current_version(token: str) -> None:
    assert Released(OLD).choose(token) is OLD


@given(st.text())
def test_a_canary_for_all_is_what_everyone_gets(token: str) -> None:
    assert Released(OLD, NEW, 100.0).choose(token) is NEW


def test_a_canary_is_what_its_share_of_the_callers_get() -> None:
    released = Released(OLD, NEW, 20.0)
    assert 150 < sum(released.choose(f"caller {number}") is NEW for number in range(1000)) < 250


@pytest.mark.parametrize(("report", "runs"), [(None, True), ({"ok": True}, True), ({"ok": False}, False), ({}, True)])
def test_a_version_runs_unless_its_report_says_that_it_can_not(report: dict[str, object] | None, runs: bool) -> None:
    assert Deployment("cats", 1, {}, 1.0, report=report).runs is runs
