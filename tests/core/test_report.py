"""What a report finds, on which backends, and how it says so."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from tests.core.catalogs import catalog, node, node_class, spec, text_to_image
from viewcomfy.core.report import CODES, Problem, report

ONE = {"gpu-1": catalog()}


def only(workflow: dict[str, Any], **catalogs: Any) -> Problem:
    """Return the one problem that there is."""
    [problem] = report(workflow, catalogs or ONE).problems
    assert problem.code in CODES
    return problem


def test_a_good_workflow_runs_everywhere() -> None:
    found = report(text_to_image(), {"a": catalog(), "b": catalog()})
    assert (found.ok, found.checked, found.problems, found.can_run_on) == (True, True, (), ("a", "b"))
    assert found.summary == "Runs on all 2 backends."
    assert report(text_to_image(), ONE).summary == "Runs on gpu-1."


def test_an_unknown_class_is_named_with_the_nearest_one() -> None:
    workflow = text_to_image() | {"9": node("PreviewAni", source=["4", 0])}
    problem = only(workflow)
    assert (problem.code, problem.severity, problem.node_id, problem.backends) == ("unknown_node_class", "error", "9", ("gpu-1",))
    assert problem.nearest[0] == "PreviewAny"
    assert problem.message == (
        "Node 9 (PreviewAni) is of the class 'PreviewAni', which no backend has. "
        "Nearest: 'PreviewAny'. Install the custom node that brings it."
    )


def test_a_missing_model_is_said_to_be_where_it_is() -> None:
    workflow = text_to_image()
    workflow["1"]["inputs"]["ckpt_name"] = "sdxl_base.safetensors"
    problem = only(workflow, a=catalog(revision="1"), b=catalog(models=("sdxl_base.safetensors",), revision="2"))
    assert (problem.code, problem.backends, problem.nearest) == ("missing_model", ("a",), ("sd_xl_base.safetensors",))
    assert problem.message == (
        "Node 1 (Load Checkpoint) needs the model file 'sdxl_base.safetensors', which a does not have (b has it). "
        "Nearest: 'sd_xl_base.safetensors'. Put it into models/checkpoints, or choose one that is there."
    )


def test_a_model_that_no_backend_has_is_said_to_be_nowhere() -> None:
    workflow = text_to_image()
    workflow["1"]["inputs"]["ckpt_name"] = "x.gguf"
    found = report(workflow, {"a": catalog(models=(), revision="1"), "b": catalog(revision="2")})
    assert not found.ok
    assert "'x.gguf', which no backend has." in found.problems[0].message
    assert found.summary == "Nothing can run this: 1 problem."


def test_a_backend_without_the_class_is_not_said_to_have_the_model() -> None:
    workflow = text_to_image()
    workflow["1"]["inputs"]["ckpt_name"] = "x.gguf"
    found = report(workflow, {"a": catalog(revision="1"), "b": catalog(without=("CheckpointLoaderSimple",), revision="2")})
    assert {problem.code: problem.backends for problem in found.problems} == {"missing_model": ("a",), "unknown_node_class": ("b",)}
    assert "has it" not in next(problem.message for problem in found.problems if problem.code == "missing_model")


def test_a_model_in_another_folder_is_the_nearest() -> None:
    workflow = text_to_image()
    workflow["1"]["inputs"]["ckpt_name"] = "elsewhere\\other.ckpt"
    assert only(workflow).nearest[0] == "folder/other.ckpt"


def test_one_backend_that_can_run_it_is_enough() -> None:
    found = report(text_to_image(), {"a": catalog(models=(), revision="1"), "b": catalog(revision="2"), "c": catalog(revision="2")})
    assert (found.ok, found.can_run_on) == (True, ("b", "c"))
    assert found.summary == "Runs on 2 of 3 backends: b, c."


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"steps": 0}, "out_of_range", "has 'steps' at 0, below its minimum of 1."),
        ({"steps": "20000"}, "out_of_range", "has 'steps' at 20000, above its maximum of 10000."),
        ({"cfg": 100.5}, "out_of_range", "has 'cfg' at 100.5, above its maximum of 100.0."),
        ({"steps": "many"}, "wrong_type", "has 'many' for 'steps', which must be a whole number."),
        ({"steps": "2.5"}, "wrong_type", "has '2.5' for 'steps', which must be a whole number."),
        ({"cfg": None}, "wrong_type", "has null for 'cfg', which must be a number."),
        ({"cfg": {"a": True}}, "wrong_type", "has {\"a\": true} for 'cfg', which must be a number."),
        ({"sampler": "eular"}, "invalid_choice", "is not among its choices. It takes 'euler' or 'euler_ancestral' or 'heun'."),
        ({"sampler": None}, "invalid_choice", "has null for 'sampler'"),
        ({"steps": ...}, "missing_input", "lacks its input 'steps'."),
        ({"model": ...}, "missing_input", "lacks its input 'model'."),
        ({"model": ["99", 0]}, "broken_link", "has its input 'model' connected to node 99, which is not in the workflow."),
        ({"model": [1, 0]}, "broken_link", "connected to node 1, which is not in the workflow."),
        ({"model": ["1", 3]}, "broken_link", "connected to output 3 of node 1 (Load Checkpoint), which has 3 outputs, counted from 0."),
        ({"model": ["1", "MODEL"]}, "broken_link", "connected to output 'MODEL' of node 1"),
        ({"model": ["1", 0, 0]}, "broken_link", "has [\"1\", 0, 0] for 'model'"),
        ({"steps": []}, "broken_link", "has [] for 'steps'"),
        ({"model": ["1", 1]}, "link_type", "takes MODEL for 'model', but is connected to output 1 of node 1 (Load Checkpoint)"),
        ({"steps": ["2", 0]}, "link_type", "takes INT for 'steps'"),
        ({"extra": ["99", 0]}, "broken_link", "has its input 'extra' connected to node 99"),
    ],
)  # fmt: skip
def test_a_fault_of_an_input_is_an_error_that_says_what_is_wrong(changes: dict[str, Any], code: str, message: str) -> None:
    errors = report(text_to_image(**changes), ONE).errors
    assert [(problem.code, problem.node_id, problem.input_name) for problem in errors] == [(code, "3", next(iter(changes)))]
    assert errors[0].message.startswith("Node 3 (KSampler) ")
    assert message in errors[0].message


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": "20"}, {"steps": 20.9}, {"steps": True}, {"cfg": "7.5"}, {"seed": 2**64 - 1}, {"steps": {"__value__": 5}},
        {"model": ["1", -3]}, {"extra": "whatever"}, {"extra": [1, 2, 3]}, {"mask": None},
    ],
)  # fmt: skip
def test_what_comfyui_takes_is_no_error(changes: dict[str, Any]) -> None:
    assert not report(text_to_image(**changes), ONE).errors


def test_a_value_where_only_a_connection_can_work_is_a_warning() -> None:
    problem = only(text_to_image(mask="a mask"))
    assert (problem.code, problem.severity) == ("wrong_type", "warning")


def test_many_choices_are_not_listed_but_the_nearest_are() -> None:
    many = node_class("Pick", spec("what", "COMBO", choices=tuple(f"choice {at}" for at in range(50))), outputs=("IMAGE",))
    workflow = text_to_image() | {"8": node("Pick", what="choise 7"), "9": node("PreviewAny", source=["8", 0])}
    problem = only(workflow, a=catalog(many))
    assert problem.message.startswith("Node 8 (Pick) has 'choise 7' for 'what', which is not among its 50 choices. Nearest: 'choice 7'")


def test_few_choices_are_listed_and_the_nearest_is_there_for_programs() -> None:
    problem = only(text_to_image(sampler="eular"))
    assert problem.nearest[0] == "euler"
    assert "Nearest" not in problem.message


def test_uploads_and_files_in_comfyuis_folders_are_never_a_wrong_choice() -> None:
    latent = node_class("LoadLatent", spec("latent", "COMBO", choices=()), outputs=("LATENT",))
    workflow = text_to_image(latent=["8", 0]) | {
        "2": node("LoadImage", image="not there yet.png"),
        "7": node("PreviewAny", source=["2", 0]),
        "8": node("LoadLatent", latent="mine.latent [output]"),
    }
    assert report(workflow, {"a": catalog(latent)}).problems == ()


@pytest.mark.parametrize(
    ("received", "wanted", "good"),
    [("INT", "INT,FLOAT", True), ("A,B", "B, C", True), ("A", "*", True), ("*", "A", True), ("COMBO", "COMBO", True), ("A", "AB", False),
     ("STRING", "COMBO", False), ("A,B", "C", False)],
)  # fmt: skip
def test_types_fit_where_they_have_one_in_common(received: str, wanted: str, good: bool) -> None:
    extra = node_class("Give", outputs=(received,)), node_class("Take", spec("it", wanted), is_output=True)
    workflow = text_to_image() | {"8": node("Give"), "9": node("Take", it=["8", 0])}
    assert [problem.code for problem in report(workflow, {"a": catalog(*extra)}).errors] == ([] if good else ["link_type"])


def test_inputs_that_only_their_class_can_find_are_not_missing() -> None:
    grow = node_class("Batch", spec("images", "COMFY_AUTOGROW_V9"), is_output=True)
    workflow = text_to_image() | {
        "6": node("ImageInvert", image=["4", 0]),
        "9": {"class_type": "Batch", "inputs": {"images.image0": ["6", 0]}},
    }
    assert report(workflow, {"a": catalog(grow)}).problems == ()


def test_a_cycle_names_its_nodes_once() -> None:
    workflow = text_to_image() | {"6": node("ImageInvert", image=["7", 0]), "7": node("ImageInvert", image=["6", 0])}
    workflow["5"]["inputs"]["images"] = ["7", 0]
    errors = report(workflow, ONE).errors
    assert [(problem.code, problem.node_id, problem.backends) for problem in errors] == [("cycle", "6", ())]
    assert "6 → 7 → 6" in errors[0].message


def test_no_output_node_is_an_error_and_the_rest_is_still_checked() -> None:
    workflow = text_to_image(steps=0)
    del workflow["5"]
    assert [problem.code for problem in report(workflow, ONE).problems] == ["no_output", "out_of_range"]


def test_only_what_feeds_an_output_is_checked_and_the_rest_is_told_once() -> None:
    workflow = text_to_image() | {"8": node("EmptyLatentImage", width=0), "9": node("VAEDecode", samples=["8", 0], vae=["99", 0])}
    problem = only(workflow)
    assert (problem.code, problem.severity, problem.node_id) == ("unreachable", "warning", "9")
    assert "nor does the one that leads to it" in problem.message


def test_a_circle_that_feeds_nothing_is_told_once() -> None:
    workflow = text_to_image() | {"8": node("ImageInvert", image=["9", 0]), "9": node("ImageInvert", image=["8", 0])}
    assert only(workflow).code == "unreachable"


def test_a_lost_link_behind_an_input_that_no_class_declares_is_an_error() -> None:
    workflow = text_to_image(extra=["9", 0]) | {"9": node("ImageInvert", image=["99", 0])}
    assert (only(workflow).code, only(workflow).severity, only(workflow).node_id) == ("broken_link", "error", "9")


def test_an_output_that_callers_cannot_change_is_always_cached() -> None:
    workflow = text_to_image() | {"8": node("LoadImage", image="logo.png"), "9": node("SaveImage", images=["8", 0], filename_prefix="logo")}
    assert report(workflow, ONE).problems == ()
    [problem] = report(workflow, ONE, locked=[("8", "image")]).problems
    assert (problem.code, problem.severity, problem.node_id) == ("always_cached", "warning", "9")


def test_without_a_seed_a_call_that_sets_nothing_is_always_cached() -> None:
    workflow = {"1": node("LoadImage", image="a.png"), "2": node("SaveImage", images=["1", 0], filename_prefix="x")}
    assert (only(workflow).code, only(workflow).severity, only(workflow).node_id) == ("always_cached", "warning", "")


def test_without_catalogs_only_the_workflow_itself_is_judged() -> None:
    good = report(text_to_image(steps=0) | {"9": node("Unknown")}, {})
    assert (good.ok, good.checked, good.problems, good.can_run_on) == (True, False, (), ())
    assert good.summary == "Not checked, as no backend is known yet."
    workflow = text_to_image(model=["99", 0]) | {"8": node("A", x=["9", 0]), "9": node("B", y=["8", 1])}
    bad = report(workflow, {})
    assert [problem.code for problem in bad.problems] == ["broken_link", "cycle"]
    assert not bad.ok
    assert bad.summary == "Not checked, as no backend is known yet: 2 problems."
    assert replace(good, why_unknown="ComfyUI is away.").summary == "Not checked, as no backend is known yet. ComfyUI is away."


def test_errors_come_first_and_then_the_order_of_the_workflow() -> None:
    workflow = {"z": node("ImageInvert", image=["5", 0])} | text_to_image(steps=0, mask=3) | {"b": node("Gone")}
    workflow["1"]["inputs"]["ckpt_name"] = "x.ckpt"
    found = [(problem.code, problem.node_id) for problem in report(workflow, ONE).problems]
    assert found == [
        ("missing_model", "1"), ("out_of_range", "3"), ("unknown_node_class", "b"), ("unreachable", "z"), ("wrong_type", "3"),
    ]  # fmt: skip


def test_a_fault_that_only_some_backends_see_says_where() -> None:
    strict = node_class("Size", spec("width", "INT", maximum=100), outputs=("LATENT",))
    loose = node_class("Size", spec("width", "INT", maximum=10_000), outputs=("LATENT",))
    workflow = text_to_image(latent=["2", 0]) | {"2": node("Size", width=512)}
    found = report(workflow, {"a": catalog(strict, revision="1"), "b": catalog(loose, revision="2")})
    assert [(problem.backends, problem.message) for problem in found.problems] == [
        (("a",), "Node 2 (Size) has 'width' at 512, above its maximum of 100, on a.")
    ]


def test_a_report_is_json() -> None:
    found = report(text_to_image(steps=0), {"a": catalog(revision="1"), "b": catalog(revision="1")})
    value = json.loads(json.dumps(found.as_dict()))
    assert value["problems"] == [json.loads(json.dumps(asdict(problem))) for problem in found.problems]
    assert value["problems"][0]["backends"] == ["a", "b"]
    assert {name: value[name] for name in ("ok", "checked", "can_run_on", "backends")} == {
        "ok": False, "checked": True, "can_run_on": [], "backends": ["a", "b"],
    }  # fmt: skip


def test_a_deep_workflow_is_no_trouble() -> None:
    depth = 9000
    chain = {f"n{at}": node("ImageInvert", image=[f"n{at + 1}", 0]) for at in range(depth)}
    workflow = text_to_image() | chain | {f"n{depth}": node("ImageInvert", image=["n0", 0]), "out": node("PreviewAny", source=["n0", 0])}
    [problem] = report(workflow, ONE).problems
    assert problem.code == "cycle"
    assert len(problem.message) < 300
