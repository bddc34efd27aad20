"""What a report says of how to get what is missing."""

from __future__ import annotations

from typing import Any

from viewcomfy.core.catalog_files import parse
from viewcomfy.core.remedies import Pack, Providers, Remedies
from viewcomfy.core.report import Problem, report

FACE = Pack("Impact Pack", "https://github.com/i/impact")
OTHERS = tuple(Pack(name, f"https://github.com/x/{name}") for name in ("b", "c", "d", "e"))


def workflow(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {
        "1": {"class_type": class_type, "inputs": inputs},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }


CATALOG = parse(
    b'{"SaveImage": {"input": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING"]}}, "output": [], "output_node": true},'
    b' "Checkpoint": {"input": {"required": {"ckpt_name": [["a.safetensors"]]}}, "output": ["IMAGE"], "output_node": false}}'
)


def first(graph: dict[str, Any], remedies: Remedies) -> Problem:
    return report(graph, {"comfyui-0": CATALOG}, remedies=remedies).problems[0]


def test_a_missing_class_comes_with_the_pack_that_brings_it_and_what_to_type() -> None:
    problem = first(workflow("FaceDetailer"), Remedies({"FaceDetailer": Providers((FACE,))}))
    assert (problem.code, problem.packs) == ("unknown_node_class", (FACE,))
    assert problem.message.endswith("Impact Pack brings it: `viewcomfy nodes add https://github.com/i/impact`.")
    assert problem.as_dict()["packs"] == [{"name": FACE.name, "url": FACE.url}]


def test_of_several_packs_the_likeliest_is_offered_and_the_others_are_named() -> None:
    problem = first(workflow("FaceDetailer"), Remedies({"FaceDetailer": Providers((FACE, *OTHERS))}))
    assert "Impact Pack, b, c and 2 more bring it: `viewcomfy nodes add https://github.com/i/impact`" in problem.message
    assert problem.packs == (FACE, *OTHERS)


def test_a_class_of_another_comfyui_is_no_packs_matter() -> None:
    problem = first(workflow("NewNode"), Remedies({"NewNode": Providers(built_in=True)}))
    assert problem.message.endswith("ComfyUI itself brings it, in another version than this one.")


def test_a_class_that_nobody_knows_is_reported_as_ever() -> None:
    problem = first(workflow("Mine"), Remedies())
    assert (problem.packs, problem.message.endswith("Install the custom node that brings it.")) == ((), True)


def test_a_missing_model_whose_url_is_known_can_be_fetched() -> None:
    graph = workflow("Checkpoint", ckpt_name="xl\\b.safetensors")
    assert "deploy with --fetch" in first(graph, Remedies(models=frozenset({"xl/b.safetensors"}))).message
    assert "Put it into models/checkpoints" in first(graph, Remedies()).message
