"""Validation: a call is checked whole, and everything that is wrong with it is said at once."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.declared import an_input
from viewcomfy.core.errors import BadInput, EmptyParams, InvalidParams, InvalidUpload
from viewcomfy.core.inputs import Input, InputKind
from viewcomfy.core.params import MAX_SEED, Target, flatten
from viewcomfy.core.sent_files import SentFile
from viewcomfy.core.validation import Checked, CheckedFile, check, missing_on_backends

WORKFLOW: dict[str, Any] = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 7, "cfg": 8.0, "steps": 20, "sampler": "euler", "model": ["4", 0]}},
    "4": {"class_type": "Loader", "inputs": {"ckpt": "a.safetensors"}},
    "6": {"class_type": "Encode", "inputs": {"text": "a cat", "clip": ["4", 1]}, "_meta": {"title": "Prompt"}},
    "57:8": {"class_type": "LoadImage", "inputs": {"image": "example.png", "note": "x"}},
}
INPUTS = [
    an_input("6-inputs-text", name="prompt", class_type="Encode", default="a cat"),
    an_input("3-inputs-seed", name="seed", kind=InputKind.SEED, class_type="KSampler", default=7, minimum=0, maximum=2**64 - 1),
    an_input("3-inputs-steps", name="steps", kind=InputKind.INTEGER, class_type="KSampler", default=20, minimum=1, maximum=100),
    an_input("3-inputs-cfg", name="cfg", kind=InputKind.NUMBER, class_type="KSampler", default=8.0, minimum=0.0, maximum=30.0),
    an_input("3-inputs-sampler", name="sampler", kind=InputKind.CHOICE, class_type="KSampler", default="euler", choices=["euler", "ddim"]),
    an_input("4-inputs-ckpt", name="model", kind=InputKind.CHOICE, class_type="Loader", choices=["a.safetensors"], on_backend=True),
    an_input("57:8-inputs-image", name="image", kind=InputKind.IMAGE, class_type="LoadImage", default="example.png"),
]
PNG = SentFile("image/png", 5)
values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))


def changed(name: str, **facts: Any) -> list[Input]:
    """Return the inputs with other facts about one of them."""
    return [replace(one, **facts) if one.name == name else one for one in INPUTS]


def value_of(checked: Checked, key: str) -> Any:
    node_id, _, name = key.partition("-inputs-")
    return checked.workflow[node_id]["inputs"][name]


def problems(params: Any, files: Mapping[str, SentFile] | None = None, inputs: list[Input] = INPUTS, **more: Any) -> list[dict[str, Any]]:
    """Return what is wrong with a call."""
    with pytest.raises(BadInput) as fault:
        check(WORKFLOW, inputs, params, files, **more)
    assert json.loads(json.dumps(fault.value.problems, allow_nan=False)) == fault.value.problems
    assert all(problem["message"].endswith((".", "?")) for problem in fault.value.problems)
    return fault.value.problems


# --- names ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["prompt", "6-inputs-text"])
def test_an_input_is_set_by_its_name_or_its_key(name: str) -> None:
    checked = check(WORKFLOW, INPUTS, {name: "a dog"})
    assert value_of(checked, "6-inputs-text") == "a dog"
    assert checked.fresh_seeds == {}
    assert WORKFLOW["6"]["inputs"]["text"] == "a cat"


def test_the_name_and_the_key_of_one_input_must_agree() -> None:
    assert value_of(check(WORKFLOW, INPUTS, {"prompt": "a dog", "6-inputs-text": "a dog"}), "6-inputs-text") == "a dog"
    assert value_of(check(WORKFLOW, INPUTS, {"prompt": None, "6-inputs-text": "a dog"}), "6-inputs-text") == "a dog"
    [problem] = problems({"prompt": "a dog", "6-inputs-text": "a fox"})
    assert (problem["kind"], problem["input"], problem["key"]) == ("twice", "6-inputs-text", "6-inputs-text")


def test_an_input_that_is_not_declared_goes_by_its_key_and_its_value() -> None:
    undeclared = {"1": {"class_type": "X", "inputs": {"a": 8, "b": True, "c": "x", "seed": 1}}}
    sent = {"1-inputs-a": "7.5", "1-inputs-b": "off", "1-inputs-c": 5, "1-inputs-seed": "-1"}
    assert check(undeclared, [], sent).workflow["1"]["inputs"] == {"a": 7.5, "b": False, "c": 5, "seed": -1}
    wrong: dict[str, Any]
    for wrong in ({"1-inputs-a": "many"}, {"1-inputs-b": "maybe"}, {"1-inputs-c": {}}):
        with pytest.raises(InvalidParams):
            check(undeclared, [], wrong)


def test_what_is_declared_of_another_workflow_does_not_count() -> None:
    other = {"6": {"class_type": "Other", "inputs": {"text": 5}}}
    assert check(other, INPUTS, {"6-inputs-text": "7"}, overridden=True).workflow["6"]["inputs"] == {"text": 7}
    with pytest.raises(InvalidParams):
        check(other, INPUTS, {"prompt": "a dog"}, overridden=True)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("pormpt", "prompt"), ("Prompt", "prompt"), ("text", "prompt"), ("6-inputs-txet", "6-inputs-text"), ("step", "steps"),
        ("3-inputs-smapler", "3-inputs-sampler"),
    ],
)  # fmt: skip
def test_an_unknown_name_is_answered_with_the_nearest(name: str, near: str) -> None:
    [problem] = problems({name: 1})
    assert problem["kind"] == "unknown"
    assert problem["did_you_mean"][0] == near
    assert repr(near) in problem["hint"]
    assert "value" not in problem


def test_what_may_not_be_sent_or_is_hidden_is_not_suggested() -> None:
    for facts in ({"locked": True}, {"hidden": True}):
        for name in ("pormpt", "text", "6-inputs-txet"):
            assert "did_you_mean" not in problems({name: 1}, inputs=changed("prompt", **facts))[0]


@pytest.mark.parametrize("sent", [None, [], "x", 1, True])
def test_params_must_be_an_object(sent: Any) -> None:
    with pytest.raises(InvalidParams):
        check(WORKFLOW, INPUTS, sent)


# --- problems ---------------------------------------------------------------------------------------------------------
def test_all_problems_are_named_at_once_with_what_came_and_what_is_allowed() -> None:
    found = problems({"stepps": 1, "steps": 500, "cfg": "high", "sampler": "ddmi", "prompt": "fine"}, {"prompt": PNG})
    assert [(problem["input"], problem["kind"]) for problem in found] == [
        ("stepps", "unknown"), ("steps", "range"), ("cfg", "type"), ("sampler", "choice"), ("prompt", "file"),
    ]  # fmt: skip
    assert found[1] == {
        "input": "steps",
        "message": "'steps' must be between 1 and 100, not 500.",
        "key": "3-inputs-steps",
        "kind": "range",
        "value": 500,
        "allowed": {"kind": "integer", "minimum": 1, "maximum": 100},
    }
    assert found[3]["allowed"] == {"kind": "choice", "choices": ["euler", "ddim"], "choices_total": 2}
    assert found[3]["did_you_mean"] == ["ddim"]


def test_problems_and_what_they_quote_are_bounded() -> None:
    assert len(problems({f"nothing_{number}": 1 for number in range(5000)}, {f"x{number}": PNG for number in range(500)})) == 100
    many = changed("sampler", choices=tuple(an_input(choices=range(5000)).choices or ()))
    [problem] = problems({"sampler": "x" * 100_000}, inputs=many)
    assert (len(problem["allowed"]["choices"]), problem["allowed"]["choices_total"]) == (50, 5000)
    assert len(problem["value"]) <= 200
    assert len(problem["message"]) <= 300


def test_wrong_calls_of_any_size_are_answered_soon() -> None:
    words = {f"{number}-inputs-{'text' * 20}": "x" for number in range(20_000)}
    large = {str(number): {"class_type": "X", "inputs": {"text" * 20: "x"}} for number in range(10_000)}
    started = time.process_time()
    with pytest.raises(InvalidParams):
        check(large, [], {f"{word}x": 1 for word in words})
    assert time.process_time() - started < 5


def test_a_url_or_a_data_url_for_a_file_says_how_files_are_sent() -> None:
    for sent in ("https://me:pw@example.com/x.png?token=1", "data:image/png;base64," + "A" * 500):
        [problem] = problems({"image": sent})
        assert "multipart" in problem["hint"]
        assert "AAAA" not in json.dumps(problem)
        assert "pw" not in json.dumps(problem)


# --- what the owner said ----------------------------------------------------------------------------------------------
def test_a_locked_input_may_not_be_sent_but_its_own_value_may() -> None:
    locked = changed("steps", locked=True)
    [problem] = problems({"steps": 30}, inputs=locked)
    assert problem["kind"] == "locked"
    assert value_of(check(WORKFLOW, locked, {"3-inputs-steps": 20}), "3-inputs-steps") == 20
    own = changed("steps", locked=True, own_default=True, default=25)
    for sent in (20, 25):
        assert value_of(check(WORKFLOW, own, {"steps": sent}), "3-inputs-steps") == 25


def test_a_link_may_not_be_sent_but_the_one_that_is_there_may() -> None:
    for sent in ("x", ["4", 2], ["9", 0]):
        [problem] = problems({"6-inputs-clip": sent})
        assert problem["kind"] == "linked"
        assert "node '4'" in problem["message"]
    assert value_of(check(WORKFLOW, INPUTS, {"6-inputs-clip": ["4", 1]}), "6-inputs-clip") == ["4", 1]


def test_the_flattened_workflow_is_no_change_whatever_the_owner_locked_or_limited() -> None:
    strict = [
        an_input(
            one.key, name=one.name, kind=one.kind, class_type=one.class_type, locked=one.name == "prompt", minimum=10**6, choices=["other"]
        )
        for one in INPUTS
    ]
    assert check(WORKFLOW, strict, flatten(WORKFLOW)).workflow == WORKFLOW


def test_the_owners_default_runs_where_nothing_is_said() -> None:
    own = changed("steps", own_default=True, default=25)
    for params, steps in (({"prompt": "x"}, 25), ({"prompt": "x", "steps": None}, 25), ({"steps": 20}, 20), ({"steps": "30"}, 30)):
        assert value_of(check(WORKFLOW, own, params), "3-inputs-steps") == steps
    picture = changed("image", own_default=True, default="owner.png")
    assert value_of(check(WORKFLOW, picture, {"prompt": "x"}), "57:8-inputs-image") == "owner.png"
    assert value_of(check(WORKFLOW, picture, {}, {"image": PNG}), "57:8-inputs-image") == "example.png"


def test_a_required_input_must_be_sent() -> None:
    required = changed("image", required=True)
    for params in ({}, {"prompt": "x"}, {"prompt": "x", "image": None}):
        [problem] = problems(params, inputs=required)
        assert (problem["input"], problem["kind"], problem["allowed"]) == ("image", "required", {"kind": "image"})
    check(WORKFLOW, required, {"57:8-inputs-image": "example.png"})
    check(WORKFLOW, required, {}, {"57:8-inputs-image": PNG})


def test_a_hidden_input_may_be_sent() -> None:
    assert value_of(check(WORKFLOW, changed("steps", hidden=True), {"steps": 5}), "3-inputs-steps") == 5


def test_choices_that_no_backend_has_are_told_apart() -> None:
    live = {"4-inputs-ckpt": ["b.safetensors", "c.safetensors"]}
    assert value_of(check(WORKFLOW, INPUTS, {"model": "b.safetensors"}, live=live), "4-inputs-ckpt") == "b.safetensors"
    assert value_of(check(WORKFLOW, INPUTS, {"model": "d.safetensors"}), "4-inputs-ckpt") == "d.safetensors"
    with pytest.raises(InvalidParams) as fault:
        check(WORKFLOW, INPUTS, {"model": "d.safetensors", "steps": 0}, live=live)
    assert missing_on_backends(fault.value) == ("4-inputs-ckpt",)
    assert fault.value.problems[0]["allowed"]["choices"] == live["4-inputs-ckpt"]
    assert "b.safetensors" in fault.value.problems[0]["did_you_mean"]


# --- seeds ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("sent", [{}, {"_comment": 1}, {"image": None}])
def test_with_nothing_said_the_seed_is_fresh(sent: dict[str, Any]) -> None:
    checked = check(WORKFLOW, INPUTS, sent, rng=random.Random(1))
    seed = value_of(checked, "3-inputs-seed")
    assert checked.fresh_seeds == {"3-inputs-seed": seed}
    assert seed != 7
    assert 0 <= seed <= MAX_SEED


def test_a_fresh_seed_is_within_its_limits_and_a_locked_one_stays() -> None:
    assert value_of(check(WORKFLOW, changed("seed", maximum=3), {}), "3-inputs-seed") in range(4)
    with pytest.raises(EmptyParams, match=r"prompt \(6-inputs-text\)"):
        check(WORKFLOW, changed("seed", locked=True), {})
    all_locked = [an_input(one.key, name=one.name, kind=one.kind, class_type=one.class_type, locked=True) for one in INPUTS]
    sealed = {**WORKFLOW, "57:8": {"class_type": "LoadImage", "inputs": {"image": "example.png"}}}
    assert check(sealed, all_locked, {}).workflow == sealed


def test_with_a_value_a_file_or_an_override_the_seed_stays() -> None:
    for checked in (
        check(WORKFLOW, INPUTS, {"prompt": "a cat"}),
        check(WORKFLOW, INPUTS, {}, {"image": PNG}),
        check(WORKFLOW, INPUTS, {}, overridden=True),
    ):
        assert checked.fresh_seeds == {}
        assert checked.workflow == WORKFLOW


def test_without_a_seed_nothing_said_is_refused_and_says_what_to_send() -> None:
    with pytest.raises(EmptyParams, match="6-inputs-text"):
        check({"6": WORKFLOW["6"]}, [], {})


# --- files ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("image", "mask"), [("image", "57:8-inputs-image"), ("57:8-inputs-image", "image"), ("image", "image")])
def test_a_file_and_its_mask_belong_to_an_input_by_name_or_key(image: str, mask: str) -> None:
    checked = check(WORKFLOW, INPUTS, {"image": {"not": "looked at"}}, {f"{mask}-viewcomfymask": PNG, image: PNG})
    assert checked.files == (CheckedFile(Target("57:8", "image"), image, f"{mask}-viewcomfymask"),)
    assert checked.workflow == WORKFLOW


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"picture": PNG}, "names no input"),
        ({"steps": PNG}, "is a number"),
        ({"prompt": PNG}, "is text"),
        ({"3-inputs-model": PNG}, "connected to node '4'"),
        ({"image": SentFile("image/png", 0)}, "0 bytes"),
        ({"image": SentFile("video/mp4", 5)}, "video/mp4"),
        ({"image": PNG, "57:8-inputs-image": PNG}, "Two files"),
        ({"image-viewcomfymask": PNG}, "no image"),
        ({"image": PNG, "image-viewcomfymask": SentFile("text/html", 5)}, "The mask for 'image' is text/html"),
        ({"": PNG}, "names no input"),
        ({"x" * 5000: PNG}, "names no input"),
    ],
)
def test_a_file_where_none_belongs_is_refused(files: dict[str, SentFile], words: str) -> None:
    with pytest.raises(InvalidUpload) as fault:
        check(WORKFLOW, INPUTS, {}, files)
    assert words in fault.value.problems[0]["message"]
    assert len(str(fault.value)) < 1000


def test_a_file_may_be_for_a_text_that_nobody_declared() -> None:
    [file] = check(WORKFLOW, INPUTS, {}, {"57:8-inputs-note": SentFile(None, 5)}).files
    assert file.target == Target("57:8", "note")


# --- whatever comes ---------------------------------------------------------------------------------------------------
names = st.sampled_from([*(one.name for one in INPUTS), *(one.key for one in INPUTS), "3-inputs-model", "57:8-inputs-note"]) | st.text(
    max_size=9
)
fields = st.builds(lambda name, suffix: name + suffix, names, st.sampled_from(["", "-viewcomfymask"]))
sent_files = st.builds(
    SentFile, st.none() | st.sampled_from(["image/png", "text/html", "video/mp4"]) | st.text(max_size=9), st.integers(0, 9)
)


@given(
    st.dictionaries(names, anything, max_size=4) | anything,
    st.dictionaries(fields, sent_files, max_size=3),
    st.sampled_from([None, {"4-inputs-ckpt": []}, {"4-inputs-ckpt": ["a", 1, None]}]),
    st.booleans(),
)
def test_whatever_is_sent_is_applied_or_refused_and_nothing_else_changes(
    params: Any, files: dict[str, SentFile], live: dict[str, list[Any]] | None, overridden: bool
) -> None:
    before = json.dumps(WORKFLOW)
    try:
        checked = check(WORKFLOW, INPUTS, params, files, live=live, overridden=overridden)
    except BadInput as fault:
        assert fault.message  # noqa: PT017 - any of several kinds
        assert json.loads(json.dumps(fault.problems, allow_nan=False)) == fault.problems  # noqa: PT017 - the same
    else:
        keys = {one.name: one.key for one in INPUTS}
        changed_keys = {key for key, value in flatten(checked.workflow).items() if value != flatten(WORKFLOW)[key]}
        assert changed_keys <= {keys.get(name, name) for name in params} | set(checked.fresh_seeds)
        assert json.loads(json.dumps(checked.workflow, allow_nan=False)) == checked.workflow
        assert {file.field for file in checked.files} <= set(files)
    assert json.dumps(WORKFLOW) == before
