from __future__ import annotations

from typing import Any

import pytest

from tests.core.editor.graphs import OBJECT_INFO, api, node, subgraph, workflow
from viewcomfy.core.editor.convert import convert
from viewcomfy.core.errors import InvalidWorkflow


def encoder(text: str = "inside") -> dict[str, Any]:
    """A subgraph that encodes a text: in come a clip and the text, out goes what was encoded."""
    return subgraph(
        "encoder",
        node(1, "Encode", [text], {"clip": 11, "text*": 12}),
        links=[(11, "in", 0, 1), (12, "in", 1, 1), (13, 1, 0, "out")],
        inputs=[("clip", "CLIP", [11]), ("text", "STRING", [12])],
        outputs=[("cond", "CONDITIONING", [13])],
    )


def used(*values: Any, links: dict[str, int] | None = None, **more: Any) -> dict[str, Any]:
    """A workflow that uses the subgraph once."""
    return workflow(
        node(1, "Loader"),
        node(5, "encoder", values, links or {"clip": 1, "text": None}, **more),  # type: ignore[dict-item]  # no link
        node(9, "Any", links={"value": 2}),
        node(7, "Text", ["from a node"]),
        links=[(1, 1, 1, 5), (2, 5, 0, 9), (3, 7, 0, 5)],
        subgraphs=[encoder()],
    )


def test_what_is_inside_runs_under_the_id_of_the_node_that_stands_for_it() -> None:
    found = api(used("mine"))

    assert found["5:1"] == {"text": "mine", "clip": ["1", 1]}
    assert found["9"] == {"value": ["5:1", 0]}
    assert "5" not in found


def test_without_a_value_of_its_own_the_one_inside_counts() -> None:
    assert api(used())["5:1"]["text"] == "inside"


def test_a_link_to_a_widget_that_is_shown_wins() -> None:
    assert api(used("mine", links={"clip": 1, "text": 3}))["5:1"]["text"] == ["7", 0]


def test_a_primitive_reaches_into_a_subgraph() -> None:
    graph = used("mine", links={"clip": 1, "text": 3})
    graph["nodes"][3] = node(7, "PrimitiveNode", ["from a primitive"])

    assert api(graph)["5:1"]["text"] == "from a primitive"


def test_a_primitive_inside_of_a_subgraph_gives_its_value() -> None:
    inner = subgraph("s", node(1, "PrimitiveNode", [4]), node(2, "Number", [9], {"value*": 1}), links=[(1, 1, 0, 2)])

    assert api(workflow(node(3, "s"), subgraphs=[inner]))["3:2"]["value"] == 4


def test_two_nodes_of_one_subgraph_keep_their_own_values() -> None:
    graph = workflow(node(5, "encoder", ["one"]), node(6, "encoder", ["two"]), subgraphs=[encoder()])

    assert [api(graph)[place]["text"] for place in ("5:1", "6:1")] == ["one", "two"]


def test_the_list_of_shown_widgets_decides_which_value_is_whose() -> None:
    shown = {"proxyWidgets": [["1", "text"], ["-1", "text"]]}

    assert api(used(None, "mine", properties=shown))["5:1"]["text"] == "mine"
    assert api(used(None, "mine", properties={"proxyWidgets": '[["1", "text"], ["-1", "text"]]'}))["5:1"]["text"] == "mine"


def test_a_shown_widget_that_is_not_linked_has_the_value_that_it_has_inside_unless_it_was_given_one() -> None:
    inner = subgraph("s", node(2, "Number", [9]))
    shown = {"proxyWidgets": [["2", "value"]]}

    assert api(workflow(node(3, "s", [None], properties=shown), subgraphs=[inner]))["3:2"]["value"] == 9
    assert api(workflow(node(3, "s", [7], properties=shown), subgraphs=[inner]))["3:2"]["value"] == 7


def test_a_widget_that_is_shown_through_two_subgraphs_is_found() -> None:
    inner, outer = subgraph("inner", node(2, "Number", [9])), subgraph("outer", node(4, "inner"))
    shown = {"proxyWidgets": [["4", "2: value"]]}

    assert api(workflow(node(3, "outer", [7], properties=shown), subgraphs=[outer, inner]))["3:4:2"]["value"] == 7


def nested(*values: Any) -> dict[str, Any]:
    """A subgraph within a subgraph, each passing on its inputs."""
    outer = subgraph(
        "outer",
        node(2, "encoder", [], {"clip": 21, "text": 22}),
        links=[(21, "in", 0, 2), (22, "in", 1, 2), (23, 2, 0, "out")],
        inputs=[("clip", "CLIP", [21]), ("words", "STRING", [22])],
        outputs=[("cond", "CONDITIONING", [23])],
    )
    return workflow(
        node(1, "Loader"),
        node(5, "outer", values, {"clip": 1}),
        node(9, "Any", links={"value": 2}),
        links=[(1, 1, 1, 5), (2, 5, 0, 9)],
        subgraphs=[outer, encoder()],
    )


def test_values_and_links_go_through_several_levels() -> None:
    found = api(nested("outermost"))

    assert found["5:2:1"] == {"text": "outermost", "clip": ["1", 1]}
    assert found["9"] == {"value": ["5:2:1", 0]}
    assert api(nested())["5:2:1"]["text"] == "inside"


