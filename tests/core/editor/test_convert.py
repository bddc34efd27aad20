from __future__ import annotations

from typing import Any

import pytest

from tests.core.editor.graphs import OBJECT_INFO, api, node, subgraph, workflow
from viewcomfy.core.editor.convert import convert
from viewcomfy.core.errors import InvalidWorkflow

SAMPLED = [7, "fixed", 20, 8.0, "euler"]


def test_a_workflow_becomes_what_the_editor_would_export() -> None:
    graph = workflow(
        node(4, "Loader", ["b.safetensors"]), node(9, "Sampler", SAMPLED, {"model": 1}, title="My sampler"), links=[(1, 4, 0, 9)]
    )

    assert convert(graph, OBJECT_INFO).workflow_api == {
        "4": {"inputs": {"ckpt_name": "b.safetensors"}, "class_type": "Loader", "_meta": {"title": "Load Checkpoint"}},
        "9": {
            "inputs": {"seed": 7, "steps": 20, "cfg": 8.0, "sampler_name": "euler", "model": ["4", 0]},
            "class_type": "Sampler",
            "_meta": {"title": "My sampler"},
        },
    }


def test_links_are_read_as_lists_as_objects_and_by_id() -> None:
    graph = workflow(node(4, "Loader"), node("9", "Sampler", links={"model": 1}), links=[(1, 4, 0, 9)])
    objects = [{"id": 1, "origin_id": 4, "origin_slot": 0, "target_id": 9, "target_slot": 0, "type": "MODEL"}]

    for links in (graph["links"], objects, {"1": objects[0]}, [None, "x", [1], *objects]):
        assert api({**graph, "version": 1, "links": links})["9"]["model"] == ["4", 0]


def test_numbers_written_as_floats_are_the_same_ids() -> None:
    graph = workflow(node(4.0, "Loader"), node(9, "Sampler", links={"model": 1.0}), links=[(1, 4, 0.0, 9)])  # type: ignore[arg-type, dict-item]  # as some editors write them

    assert api(graph)["9"]["model"] == ["4", 0]


def test_a_link_to_a_widget_wins_over_its_value() -> None:
    graph = workflow(node(1, "Number", [3]), node(2, "Sampler", SAMPLED, {"steps*": 5}), links=[(5, 1, 0, 2)])

    assert api(graph)["2"]["steps"] == ["1", 0]


def test_a_link_from_a_node_that_is_not_there_is_left_out() -> None:
    graph = workflow(node(2, "Sampler", SAMPLED, {"model": 5, "latent": 6}), links=[(5, 77, 0, 2)])

    assert "model" not in api(graph)["2"]
    assert "latent" not in api(graph)["2"]


def test_an_input_that_the_class_no_longer_has_keeps_its_link_unless_it_was_a_widgets() -> None:
    graph = workflow(node(1, "Any", links={}), node(2, "Any", links={"former": 5, "gone*": 6}), links=[(5, 1, 0, 2), (6, 1, 0, 2)])

    assert api(graph)["2"] == {"former": ["1", 0]}


@pytest.mark.parametrize("kind", ["Reroute", "Reroute (rgthree)"])
def test_reroutes_are_followed(kind: str) -> None:
    graph = workflow(
        node(1, "Loader"),
        node(2, kind, links={"": 1}),
        node(3, kind, links={"": 2}),
        node(4, "Encode", ["x"], {"clip": 3}),
        links=[(1, 1, 1, 2), (2, 2, 0, 3), (3, 3, 0, 4)],
    )

    assert api(graph) == {"1": {"ckpt_name": "a.safetensors"}, "4": {"text": "x", "clip": ["1", 1]}}


def test_native_reroutes_change_nothing() -> None:
    graph = workflow(node(1, "Loader"), node(2, "Encode", ["x"], {"clip": 1}), links=[(1, 1, 1, 2)])
    extra = {"reroutes": [{"id": 1, "pos": [0, 0], "linkIds": [1]}], "linkExtensions": [{"id": 1, "parentId": 1}]}

    assert api({**graph, "extra": extra}) == api(graph)


def test_a_reroute_that_leads_nowhere_brings_nothing() -> None:
    graph = workflow(node(2, "Reroute", links={}), node(4, "Encode", ["x"], {"clip": 3}), links=[(3, 2, 0, 4)])

    assert api(graph)["4"] == {"text": "x"}


def test_a_getter_has_what_the_setter_of_its_name_was_given() -> None:
    graph = workflow(
        node(1, "Loader"),
        node(2, "SetNode", ["the clip"], {"CLIP": 1}),
        node(3, "GetNode", ["the clip"]),
        node(4, "Encode", ["x"], {"clip": 2}),
        links=[(1, 1, 1, 2), (2, 3, 0, 4)],
    )

    assert api(graph)["4"]["clip"] == ["1", 1]


