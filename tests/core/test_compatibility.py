"""A schema diff says what a new version breaks for those who call the old one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.compatibility import Change, breaking, compare
from viewcomfy.core.inputs import Choice, Input, InputKind


def declared(name: str = "steps", **changes: Any) -> Input:
    base = Input(
        name=name, key=f"3-inputs-{name}", node_id="3", input_name=name, class_type="KSampler", node_title="KSampler",
        kind=InputKind.INTEGER, label=name.title(), default=20, minimum=1, maximum=100,
    )  # fmt: skip
    return replace(base, **changes)


def choices(*values: Any) -> tuple[Choice, ...]:
    return tuple(Choice(value, str(value)) for value in values)


def only(old: Input, new: Input) -> Change:
    (change,) = compare([old], [new])
    return change


def test_the_same_inputs_change_nothing() -> None:
    assert compare([declared(), declared("cfg")], [declared(), declared("cfg")]) == ()


def test_a_whole_number_with_a_point_is_the_same_number() -> None:
    assert compare([declared(default=4.0)], [declared(default=4)]) == ()
    assert only(declared(default=1), declared(default=True)).code == "default_changed"


@pytest.mark.parametrize(
    ("changes", "code", "breaks"),
    [
        ({"kind": InputKind.TEXT}, "kind_changed", True),
        ({"kind": InputKind.NUMBER}, "kind_changed", False),
        ({"kind": InputKind.ANY}, "kind_changed", False),
        ({"minimum": 2}, "range_narrowed", True),
        ({"maximum": 99}, "range_narrowed", True),
        ({"minimum": 0, "maximum": 50}, "range_narrowed", True),
        ({"minimum": None, "maximum": 200}, "range_widened", False),
        ({"required": True}, "became_required", True),
        ({"locked": True}, "became_locked", True),
        ({"hidden": True}, "visibility_changed", False),
        ({"default": 21}, "default_changed", False),
        ({"label": "How many"}, "label_changed", False),
        ({"description": "More is slower."}, "description_changed", False),
    ],
)
def test_a_change_is_told_with_whether_it_breaks_calls(changes: dict[str, Any], code: str, breaks: bool) -> None:
    change = only(declared(), declared(**changes))
    assert (change.code, change.breaking, change.input) == (code, breaks, "steps")
    assert "'steps'" in change.message


@pytest.mark.parametrize("changes", [{"required": True}, {"locked": True}, {"minimum": 5}])
def test_going_back_on_a_restriction_is_harmless(changes: dict[str, Any]) -> None:
    assert not only(declared(**changes), declared()).breaking


def test_a_removed_input_breaks_and_an_added_one_does_not() -> None:
    gone, added = compare([declared("steps")], [declared("cfg", key="9-inputs-cfg")])
    assert (gone.code, gone.breaking, gone.before, gone.after) == ("input_removed", True, "steps", None)
    assert (added.code, added.breaking, added.after) == ("input_added", False, "cfg")


def test_an_added_input_that_must_be_sent_breaks() -> None:
    (change,) = compare([], [declared(required=True)])
    assert (change.code, change.breaking) == ("required_input_added", True)


def test_a_new_name_breaks_calls_by_name_and_says_that_calls_by_key_are_safe() -> None:
    change = only(declared("steps"), declared("rounds", key="3-inputs-steps", label="Steps", input_name="steps"))
    assert (change.code, change.breaking, change.before, change.after) == ("name_changed", True, "steps", "rounds")
    assert "Calls that use the param key '3-inputs-steps' go on working." in change.message


def test_renumbered_ids_break_calls_by_key_and_say_that_calls_by_name_are_safe() -> None:
    change = only(declared(), declared(key="31-inputs-steps", node_id="31"))
    assert (change.code, change.breaking, change.before, change.after) == ("key_changed", True, "3-inputs-steps", "31-inputs-steps")
    assert "Calls that use the name 'steps' go on working." in change.message


def test_two_inputs_whose_ids_were_swapped_are_told_apart() -> None:
    positive = declared("prompt", key="6-inputs-text", node_id="6", input_name="text", class_type="CLIPTextEncode")
    negative = declared("negative_prompt", key="7-inputs-text", node_id="7", input_name="text", class_type="CLIPTextEncode")
    changes = compare([positive, negative], [replace(positive, key="7-inputs-text"), replace(negative, key="6-inputs-text")])
    assert [change.code for change in changes] == ["key_changed", "key_changed"]
    assert "'6-inputs-text' now sets 'negative_prompt'" in changes[0].message


def test_a_name_that_another_input_has_taken_over_is_pointed_out() -> None:
    old = [declared("a", key="1-inputs-a", node_id="1"), declared("b", key="2-inputs-b", node_id="2")]
    new = [replace(old[0], name="c"), replace(old[1], name="a", label="Other", class_type="Elsewhere", kind=InputKind.TEXT)]
    assert all(change.breaking for change in compare(old, new) if change.code in ("name_changed", "kind_changed", "key_changed"))
    assert breaking(compare(old, new))


def test_a_choice_that_is_gone_breaks_and_a_new_one_does_not() -> None:
    old = declared(kind=InputKind.CHOICE, choices=choices("euler", "ddim"))
    gone, added = compare([old], [replace(old, choices=choices("euler", "uni_pc"))])
    assert (gone.code, gone.breaking, gone.before) == ("choice_removed", True, ["ddim"])
    assert (added.code, added.breaking, added.after) == ("choice_added", False, ["uni_pc"])


def test_a_model_that_no_backend_has_today_is_told_but_is_not_the_versions_fault() -> None:
    old = declared(kind=InputKind.CHOICE, choices=choices("a.safetensors"), on_backend=True)
    (change,) = compare([old], [replace(old, choices=())])
    assert (change.code, change.breaking) == ("choice_removed", False)
    assert "no backend has it now" in change.message


def test_a_list_of_choices_where_any_value_was_taken_breaks_and_lifting_it_does_not() -> None:
    free, limited = declared(kind=InputKind.TEXT), declared(kind=InputKind.TEXT, choices=choices("a"))
    assert only(free, limited).breaking
    assert not only(limited, free).breaking


def test_of_what_callers_could_not_send_only_a_new_duty_breaks() -> None:
    locked = declared(locked=True)
    assert not breaking(compare([locked], []))
    assert not breaking(compare([locked], [replace(locked, name="x", minimum=50, locked=False)]))
    assert [change.code for change in breaking(compare([locked], [replace(locked, locked=False, required=True)]))] == ["became_required"]


def test_what_breaks_comes_first_then_the_inputs_order() -> None:
    old = [declared("b", order=1, label="old"), declared("a", order=0, label="old"), declared("c", order=2)]
    changes = compare(old, [declared("b", order=1), declared("a", order=0, maximum=1)])
    assert [(change.input, change.breaking) for change in changes] == [("a", True), ("c", True), ("a", False), ("b", False)]


def test_a_change_is_json() -> None:
    change = only(declared(), declared(minimum=5))
    assert json.loads(json.dumps(change.as_dict())) == {
        "code": "range_narrowed", "breaking": True, "input": "steps", "message": "'steps' may be 5 to 100, where it could be 1 to 100.",
        "before": {"minimum": 1, "maximum": 100}, "after": {"minimum": 5, "maximum": 100},
    }  # fmt: skip


LIMIT = st.none() | st.integers(-5, 5)
CHOICES = st.none() | st.lists(st.integers(0, 3), unique=True).map(lambda values: choices(*values))
INPUTS = st.lists(
    st.builds(
        lambda name, node, low, high, kind, **rest: declared(
            name, key=f"{node}-inputs-{name}", node_id=node, minimum=low, maximum=high, kind=kind, **rest
        ),
        st.sampled_from("abcd"), st.sampled_from("12"), LIMIT, LIMIT, st.sampled_from(InputKind),
        required=st.booleans(), locked=st.booleans(), choices=CHOICES,
    ),
    unique_by=lambda one: one.name,
)  # fmt: skip


@given(INPUTS)
def test_nothing_changes_between_equal_versions(inputs: list[Input]) -> None:
    assert compare(inputs, list(reversed(inputs))) == ()


@given(INPUTS, INPUTS)
def test_every_difference_is_told_and_whatever_a_caller_may_no_longer_send_breaks(old: list[Input], new: list[Input]) -> None:
    changes = compare(old, new)
    assert bool(changes) == (sorted(old, key=lambda one: one.name) != sorted(new, key=lambda one: one.name))
    sendable = {name for one in new if not one.locked for name in (one.name, one.key)}
    for one in old:
        if not one.locked and not {one.name, one.key} <= sendable:
            assert any(change.breaking and change.input == one.name for change in changes)
