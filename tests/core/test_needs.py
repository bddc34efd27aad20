"""What a workflow asks of a backend."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.catalogs import catalog, node_class, spec
from viewcomfy.core.needs import Needs, has_memory, lacks, needs_of

WORKFLOW = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd_xl_base.safetensors"}},
    "2": {"class_type": "VAEDecode", "inputs": {"samples": ["1", 0], "vae": ["1", 2]}},
}


def with_checkpoint(name: str) -> Needs:
    return needs_of({"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": name}}})


def test_a_workflow_needs_its_classes_and_its_models() -> None:
    needs = needs_of(WORKFLOW, 12.5)
    assert needs.classes == {"CheckpointLoaderSimple", "VAEDecode"}
    assert needs.models == {("CheckpointLoaderSimple", "ckpt_name", "sd_xl_base.safetensors")}
    assert needs.memory == 12.5


def test_a_backend_with_everything_lacks_nothing() -> None:
    assert lacks(catalog(), needs_of(WORKFLOW)) == ()


def test_a_missing_node_class_and_a_missing_model_are_told() -> None:
    needs = needs_of({**WORKFLOW, "3": {"class_type": "Fancy", "inputs": {"lora": "x.safetensors"}}})
    assert lacks(catalog(), needs) == ("the node class 'Fancy'",)
    assert lacks(catalog(), with_checkpoint("gone.safetensors")) == ("the model file 'gone.safetensors'",)


def test_what_the_catalog_does_not_list_may_be_there() -> None:
    free = node_class("Loader", spec("any", "STRING"), spec("own", "COMBO", choices=("a.png",), upload="image"))
    needs = needs_of({"1": {"class_type": "Loader", "inputs": {"any": "x.gguf", "own": "sent.bin", "unknown": "y.pt"}}})
    assert lacks(catalog(free), needs) == ()


@given(
    st.builds(
        Needs,
        classes=st.frozensets(st.text(max_size=5)),
        models=st.frozensets(st.tuples(st.text(max_size=5), st.text(max_size=5), st.text(max_size=5))),
        memory=st.floats(0, 1000),
    )
)
def test_needs_survive_being_written(needs: Needs) -> None:
    assert Needs.from_dict(json.loads(json.dumps(needs.as_dict()))) == needs


@pytest.mark.parametrize(
    ("available", "needed", "enough"), [(0, 80, True), (24, 0, True), (22.5, 24, True), (16, 24, False), (79.1, 80, True)]
)
def test_a_card_that_is_sold_with_enough_memory_has_enough(available: float, needed: float, *, enough: bool) -> None:
    assert has_memory(available, needed) is enough


def test_an_environment_is_written_down_only_where_there_is_one() -> None:
    plain = needs_of({"1": {"class_type": "A", "inputs": {}}})
    assert "environment" not in plain.as_dict()
    with_one = replace(plain, environment="env-0123456789ab")
    assert Needs.from_dict(with_one.as_dict()) == with_one