def test_a_primitive_gives_its_value_to_all_that_it_is_linked_to() -> None:
    graph = workflow(
        node(1, "PrimitiveNode", [33, "randomize"]),
        node(2, "Sampler", SAMPLED, {"steps*": 1}),
        node(3, "Sampler", SAMPLED, {"seed*": 2}),
        links=[(1, 1, 0, 2), (2, 1, 0, 3)],
    )

    assert api(graph)["2"]["steps"] == 33
    assert api(graph)["3"]["seed"] == 33


def test_the_value_of_a_primitive_stays_within_the_limits_of_the_widget() -> None:
    graph = workflow(node(1, "PrimitiveNode", [99]), node(2, "Number", [3], {"value*": 1}), links=[(1, 1, 0, 2)])

    assert api(graph)["2"]["value"] == 10


def test_a_primitive_without_a_value_changes_nothing() -> None:
    graph = workflow(node(1, "PrimitiveNode"), node(2, "Number", [3], {"value*": 1}), links=[(1, 1, 0, 2)])

    assert api(graph)["2"]["value"] == 3


@pytest.mark.parametrize("kind", ["Note", "MarkdownNote", "Label (rgthree)", "Fast Groups Bypasser (rgthree)"])
def test_what_only_the_editor_shows_is_left_out(kind: str) -> None:
    assert list(api(workflow(node(1, "Loader"), node(2, kind, ["read me"])))) == ["1"]


def test_groups_on_the_canvas_change_nothing() -> None:
    assert list(api({**workflow(node(1, "Loader")), "groups": [{"title": "A", "bounding": [0, 0, 9, 9]}]})) == ["1"]


def test_a_muted_node_is_left_out_with_what_it_was_linked_to() -> None:
    graph = workflow(node(1, "Loader", mode=2), node(2, "Encode", ["x"], {"clip": 1}), links=[(1, 1, 1, 2)])

    assert api(graph) == {"2": {"text": "x"}}


def test_a_bypassed_node_passes_on_the_input_of_the_same_type() -> None:
    graph = workflow(
        node(1, "LoadImage"),
        node(2, "Upscale", links={"image": 1, "mask": 2}, mode=4),
        node(3, "Blend", links={"one": 3}),
        links=[(1, 1, 0, 2), (2, 1, 1, 2), (3, 2, 0, 3)],
    )

    assert api(graph)["3"] == {"one": ["1", 0]}


def test_a_bypassed_node_prefers_the_input_in_the_place_of_the_output() -> None:
    blend = {**OBJECT_INFO["Blend"], "output": ["IMAGE", "IMAGE"]}
    graph = workflow(
        node(1, "LoadImage"),
        node(2, "LoadImage"),
        node(3, "Blend", links={"one": 1, "other": 2}, mode=4),
        node(4, "Blend", links={"one": 3}),
        links=[(1, 1, 0, 3), (2, 2, 0, 3), (3, 3, 1, 4)],
    )

    assert api(graph, Blend=blend)["4"] == {"one": ["2", 0]}


def test_a_bypassed_node_without_an_input_of_the_type_passes_on_nothing() -> None:
    graph = workflow(node(1, "Loader", mode=4), node(2, "Sampler", SAMPLED, {"model": 1}), node(3, "Loader"), links=[(1, 1, 0, 2)])

    assert "model" not in api(graph)["2"]


def test_any_type_of_a_bypassed_node_fits() -> None:
    graph = workflow(
        node(1, "LoadImage"),
        node(2, "Any", links={"value": 1}, mode=4),
        node(3, "Any", links={"value": 2}),
        links=[(1, 1, 0, 2), (2, 2, 0, 3)],
    )

    assert api(graph)["3"] == {"value": ["1", 0]}


def test_one_of_several_types_of_a_bypassed_node_fits() -> None:
    either = {"input": {"required": {"what": ["MASK,IMAGE"]}}, "output": ["IMAGE"]}
    graph = workflow(
        node(1, "LoadImage"),
        node(2, "Either", links={"what": 1}, mode=4),
        node(3, "Blend", links={"one": 2}),
        links=[(1, 1, 0, 2), (2, 2, 0, 3)],
    )

    assert api(graph, Either=either)["3"] == {"one": ["1", 0]}