def test_subgraphs_may_be_defined_within_subgraphs() -> None:
    graph = nested("outermost")
    outer, inner = graph["definitions"]["subgraphs"]
    graph["definitions"]["subgraphs"] = [{**outer, "definitions": {"subgraphs": [inner]}}]

    assert api(graph)["5:2:1"]["text"] == "outermost"


def test_an_output_that_is_connected_to_an_input_passes_it_on() -> None:
    through = subgraph("s", node(1, "Text", ["x"]), links=[(11, "in", 0, "out")], inputs=[("a", "*", [11])], outputs=[("b", "*", [11])])
    graph = workflow(
        node(1, "Loader"), node(5, "s", links={"a": 1}), node(9, "Any", links={"value": 2}), links=[(1, 1, 2, 5), (2, 5, 0, 9)]
    )

    assert api({**graph, "definitions": {"subgraphs": [through]}})["9"] == {"value": ["1", 2]}


def test_ends_of_a_subgraph_that_do_not_name_their_links_are_found_all_the_same() -> None:
    graph = used("mine")
    for part in ("inputs", "outputs"):
        for port in graph["definitions"]["subgraphs"][0][part]:
            del port["linkIds"]

    assert api(graph)["5:1"] == {"text": "mine", "clip": ["1", 1]}
    assert api(graph)["9"] == {"value": ["5:1", 0]}


@pytest.mark.parametrize("mode", [2, 4])
def test_nothing_inside_of_a_muted_or_bypassed_subgraph_runs(mode: int) -> None:
    assert list(api(used("mine", mode=mode))) == ["1", "9", "7"]


def test_a_bypassed_subgraph_passes_on_the_input_of_the_type() -> None:
    image = subgraph("s", node(1, "Text", ["x"]), inputs=[("text", "STRING", []), ("image", "IMAGE", [])], outputs=[("image", "IMAGE", [])])
    graph = workflow(
        node(1, "LoadImage"),
        node(5, "s", links={"image": 1}, mode=4),
        node(9, "Blend", links={"one": 2}),
        links=[(1, 1, 0, 5), (2, 5, 0, 9)],
        subgraphs=[image],
    )

    assert api(graph)["9"] == {"one": ["1", 0]}


def test_nothing_comes_out_of_a_muted_subgraph_within_another() -> None:
    """The pinned editor keeps the link, and so runs what is muted; newer ones no longer do."""
    graph = nested("outermost")
    assert api(graph)["9"] == {"value": ["5:2:1", 0]}
    graph["definitions"]["subgraphs"][0]["nodes"][0]["mode"] = 2

    assert api(graph)["9"] == {}


def test_a_number_that_a_text_of_a_subgraph_was_given_is_sent_as_the_text_that_comfyui_makes_of_it() -> None:
    assert api(used(1044116463319391))["5:1"]["text"] == "1044116463319391"
    assert api(used(12.5))["5:1"]["text"] == "12.5"


def test_what_a_linked_widget_was_given_wins_over_an_entry_that_is_out_of_place() -> None:
    inner = subgraph(
        "s",
        node(2, "Loader", ["a.safetensors"], {"ckpt_name*": 12}),
        node(3, "Number", [9], {"value*": 11}),
        links=[(11, "in", 0, 3), (12, "in", 1, 2)],
        inputs=[("value", "INT", [11]), ("ckpt_name_2", "COMBO", [12])],
    )
    stale = {"proxyWidgets": [["2", "ckpt_name"]]}
    found = api(workflow(node(5, "s", [7, "b.safetensors"], properties=stale), subgraphs=[inner]))

    assert (found["5:3"], found["5:2"]) == ({"value": 7}, {"ckpt_name": "b.safetensors"})


def test_a_muted_node_inside_is_left_out() -> None:
    inner = subgraph("s", node(1, "Number", mode=2), node(2, "Text", ["x"]))

    assert list(api(workflow(node(3, "s"), subgraphs=[inner]))) == ["3:2"]


def test_a_class_that_is_missing_inside_is_named_by_its_place() -> None:
    with pytest.raises(InvalidWorkflow) as caught:
        convert(workflow(node(3, "s"), subgraphs=[subgraph("s", node(8, "Unheard"))]), OBJECT_INFO)

    assert caught.value.problems[0]["node_id"] == "3:8"


def test_subgraphs_that_contain_themselves_are_refused() -> None:
    for subgraphs in (
        [subgraph("s", node(1, "s"))],
        [subgraph("s", node(1, "t")), subgraph("t", node(1, "s"))],
    ):
        with pytest.raises(InvalidWorkflow, match="contains itself"):
            api(workflow(node(1, "s"), subgraphs=subgraphs))


def test_subgraphs_that_are_nested_without_end_or_grow_without_measure_are_refused() -> None:
    deep = [subgraph(f"s{level}", node(1, f"s{level + 1}")) for level in range(500)]
    wide = [subgraph(f"s{level}", *(node(i, f"s{level + 1}") for i in range(10))) for level in range(20)]

    with pytest.raises(InvalidWorkflow, match="levels deep"):
        api(workflow(node(1, "s0"), subgraphs=deep))
    with pytest.raises(InvalidWorkflow, match="more than 10000 nodes"):
        api(workflow(node(1, "s0"), subgraphs=wide))
