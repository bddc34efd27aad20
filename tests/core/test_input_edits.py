"""What owners change about their inputs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.declared import an_input
from viewcomfy.core.declare import declare
from viewcomfy.core.errors import InvalidParams
from viewcomfy.core.input_edits import Edit, apply_edits, check_edit, edit_of, follow, make_edits
from viewcomfy.core.inputs import Choice, Input, InputKind
from viewcomfy.core.object_info import read_catalog
from viewcomfy.core.params import Target

CATALOG = read_catalog(
    {
        "KSampler": {
            "input": {"required": {"seed": ["INT", {"min": 0}], "steps": ["INT", {"min": 1, "max": 100}], "cfg": ["FLOAT", {"max": 30}]}}
        },
        "CheckpointLoaderSimple": {"input": {"required": {"ckpt_name": [["a.safetensors", "b.safetensors"]]}}},
    }
)
WORKFLOW: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {"seed": 7, "steps": 20, "cfg": 8.0, "positive": ["6", 0], "negative": ["7", 0], "model": ["4", 0]},
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["4", 1]}, "_meta": {"title": "CLIP Text Encode (Prompt)"}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}, "_meta": {"title": "CLIP Text Encode (Prompt)"}},
}
DECLARED = declare(WORKFLOW, CATALOG)
BY_NAME = {one.name: one for one in DECLARED}
STEPS, CFG, SEED, PROMPT, CHECKPOINT = (BY_NAME[name] for name in ("steps", "cfg", "seed", "prompt", "checkpoint"))


def after(changes: dict[str, Any], existing: tuple[Edit, ...] = ()) -> dict[str, Input]:
    inputs, lost = apply_edits(DECLARED, make_edits(DECLARED, changes, existing))
    assert not lost
    return {one.name: one for one in inputs}


def refusal(call: Callable[[], object]) -> list[str]:
    with pytest.raises(InvalidParams) as caught:
        call()
    assert all(problem["input"] for problem in caught.value.problems)
    return [problem["message"] for problem in caught.value.problems]


def refused(declared: Input, **changes: Any) -> str:
    return " ".join(refusal(lambda: check_edit(declared, changes)))


# --- checking ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("declared", "changes"),
    [
        (
            PROMPT,
            {"name": "idea", "label": "Your idea", "description": "", "required": True, "hidden": False, "advanced": True, "order": 0},
        ),
        (STEPS, {"minimum": 1, "maximum": 20, "default": 10, "locked": True}),
        (STEPS, {"choices": [10, 20, 30]}),
        (CFG, {"minimum": 0.5}),
        (SEED, {"default": 2**64 - 1}),
        (CHECKPOINT, {"choices": ["b.safetensors", "a.safetensors"], "default": "b.safetensors"}),
        (CHECKPOINT, {"default": "another.safetensors"}),
        (PROMPT, {"choices": [{"value": "a cat", "label": "Cat"}, "a dog"]}),
        (an_input(kind=InputKind.ANY, default=[]), {"default": [1, "2"]}),
        (an_input(kind=InputKind.IMAGE), {"default": "mine.png"}),
        (an_input(kind=InputKind.BOOLEAN, default=True), {"default": False}),
    ],
)
def test_good_changes_pass(declared: Input, changes: dict[str, Any]) -> None:
    assert check_edit(declared, changes).keys() == changes.keys()


@pytest.mark.parametrize(
    ("declared", "changes", "says"),
    [
        (PROMPT, {"name": "A b"}, "name must be lower-case"),
        (PROMPT, {"name": "output"}, "viewcomfy uses"),
        (PROMPT, {"label": " "}, "empty"),
        (PROMPT, {"label": 3}, "text"),
        (PROMPT, {"hidden": 1}, "true or false"),
        (PROMPT, {"order": -1}, "whole number"),
        (PROMPT, {"minimum": 1}, "for numbers"),
        (PROMPT, {"lable": "x"}, "not something that can be changed"),
        (PROMPT, {"locked": True, "required": True}, "exclude each other"),
        (PROMPT, {"choices": []}, "1 to 1000"),
        (PROMPT, {"choices": ["a cat", "a cat"]}, "twice"),
        (PROMPT, {"choices": [{"label": "x"}]}, "values"),
        (PROMPT, {"choices": [None]}, "texts or numbers"),
        (PROMPT, {"choices": ["a dog"]}, "default"),
        (STEPS, {"minimum": 0}, "nothing below 1"),
        (STEPS, {"maximum": 1000}, "nothing above 100"),
        (STEPS, {"minimum": 2.5}, "whole"),
        (STEPS, {"minimum": True}, "a number"),
        (STEPS, {"minimum": 30, "maximum": 10}, "above the maximum"),
        (STEPS, {"maximum": 10}, "default must be between 1 and 10, not 20"),
        (STEPS, {"default": 1000}, "between 1 and 100"),
        (STEPS, {"default": "many"}, "default"),
        (STEPS, {"choices": [10, 500]}, "cannot hold 500"),
        (STEPS, {"default": {"a": 1}}, "object"),
        (SEED, {"default": 5e-324}, "random"),
        (an_input(kind=InputKind.BOOLEAN, default=True), {"choices": [True]}, "for texts and numbers"),
        (an_input(kind=InputKind.CHOICE, default="a", choices=["a", "b"]), {"choices": ["c"]}, "cannot hold 'c'"),
    ],
)
def test_bad_changes_say_what_is_wrong(declared: Input, changes: dict[str, Any], says: str) -> None:
    assert says in refused(declared, **changes)


def test_every_problem_is_said_at_once() -> None:
    assert len(refusal(lambda: check_edit(STEPS, {"minimum": 0, "maximum": 500, "name": "Steps!", "what": 1}))) == 4


def test_what_is_kept_has_the_kind_of_the_input() -> None:
    assert check_edit(STEPS, {"default": "12", "maximum": 50.0, "label": None}) == {"default": 12, "maximum": 50}
    assert check_edit(PROMPT, {"choices": ["a cat", {"value": "x"}]}) == {"choices": (Choice("a cat", "a cat"), Choice("x", "x"))}


# --- making -----------------------------------------------------------------------------------------------------------
def test_edits_are_made_by_name_or_by_key() -> None:
    edits = make_edits(DECLARED, {"steps": {"maximum": 50}, "6-inputs-text": {"name": "idea"}})
    assert [(edit.key, dict(edit.changes)) for edit in edits] == [("3-inputs-steps", {"maximum": 50}), ("6-inputs-text", {"name": "idea"})]
    assert edits[1] == Edit("6-inputs-text", "CLIPTextEncode", "CLIP Text Encode (Prompt)", "text", 0, {"name": "idea"})
    assert edits[1] == edit_of(WORKFLOW, Target("6", "text"), {"name": "idea"})
    assert edit_of(WORKFLOW, Target("7", "text"), {}).position == 1


def test_an_edit_joins_the_one_that_is_there() -> None:
    first = make_edits(DECLARED, {"prompt": {"name": "idea", "label": "Idea"}})
    second = make_edits(DECLARED, {"idea": {"label": "Your idea", "required": True}, "steps": {"hidden": True}}, first)
    assert [dict(edit.changes) for edit in second] == [{"hidden": True}, {"name": "idea", "label": "Your idea", "required": True}]


def test_a_change_of_none_is_taken_back() -> None:
    first = make_edits(DECLARED, {"prompt": {"name": "idea", "label": "Idea"}, "steps": {"hidden": True}})
    second = make_edits(DECLARED, {"idea": {"name": None}, "steps": None}, first)
    assert [dict(edit.changes) for edit in second] == [{"label": "Idea"}]
    assert make_edits(DECLARED, {"prompt": {"label": None}}, second) == ()


def test_an_unknown_input_is_said_with_the_nearest_name() -> None:
    with pytest.raises(InvalidParams) as caught:
        make_edits(DECLARED, {"step": {"hidden": True}, "cfg": {"minimum": "x"}})
    assert caught.value.hint == "Did you mean 'steps'?"
    assert len(caught.value.problems) == 2


def test_names_may_be_swapped_but_not_shared() -> None:
    swapped = after({"prompt": {"name": "negative_prompt"}, "negative_prompt": {"name": "prompt"}})
    assert (swapped["prompt"].node_id, swapped["negative_prompt"].node_id) == ("7", "6")
    assert refusal(lambda: make_edits(DECLARED, {"prompt": {"name": "steps"}})) == [
        "prompt: name cannot be 'steps': another input has that name."
    ]
    assert len(refusal(lambda: make_edits(DECLARED, {"prompt": {"name": "x"}, "steps": {"name": "x"}}))) == 2


def test_an_edit_whose_input_is_not_there_is_left_alone() -> None:
    lost = Edit("99-inputs-text", "CLIPTextEncode", "", "text", 0, {"label": "x"})
    assert make_edits(DECLARED, {"steps": {"hidden": True}}, [lost])[-1] == lost


# --- applying ---------------------------------------------------------------------------------------------------------
def test_an_edit_changes_what_it_says_and_nothing_else() -> None:
    found = after(
        {"steps": {"name": "rounds", "label": "Rounds", "description": "How many.", "default": 5, "maximum": 10, "required": False}}
    )
    rounds = found["rounds"]
    assert (rounds.label, rounds.description, rounds.default, rounds.own_default) == ("Rounds", "How many.", 5, True)
    assert (rounds.minimum, rounds.maximum, rounds.key) == (1, 10, "3-inputs-steps")
    assert {name: one for name, one in found.items() if name != "rounds"} == {name: one for name, one in BY_NAME.items() if name != "steps"}


def test_an_owners_choices_make_a_choice_of_a_text() -> None:
    found = after({"prompt": {"choices": ["a cat", "a dog"]}, "checkpoint": {"choices": ["a.safetensors"]}})
    assert (found["prompt"].kind, found["prompt"].choices) == (InputKind.CHOICE, (Choice("a cat", "a cat"), Choice("a dog", "a dog")))
    assert not found["checkpoint"].on_backend


def test_the_owners_order_counts() -> None:
    assert [one.name for one in DECLARED] == ["seed", "steps", "cfg", "checkpoint", "prompt", "negative_prompt"]
    found = after({"prompt": {"order": 0}, "steps": {"order": 9}})
    assert list(found) == ["prompt", "seed", "cfg", "checkpoint", "negative_prompt", "steps"]
    assert [one.order for one in found.values()] == list(range(6))


def test_limits_never_get_wider_than_the_nodes() -> None:
    edit = edit_of(WORKFLOW, Target("3", "steps"), {"minimum": -5, "maximum": 10**6})
    inputs, _ = apply_edits(DECLARED, [edit])
    assert (inputs[1].minimum, inputs[1].maximum) == (1, 100)


def test_a_name_that_its_owner_chose_stays() -> None:
    edits = [
        edit_of(WORKFLOW, Target("7", "text"), {"name": "prompt"}),
        edit_of(WORKFLOW, Target("3", "seed"), {"name": "prompt"}),
        edit_of(WORKFLOW, Target("3", "cfg"), {"name": "Not a name"}),
    ]
    inputs, _ = apply_edits(DECLARED, edits)
    assert [one.name for one in inputs] == ["prompt", "steps", "cfg", "checkpoint", "prompt_2", "negative_prompt"]


def test_edits_of_other_inputs_are_lost() -> None:
    edits = [
        Edit("99-inputs-text", "CLIPTextEncode", "", "text", 0, {}),
        Edit("3-inputs-steps", "KSamplerAdvanced", "", "steps", 0, {"hidden": True}),
    ]
    assert apply_edits(DECLARED, edits) == (DECLARED, tuple(edits))


def test_an_edit_survives_json() -> None:
    for edit in make_edits(DECLARED, {"prompt": {"choices": ["a cat", {"value": "x", "label": "X"}]}, "steps": {"maximum": 30}}):
        assert Edit.from_dict(json.loads(json.dumps(edit.as_dict()))) == edit


# --- following --------------------------------------------------------------------------------------------------------
def renumbered(workflow: dict[str, Any], **new: str) -> dict[str, Any]:
    ids = {node_id: new.get(f"n{node_id}", node_id) for node_id in workflow}

    def moved(value: Any) -> Any:
        return [ids[value[0]], value[1]] if isinstance(value, list) else value

    return {ids[at]: {**node, "inputs": {name: moved(value) for name, value in node["inputs"].items()}} for at, node in workflow.items()}


def retitled(workflow: dict[str, Any], **titles: str) -> dict[str, Any]:
    return {at: {**node, "_meta": {"title": titles[f"n{at}"]}} if f"n{at}" in titles else node for at, node in workflow.items()}


EDITS = make_edits(DECLARED, {"prompt": {"label": "Yes"}, "negative_prompt": {"label": "No"}, "steps": {"maximum": 50}})


def followed(new: dict[str, Any], old: dict[str, Any] = WORKFLOW, edits: tuple[Edit, ...] = EDITS) -> dict[str, str]:
    kept, lost = follow(edits, old, new)
    assert len(kept) + len(lost) == len(edits)
    assert len({edit.key for edit in kept}) == len(kept)
    return {str(edit.changes.get("label", "steps")): edit.key for edit in kept}


def test_edits_stay_where_the_workflow_is_the_same() -> None:
    assert follow(EDITS, WORKFLOW, WORKFLOW) == (EDITS, ())


def test_edits_follow_renumbered_nodes() -> None:
    assert followed(renumbered(WORKFLOW, n3="30", n6="60", n7="70")) == {
        "Yes": "60-inputs-text",
        "No": "70-inputs-text",
        "steps": "30-inputs-steps",
    }


def test_edits_follow_the_part_that_a_node_plays_where_ids_were_given_anew() -> None:
    swapped = renumbered(WORKFLOW, n3="4", n4="3", n6="7", n7="6")
    assert followed(swapped) == {"Yes": "7-inputs-text", "No": "6-inputs-text", "steps": "4-inputs-steps"}


def test_edits_follow_titles_before_ids() -> None:
    old = retitled(WORKFLOW, n6="Day", n7="Night")
    edits = make_edits(declare(old, None), {"day": {"label": "Day"}, "night": {"label": "Night"}})
    new = retitled(WORKFLOW, n6="Night", n7="Day")
    assert followed(new, old, edits) == {"Day": "7-inputs-text", "Night": "6-inputs-text"}


def test_edits_stay_with_a_node_whose_title_changed() -> None:
    assert followed(retitled(WORKFLOW, n6="Idea", n3="Sampler"))["Yes"] == "6-inputs-text"
    assert followed(retitled(renumbered(WORKFLOW, n3="4", n4="3"), n6="Idea", n4="Sampler")) == {
        "Yes": "6-inputs-text",
        "No": "7-inputs-text",
        "steps": "4-inputs-steps",
    }


def test_edits_of_what_is_gone_are_lost() -> None:
    new = {**WORKFLOW, "3": {**WORKFLOW["3"], "inputs": {**WORKFLOW["3"]["inputs"], "steps": ["8", 0]}}}
    kept, lost = follow(EDITS, WORKFLOW, {at: node for at, node in new.items() if at != "7"})
    assert [edit.key for edit in kept] == ["6-inputs-text"]
    assert {edit.key for edit in lost} == {"3-inputs-steps", "7-inputs-text"}


def test_edits_of_an_older_version_still_find_their_node() -> None:
    orphan = Edit("99-inputs-steps", "KSampler", "KSampler", "steps", 0, {"maximum": 5})
    assert follow([orphan], WORKFLOW, WORKFLOW)[0][0].key == "3-inputs-steps"


@given(st.permutations([str(number) for number in range(1, 7)]), st.integers(0, 2))
def test_edits_of_titled_nodes_follow_any_renumbering(places: list[str], more: int) -> None:
    old = retitled(WORKFLOW, n6="Idea", n7="Not this", n3="Sampler", n4="Model")
    edits = make_edits(declare(old, None), {"idea": {"label": "Yes"}, "not_this": {"label": "No"}, "steps": {"hidden": True}})
    new = renumbered(old, n3=places[0], n4=places[1], n6=places[2], n7=places[3])
    new |= {places[4 + at]: {"class_type": "CLIPTextEncode", "inputs": {"text": "x"}} for at in range(more)}
    assert followed(new, old, edits) == {
        "Yes": f"{places[2]}-inputs-text",
        "No": f"{places[3]}-inputs-text",
        "steps": f"{places[0]}-inputs-steps",
    }


def test_an_earlier_change_that_went_too_far_does_not_stand_in_the_way_of_the_next() -> None:
    too_wide = edit_of(WORKFLOW, Target("3", "steps"), {"maximum": 10**9, "label": "Effort"})
    [edit] = make_edits(DECLARED, {"steps": {"description": "More is slower."}}, [too_wide])
    assert dict(edit.changes) == {"label": "Effort", "description": "More is slower."}