def test_a_class_that_is_missing_is_named_with_its_node() -> None:
    graph = workflow(node(3, "Loader"), node(7, "DWPreprocessor", title="Find the pose"), node(8, "PixelPerfect"))

    with pytest.raises(InvalidWorkflow) as caught:
        convert(graph, OBJECT_INFO)

    assert "Node 7 (DWPreprocessor, 'Find the pose') is of a class that this ComfyUI does not have" in caught.value.message
    assert [(item["code"], item["node_id"], item["node_title"], item["class_type"]) for item in caught.value.problems] == [
        ("unknown_node_class", "7", "Find the pose", "DWPreprocessor"),
        ("unknown_node_class", "8", "PixelPerfect", "PixelPerfect"),
    ]


@pytest.mark.parametrize("mode", [2, 4])
def test_a_class_that_is_missing_does_not_matter_where_it_does_not_run(mode: int) -> None:
    graph = workflow(
        node(1, "LoadImage"),
        node(2, "Unheard", links={"image": 1}, mode=mode, outputs=[{"name": "IMAGE", "type": "IMAGE"}]),
        node(3, "Blend", links={"one": 2}),
        links=[(1, 1, 0, 2), (2, 2, 0, 3)],
    )
    graph["nodes"][1]["inputs"][0]["type"] = "IMAGE"

    assert api(graph)["3"] == ({"one": ["1", 0]} if mode == 4 else {})


def test_a_node_that_needs_the_browser_is_refused() -> None:
    webcam = {"input": {"required": {"image": ["WEBCAM", {}]}}, "output": ["IMAGE"]}

    with pytest.raises(InvalidWorkflow, match="Use Load Image"):
        api(workflow(node(1, "WebcamCapture")), WebcamCapture=webcam)


def test_a_circle_of_reroutes_is_refused() -> None:
    graph = workflow(
        node(1, "Reroute", links={"": 2}),
        node(2, "Reroute", links={"": 1}),
        node(3, "Any", links={"value": 3}),
        links=[(1, 1, 0, 2), (2, 2, 0, 1), (3, 2, 0, 3)],
    )

    with pytest.raises(InvalidWorkflow, match="lead in a circle"):
        api(graph)


def test_nodes_without_an_id_and_nodes_with_the_same_are_refused() -> None:
    for nodes in ([{"type": "Loader"}], [node(1, "Loader"), node(1, "Encode")], ["Loader"], [{"id": True, "type": "Loader"}]):
        with pytest.raises(InvalidWorkflow) as caught:
            convert({"nodes": nodes}, OBJECT_INFO)
        assert caught.value.problems


@pytest.mark.parametrize("nodes", [[], [node(1, "Note")], [node(1, "Loader", mode=2)]])
def test_a_workflow_without_anything_to_run_is_refused(nodes: list[Any]) -> None:
    with pytest.raises(InvalidWorkflow, match="no node that could run"):
        api(workflow(*nodes))


def test_former_names_of_classes_are_understood() -> None:
    assert convert(workflow(node(1, "T2IAdapterLoader")), {"ControlNetLoader": {}}).workflow_api["1"]["class_type"] == "ControlNetLoader"


def test_models_are_those_that_a_widget_names_each_once_and_those_of_subgraphs_too() -> None:
    known = [
        {
            "name": "a.safetensors",
            "url": "https://example.com/a.safetensors",
            "directory": "checkpoints",
            "hash": "AB" * 32,
            "hash_type": "SHA256",
        },
        {"name": "other.safetensors", "url": "https://example.com/other", "directory": "checkpoints"},
    ]
    inner = subgraph(
        "s", node(1, "Loader", ["b.safetensors"], properties={"models": [{"name": "b.safetensors", "directory": "checkpoints"}]})
    )
    graph = workflow(
        node(1, "Loader", ["a.safetensors"], properties={"models": known}),
        node(2, "Loader", ["a.safetensors"], properties={"models": known}),
        node(3, "s"),
        subgraphs=[inner],
    )

    found = convert(graph, OBJECT_INFO).models

    assert [(model.path, model.url, model.sha256) for model in found] == [
        ("checkpoints/a.safetensors", "https://example.com/a.safetensors", "ab" * 32),
        ("checkpoints/b.safetensors", "", ""),
    ]


@pytest.mark.parametrize(
    "model",
    [
        {"name": "../../x", "directory": "checkpoints"},
        {"name": "/etc/passwd", "directory": "checkpoints"},
        {"name": "x", "directory": ".."},
        {"name": "x", "directory": "checkpoints", "url": "file:///etc/passwd"},
        {"name": 5},
        "x",
    ],
)
def test_models_that_could_do_harm_are_left_out(model: Any) -> None:
    name = model["name"] if isinstance(model, dict) else "x"

    assert convert(workflow(node(1, "Loader", [name], properties={"models": [model]})), OBJECT_INFO).models == ()
