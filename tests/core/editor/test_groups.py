from __future__ import annotations

from typing import Any

import pytest

from tests.core.editor.graphs import api, node, workflow
from viewcomfy.core.errors import InvalidWorkflow


def grouped(inside: dict[str, Any], *nodes: dict[str, Any], links: Any = ()) -> dict[str, Any]:
    """A workflow with a kind of group node, "mine"."""
    return {**workflow(*nodes, links=links), "extra": {"groupNodes": {"mine": inside}}}


def inner(kind: str, values: Any = (), **more: Any) -> dict[str, Any]:
    return {"type": kind, "widgets_values": list(values), "inputs": [], "outputs": [], **more}


LOADER_AND_SAMPLER = {
    "nodes": [inner("Loader", ["a.safetensors"]), inner("Sampler", [1, "fixed", 20, 8.0, "euler"])],
    "links": [[0, 0, 1, 0, 4, "MODEL"]],
    "external": [],
}
VALUES = ["b.safetensors", 7, "fixed", 25, 6.5, "dpm"]


@pytest.mark.parametrize("kind", ["workflow/mine", "workflow>mine"])
def test_a_group_node_becomes_its_nodes_with_the_values_that_it_was_given(kind: str) -> None:
    assert api(grouped(LOADER_AND_SAMPLER, node(3, kind, VALUES))) == {
        "3:0": {"ckpt_name": "b.safetensors"},
        "3:1": {"seed": 7, "steps": 25, "cfg": 6.5, "sampler_name": "dpm", "model": ["3:0", 0]},
    }


def test_links_come_in_and_go_out_by_what_is_not_connected_inside() -> None:
    graph = grouped(
        LOADER_AND_SAMPLER,
        node(2, "Any"),
        node(3, "workflow>mine", VALUES, {"latent": 1}),
        node(4, "Any", links={"value": 2}),
        node(5, "Any", links={"value": 3}),
        links=[(1, 2, 0, 3), (2, 3, 2, 4), (3, 3, 0, 5)],
    )

    found = api(graph)

    assert found["3:1"]["latent"] == ["2", 0]
    assert found["4"] == {"value": ["3:1", 0]}  # CLIP and VAE come first: MODEL is used up inside
    assert found["5"] == {"value": ["3:0", 1]}


def test_an_output_that_is_used_inside_and_outside_is_there() -> None:
    inside = {**LOADER_AND_SAMPLER, "external": [[0, 0, "MODEL"]]}
    graph = grouped(inside, node(3, "workflow>mine", VALUES), node(5, "Any", links={"value": 3}), links=[(3, 3, 0, 5)])

    assert api(graph)["5"] == {"value": ["3:0", 0]}


def test_inputs_of_the_same_name_are_told_apart_by_the_node() -> None:
    inside = {"nodes": [inner("Number", [1]), inner("Number", [2]), inner("Number", [3], title="Third")], "links": []}
    graph = grouped(inside, node(8, "Number"), node(3, "workflow>mine", [4, 5, 6], {"Number value*": 1}), links=[(1, 8, 0, 3)])

    found = api(graph)

    assert [found[f"3:{index}"]["value"] for index in range(3)] == [4, ["8", 0], 6]


def test_names_and_outputs_that_the_author_has_set_count() -> None:
    config = {"0": {"input": {"value": {"name": "how many"}}, "output": {"0": {"visible": False}}}}
    inside = {"nodes": [inner("Number", [1]), inner("Text", ["x"])], "links": [], "config": config}
    graph = grouped(
        inside, node(8, "Number"), node(3, "workflow>mine", [4, "y"], {"how many*": 1}), node(5, "Any", links={"value": 2}),
        links=[(1, 8, 0, 3), (2, 3, 0, 5)],
    )  # fmt: skip

    assert api(graph)["3:0"]["value"] == ["8", 0]
    assert api(graph)["5"] == {"value": ["3:1", 0]}


def test_a_primitive_in_a_group_gives_the_value_of_the_group() -> None:
    inside = {
        "nodes": [
            inner("PrimitiveNode", [3, "fixed"], outputs=[{"name": "INT", "type": "INT", "widget": {"name": "value"}}]),
            inner("Number", [1], inputs=[{"name": "value", "type": "INT", "widget": {"name": "value"}}]),
        ],
        "links": [[0, 0, 1, 0, 1, "INT"]],
    }

    assert api(grouped(inside, node(3, "workflow>mine", [8, "fixed"]))) == {"3:1": {"value": 8}}


def test_a_reroute_in_a_group_is_followed() -> None:
    inside = {
        "nodes": [inner("Loader"), inner("Reroute"), inner("Encode", ["x"], inputs=[{"name": "clip", "type": "CLIP"}])],
        "links": [[0, 1, 1, 0, 1, "CLIP"], [1, 0, 2, 0, 2, "CLIP"]],
    }

    assert api(grouped(inside, node(3, "workflow>mine", ["a.safetensors", "y"])))["3:2"] == {"text": "y", "clip": ["3:0", 1]}


def test_a_reroute_is_an_input_of_its_group() -> None:
    inside = {
        "nodes": [inner("Reroute"), inner("Encode", ["x"], inputs=[{"name": "clip", "type": "CLIP"}])],
        "links": [[0, 0, 1, 0, 1, "CLIP"]],
    }
    graph = grouped(inside, node(1, "Loader"), node(3, "workflow>mine", ["y"], {"CLIP": 1}), links=[(1, 1, 1, 3)])

    assert api(graph)["3:1"] == {"text": "y", "clip": ["1", 1]}


@pytest.mark.parametrize("mode", [2, 4])
def test_nothing_in_a_muted_or_bypassed_group_runs(mode: int) -> None:
    assert list(api(grouped(LOADER_AND_SAMPLER, node(3, "workflow>mine", VALUES, mode=mode), node(4, "Loader")))) == ["4"]


def test_a_group_that_the_workflow_does_not_describe_is_a_class_that_is_missing() -> None:
    with pytest.raises(InvalidWorkflow, match="workflow>other"):
        api(grouped(LOADER_AND_SAMPLER, node(3, "workflow>other")))


def test_a_group_that_contains_itself_is_refused() -> None:
    with pytest.raises(InvalidWorkflow, match="nested"):
        api(grouped({"nodes": [inner("workflow>mine")], "links": []}, node(3, "workflow>mine")))
