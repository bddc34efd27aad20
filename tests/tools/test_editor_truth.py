"""The comparison with ComfyUI's editor: what counts as alike, and what is told of the rest."""

from __future__ import annotations

from typing import Any

from tools.editor_truth.compare import outcomes
from tools.editor_truth.packages import classes
from tools.editor_truth.truth import Case, digest, expected
from tools.editor_truth.work import work

NODES = {"PreviewAny": {"display_name": "Preview as Text", "name": "PreviewAny", "input": {}, "output": [], "output_name": []}}


def prompt(title: str, **more: Any) -> dict[str, Any]:
    return {"1": {"class_type": "PreviewAny", "inputs": {"source": 1.0}, "_meta": {"title": title, **more}}}


def test_numbers_are_alike_that_a_browser_takes_for_the_same() -> None:
    assert digest({"seed": 2**64 - 1, "cfg": 1.0, "on": True}) == digest({"cfg": 1, "on": True, "seed": 18446744073709552000})
    assert digest({"cfg": 1.5}) != digest({"cfg": 1})
    assert digest({"on": True}) != digest({"on": 1})


def test_a_node_that_nobody_has_named_may_be_called_as_comfyui_calls_it() -> None:
    names = {"PreviewAny": "Preview Any"}
    assert expected(prompt("Preview Any", cnr_id="comfy-core"), names, NODES) == prompt("Preview as Text")
    assert expected(prompt("My text"), names, NODES) == prompt("My text")


def test_a_difference_is_shown_and_a_refusal_is_quoted() -> None:
    workflow = {"nodes": [{"id": 1, "type": "Unknown"}], "links": [], "version": 0.4}
    (refused,) = outcomes([Case("refused", workflow, prompt("Other"))], {}, NODES)
    assert refused.fault.startswith("refused: ")
    (nothing_sent,) = outcomes([Case("nothing sent", workflow, {})], {}, NODES)
    assert not nothing_sent.fault
    known = {"nodes": [{"id": 1, "type": "PreviewAny"}], "links": [], "version": 0.4}
    (differing,) = outcomes([Case("differing", known, prompt("Other"))], {}, NODES)
    assert '-   "title": "Other"' in differing.fault
    assert '+   "title": "Preview as Text"' in differing.fault


def test_a_template_needs_the_classes_of_its_subgraphs_but_not_those_of_the_editor() -> None:
    inner = {"id": "a-b", "nodes": [{"type": "VAEDecode"}]}
    workflow = {"nodes": [{"type": "a-b"}, {"type": "Note"}, {"type": "Reroute"}], "definitions": {"subgraphs": [inner]}}
    assert classes(workflow) == {"VAEDecode"}


def test_prompts_do_the_same_work_that_differ_in_ids_names_and_what_no_output_needs() -> None:
    nodes: dict[str, Any] = {
        "Load": {"input": {"required": {"file": [["a", "b"]]}}},
        "Save": {"input": {"required": {"image": ["IMAGE"]}}, "output_node": True},
    }
    load = {"class_type": "Load", "inputs": {"file": "a", "upload": "image"}}
    before = {"1": load, "2": {"class_type": "Save", "inputs": {"image": ["1", 0]}}}
    after = {"5:7": {**load, "inputs": {"file": "a"}}, "5:8": load, "2": {"class_type": "Save", "inputs": {"image": ["5:7", 0]}}}
    assert work(before, nodes) == work(after, nodes)
    after["5:7"]["inputs"] = {"file": "b"}
    assert work(before, nodes) != work(after, nodes)


def test_a_number_for_a_text_does_the_same_work_as_the_text_that_comfyui_makes_of_it() -> None:
    nodes: dict[str, Any] = {"Show": {"input": {"required": {"text": ["STRING", {}], "size": ["INT", {}]}}, "output_node": True}}

    def shown(text: Any, size: Any) -> list[str]:
        return work({"1": {"class_type": "Show", "inputs": {"text": text, "size": size}}}, nodes)

    assert shown(7, 1) == shown("7", 1) != shown("8", 1)
    assert shown("7", 1) != shown("7", "1")
