"""Workflows that nobody's editor has written: they are converted or refused, and nothing else ever happens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.editor.graphs import OBJECT_INFO, node, subgraph, workflow
from viewcomfy.core.editor.convert import convert
from viewcomfy.core.errors import InvalidWorkflow
from viewcomfy.core.workflows import check_workflow

IDS: st.SearchStrategy[Any] = st.one_of(
    st.integers(-20, 5), st.sampled_from(["1", "2", "x", "", None, True, 1.0, 1.5, float("inf"), 10**400, [], {}])
)
JUNK = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([]), st.just({}), st.just([[]]))
KINDS = st.sampled_from([*OBJECT_INFO, "Reroute", "PrimitiveNode", "Note", "SetNode", "GetNode", "s", "t", "workflow>g", "Unheard"])
NAMES = st.sampled_from(["value", "model", "clip", "text", "seed", "image", "images", "", "nothing"])


def some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly a list of these, now and then anything else."""
    return st.one_of(st.lists(strategy, max_size=5), st.lists(strategy, max_size=5), JUNK)


def fields(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly an object with some of these fields, now and then anything else."""
    return st.one_of(st.fixed_dictionaries({}, optional=parts), JUNK)


SLOTS = some(fields(name=NAMES, type=st.sampled_from(["*", "IMAGE", "INT", "A,B", -1, None, []]), link=IDS, widget=fields(name=NAMES)))
SHOWN = st.one_of(some(st.lists(st.one_of(IDS, NAMES, st.just("-1")), max_size=3)), st.just("["), st.just('[["-1", "value"]]'))
NODES = some(
    st.fixed_dictionaries(
        {"id": IDS, "type": KINDS},
        optional={
            "mode": st.sampled_from([0, 2, 4, "4", None]),
            "inputs": SLOTS,
            "outputs": SLOTS,
            "widgets_values": st.one_of(some(JUNK), st.dictionaries(NAMES, JUNK, max_size=3)),
            "properties": fields(proxyWidgets=SHOWN, models=some(fields(name=NAMES, directory=NAMES, url=NAMES, hash=JUNK))),
            "title": JUNK,
        },
    )
)
LINKS = some(
    st.one_of(st.lists(IDS, min_size=5, max_size=6), fields(id=IDS, origin_id=IDS, origin_slot=IDS, target_id=IDS, target_slot=IDS), JUNK)
)
PORTS = some(fields(name=NAMES, type=JUNK, linkIds=some(IDS)))
SUBGRAPHS = some(fields(id=st.sampled_from(["s", "t"]), name=JUNK, nodes=NODES, links=LINKS, inputs=PORTS, outputs=PORTS))
GROUPS = fields(
    g=fields(nodes=NODES, links=some(some(IDS)), external=some(some(IDS)), config=fields(**{"0": fields(input=fields(value=JUNK))}))
)
WORKFLOWS = st.fixed_dictionaries(
    {"nodes": NODES},
    optional={"links": LINKS, "definitions": fields(subgraphs=SUBGRAPHS), "extra": fields(groupNodes=GROUPS), "version": JUNK},
)
SPECS = some(
    st.one_of(
        st.sampled_from(["INT", "COMBO", "STRING", "COMFY_AUTOGROW_V3", "COMFY_DYNAMICCOMBO_V3"]),
        fields(
            default=JUNK,
            min=JUNK,
            options=some(fields(key=JUNK, inputs=JUNK)),
            template=fields(min=JUNK, names=some(NAMES), input=JUNK),
            remote=JUNK,
            multi_select=JUNK,
            control_after_generate=JUNK,
            forceInput=JUNK,
            image_upload=st.just(True),
        ),
    )
)
CLASSES = fields(
    input=fields(required=st.dictionaries(NAMES, SPECS, max_size=3), optional=JUNK), input_order=fields(required=some(NAMES)), output=JUNK
)


def outcome(graph: Any, object_info: Any) -> None:
    """Convert it, or see it refused."""
    try:
        found = convert(graph, object_info).workflow_api
    except InvalidWorkflow:
        return
    check_workflow(found)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WORKFLOWS)
def test_any_workflow_is_converted_or_refused(graph: dict[str, Any]) -> None:
    outcome(graph, OBJECT_INFO)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CLASSES, st.lists(JUNK, max_size=4))
def test_any_object_info_is_made_the_best_of(info: Any, values: list[Any]) -> None:
    outcome(workflow(node(1, "SaveImage", values), node(2, "Loader", values)), {"SaveImage": info, "Loader": info})


def reroutes(count: int, consumers: int) -> dict[str, Any]:
    chain = [node(place, "Reroute", links={"": place}) for place in range(1, count)]
    ends = [node(count + place, "Any", links={"value": count}) for place in range(consumers)]
    links = [(place, place - 1, 0, place) for place in range(1, count)] + [(count, count - 1, 0, count)]
    return workflow(node(0, "Loader"), *chain, *ends, links=links)


def test_ten_thousand_nodes_in_a_row_are_followed() -> None:
    found = convert(reroutes(9_990, 5), OBJECT_INFO).workflow_api

    assert found["9990"]["inputs"] == {"value": ["0", 0]}


def test_more_nodes_than_a_workflow_may_have_are_refused() -> None:
    with pytest.raises(InvalidWorkflow, match="10000 is the most"):
        convert(reroutes(9_990, 20), OBJECT_INFO)


def test_links_that_take_too_long_to_follow_are_refused() -> None:
    wide = node(0, "Many", links={f"input {place}": place for place in range(3_000)}, mode=4)
    bypassed = workflow(wide, *(node(place, "Any", links={"value": 1}) for place in range(1, 3_000)), links=[(1, 0, 0, 1)])

    for graph in (reroutes(5_000, 4_000), bypassed):
        with pytest.raises(InvalidWorkflow, match="too tangled"):
            convert(graph, {**OBJECT_INFO, "Many": {"output": ["X"]}})


@pytest.mark.parametrize("text", ["/* " * 200_000, "{" * 100_000 + "x" * 100_000, "{x|" * 200_000, "%a.b" * 100_000, "\\" * 100_000])
def test_texts_made_to_take_long_do_not(text: str) -> None:
    outcome(workflow(node(1, "Encode", [text]), node(2, "SaveImage", [text])), OBJECT_INFO)  # quadratic work would run into the timeout


def test_lists_in_lists_without_end_are_no_trouble() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]

    outcome(workflow(node(1, "Text", [deep]), node(2, "Encode", [deep])), OBJECT_INFO)


def test_a_subgraph_in_place_of_everything_is_refused_or_converted() -> None:
    for kind in ("Loader", "Reroute", "PrimitiveNode", "Note"):
        outcome(workflow(node(1, kind), subgraphs=[subgraph(kind, node(2, "Number"))]), OBJECT_INFO)
