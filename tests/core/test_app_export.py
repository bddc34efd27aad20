"""Any deployment can be written as an app file, and any app file comes back as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.app_files import CATALOG, WORKFLOW, deployed, edited, exported, field, field_of, same_inputs
from viewcomfy.core.app_export import write_app_file
from viewcomfy.core.app_file import App, read_app_file
from viewcomfy.core.catalog import Catalog
from viewcomfy.core.declare import declare
from viewcomfy.core.edit_checks import problems_of
from viewcomfy.core.inputs import Choice, Input

PLAIN = App("Poster", "Makes posters.", WORKFLOW, (), {})


def new_file(app: App, catalog: Catalog | None = CATALOG) -> dict[str, Any]:
    return write_app_file(app.workflow, deployed(app, catalog), app.edits, title=app.title, description=app.description)


@pytest.mark.parametrize("catalog", [CATALOG, None])
def test_a_deployment_that_never_was_an_app_file_makes_one_with_the_same_inputs(catalog: Catalog | None) -> None:
    file = new_file(PLAIN, catalog)
    assert json.loads(json.dumps(file)) == file
    (app,) = read_app_file(file)
    assert (app.title, app.description, app.workflow) == ("Poster", "Makes posters.", WORKFLOW)
    assert_same(deployed(app, catalog), deployed(PLAIN, catalog))


def test_such_a_file_has_what_the_web_app_reads() -> None:
    file = new_file(edited(PLAIN, "3-inputs-sampler_name", {"description": "How."}))
    assert (file["file_type"], file["file_version"], file["version"]) == ("view_comfy", "1.0.0", "0.0.1")
    form = file["workflows"][0]["viewComfyJSON"]
    assert form["previewImages"] == []
    assert [group["key"] for group in form["inputs"]] == ["6-CLIPTextEncode", "7-CLIPTextEncode", "10-LoadImage"]
    assert form["inputs"][0]["title"] == "Prompt"
    types = {
        key: field_of(file, f"{key}")["valueType"] for key in ("3-inputs-seed", "3-inputs-steps", "3-inputs-cfg", "4-inputs-ckpt_name")
    }
    assert types == {"3-inputs-seed": "seed", "3-inputs-steps": "number", "3-inputs-cfg": "float", "4-inputs-ckpt_name": "string"}
    assert field_of(file, "3-inputs-sampler_name") == {
        "title": "Sampler", "placeholder": "Sampler", "value": "euler", "workflowPath": ["3", "inputs", "sampler_name"],
        "helpText": "How.", "tooltip": "", "valueType": "select", "validations": {"required": False}, "key": "3-inputs-sampler_name",
        "name": "sampler", "options": [{"label": name, "value": name} for name in ("euler", "dpmpp_2m", "ddim")],
    } | {name: field_of(file, "3-inputs-sampler_name")[name] for name in ("title", "placeholder", "name")}  # fmt: skip
    assert field_of(file, "3-inputs-cfg")["range"] == {"min": 0.0, "max": 100.0}
    assert field_of(file, "6-inputs-text")["valueType"] == "long-text"
    assert (field_of(file, "10-inputs-image")["valueType"], field_of(file, "10-inputs-image")["value"]) == ("image", None)


def test_the_models_that_a_backend_has_today_are_not_written_but_the_owners_choice_of_them_is() -> None:
    key = "4-inputs-ckpt_name"
    assert "options" not in field_of(new_file(PLAIN), key)
    chosen = edited(PLAIN, key, {"choices": (Choice("tiny.safetensors", "Small"),)})
    assert field_of(new_file(chosen), key)["options"] == [{"label": "Small", "value": "tiny.safetensors"}]
    assert_same(deployed(read_app_file(new_file(chosen))[0]), deployed(chosen))


def assert_same(one: tuple[Input, ...], two: tuple[Input, ...]) -> None:
    """Check that two deployments have the same inputs in the same order, the default's being the owner's aside."""
    same_inputs(one, two)
    assert {found.name: replace(found, order=0) for found in one} == {found.name: replace(found, order=0) for found in two}


WORDS = st.text(max_size=12)
NAMES = st.sampled_from(["alpha", "beta", "gamma", "delta", "subject"])
EDITS = st.fixed_dictionaries(
    {},
    optional={
        "label": WORDS.filter(str.strip), "description": WORDS, "required": st.booleans(), "hidden": st.booleans(), "locked": st.booleans(),
        "advanced": st.booleans(), "order": st.integers(0, 20), "minimum": st.integers(-3, 50), "maximum": st.integers(-3, 50),
        "default": st.integers(0, 30) | WORDS | st.booleans(), "name": NAMES,
        "choices": st.lists(st.integers(0, 9) | st.sampled_from(["euler", "ddim", "x"]), min_size=1, max_size=3, unique=True),
    },
)  # fmt: skip
KEYS = st.sampled_from([one.key for one in declare(WORKFLOW, CATALOG)])
CHANGES = st.dictionaries(KEYS, EDITS, max_size=5)


def with_edits(app: App, changes: dict[str, dict[str, Any]]) -> App:
    """Return the app with those of the edits that an owner could have made."""
    declared = {one.key: one for one in declare(app.workflow, CATALOG)}
    taken: set[str] = {one.name for one in declared.values()}
    for key, change in changes.items():
        before = next((dict(edit.changes) for edit in app.edits if edit.key == key), {})
        wanted = {name: tuple(Choice(one, str(one)) for one in value) if name == "choices" else value for name, value in change.items()}
        if not problems_of(declared[key], before | wanted, taken):
            taken |= {str(wanted["name"])} if "name" in wanted else set()
            app = edited(app, key, wanted)
    return app


@given(CHANGES)
def test_an_edited_deployment_makes_a_file_with_the_same_inputs(changes: dict[str, dict[str, Any]]) -> None:
    app = with_edits(PLAIN, changes)
    again = read_app_file(json.loads(json.dumps(new_file(app))))[0]
    before, after = (tuple(replace(one, own_default=False) for one in deployed(made)) for made in (app, again))
    assert_same(after, _as_written(before))


def _as_written(inputs: tuple[Input, ...]) -> tuple[Input, ...]:
    """Return the inputs without the defaults that never run: those of inputs that have to be sent."""
    own = {one.key: one.default for one in declare(WORKFLOW, CATALOG)}
    return tuple(replace(one, default=own[one.key]) if one.required else one for one in inputs)


EXTRA = st.dictionaries(
    st.sampled_from(["note", "x", "übrig"]), st.none() | st.booleans() | st.integers() | st.text(max_size=3), max_size=2
)
VALUES = st.none() | st.booleans() | st.integers(0, 99) | st.floats(0, 9) | WORDS
TYPES = [
    "string", "number", "bigint", "boolean", "float", "image", "long-text", "video", "seed", "noise_seed", "rand_seed", "select", "audio",
    "slider", "image-mask", "new",
]  # fmt: skip
LIMITS = st.tuples(st.integers(-5, 20), st.integers(0, 30)).map(lambda pair: {"min": pair[0], "max": pair[0] + pair[1], "step": 1})
MORE = st.fixed_dictionaries(
    {},
    optional={
        "helpText": WORDS | st.just("Helper Text"), "tooltip": WORDS, "slider": LIMITS, "range": LIMITS,
        "options": st.lists(st.fixed_dictionaries({"label": WORDS, "value": WORDS}), max_size=3),
        "visibility": st.sampled_from(["active", "deleted", "hidden"]), "validations": st.fixed_dictionaries({"required": st.booleans()}),
        "named": st.booleans(), "locked": st.booleans(),
    },
)  # fmt: skip


def any_field(key: str, title: str, value: Any, kind: str, more: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    name = {"name": "own_" + key.replace("-", "_")} if more.pop("named", False) else {}
    return {**extra, **field(key, title, value, kind), **more, **name}


FIELDS = st.builds(any_field, KEYS, WORDS, VALUES, st.sampled_from(TYPES), MORE, EXTRA)
GROUPS = st.lists(
    st.builds(
        lambda title, inputs, shown, extra: {"title": title, "inputs": inputs, "key": "k", **shown, **extra},
        WORDS, st.lists(FIELDS, max_size=3), st.sampled_from([{}, {"visibility": "deleted"}, {"visibility": "active"}]), EXTRA,
    ),
    max_size=3,
)  # fmt: skip
FILES = st.builds(
    lambda inputs, advanced, extra, more: {
        "file_type": "view_comfy", **extra, "workflows": [
            {**more, "viewComfyJSON": {"title": "T", "inputs": inputs, **extra, "advancedInputs": advanced}, "workflowApiJSON": WORKFLOW}
        ],
    },
    GROUPS, GROUPS, EXTRA, EXTRA,
)  # fmt: skip


@given(FILES)
def test_whatever_app_file_went_in_comes_out_as_it_was(file: dict[str, Any]) -> None:
    (app,) = read_app_file(file)
    assert json.dumps(exported(app)) == json.dumps(file)


@given(FILES, CHANGES)
def test_whatever_app_file_was_edited_its_edits_survive_the_way_out_and_in(
    file: dict[str, Any], changes: dict[str, dict[str, Any]]
) -> None:
    app = with_edits(read_app_file(file)[0], changes)
    again = read_app_file(json.loads(json.dumps(exported(app))))[0]
    before, after = (tuple(replace(one, own_default=False) for one in deployed(made)) for made in (app, again))
    same_inputs(_as_written(after), _as_written(before))
