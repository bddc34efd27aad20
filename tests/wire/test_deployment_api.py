"""The document of one deployment: valid, typed, and its examples are true."""

from __future__ import annotations

import base64
import io
import json
import shlex
import subprocess
import wave
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from PIL import Image
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from tests.wire.inputs_kit import HUGE, POSTER, any_inputs, choices, declared
from viewcomfy.core.inputs import InputKind
from viewcomfy.server.docs_page import docs_page
from viewcomfy.wire.deployment_api import deployment_openapi
from viewcomfy.wire.examples import DATA_URLS, curl_form, curl_json, example_inputs, python_code
from viewcomfy.wire.input_schema import limits_in_words
from viewcomfy.wire.inputs import InputOut

SERVER = "https://comfy.example/api"


def document(inputs: list[InputOut] = POSTER, **more: Any) -> dict[str, Any]:
    return deployment_openapi("my-poster.v2", version=3, inputs=inputs, server_url=SERVER, **more)


def body_of(inputs: list[InputOut] = POSTER) -> dict[str, Any]:
    """Return the JSON body of a run, as the document tells it."""
    body: dict[str, Any] = document(inputs)["paths"]["/d/my-poster.v2/run"]["post"]["requestBody"]["content"]["application/json"]
    return body


def properties(*inputs: InputOut) -> dict[str, Any]:
    found: dict[str, Any] = body_of(list(inputs))["schema"]["properties"]["inputs"]["properties"]
    return found


def faults(found: dict[str, Any]) -> list[str]:
    return [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(found)]


def test_it_is_a_valid_openapi_document() -> None:
    assert faults(document()) == []


@given(any_inputs)
@settings(max_examples=60, deadline=None)
def test_it_is_valid_json_and_openapi_whatever_the_inputs_are(inputs: list[InputOut]) -> None:
    found = document(inputs)
    assert faults(json.loads(json.dumps(found, allow_nan=False))) == []
    jsonschema_rs.validator_for(body_of(inputs)["schema"])


def test_every_input_is_typed() -> None:
    found = properties(*POSTER)
    assert {name: schema.get("type") for name, schema in found.items()} == {
        "prompt": "string", "image": "string", "seed": "integer", "steps": "integer", "cfg": "number", "sampler": "string",
        "model": None, "upscale": "boolean", "clip": "string", "voice": "string", "mesh": "string", "anything": None,
    }  # fmt: skip
    assert found["steps"] | {"x-kind": 0} == {
        "title": "Steps", "description": "From 1 to 150. Default: 20.", "type": "integer", "minimum": 1, "maximum": 150,
        "format": "int64", "default": 20, "examples": [20], "x-param-key": "3-inputs-steps", "x-step": 1, "x-kind": 0,
    }  # fmt: skip
    assert found["sampler"]["enum"] == ["euler", "ddim"]
    assert "format" not in found["seed"], "it is larger than an int64"


def test_a_step_is_a_hint_for_forms_and_no_limit() -> None:
    found = properties(declared("width", InputKind.INTEGER, minimum=16, maximum=64, step=8))["width"]
    assert found["x-step"] == 8
    assert "multipleOf" not in found


def test_only_the_inputs_that_callers_may_set_are_told() -> None:
    assert {"hidden", "locked"}.isdisjoint(properties(*POSTER))
    assert "3-inputs-hidden" not in json.dumps(document())


def test_an_input_that_must_be_sent_is_required_and_has_no_default() -> None:
    inputs = body_of()["schema"]["properties"]["inputs"]
    assert inputs["required"] == ["image"]
    assert "default" not in inputs["properties"]["image"]


def test_a_default_that_callers_could_not_send_is_told_in_words_alone() -> None:
    found = properties(
        declared("steps", InputKind.INTEGER, default=0, minimum=1), declared("to", InputKind.CHOICE, default="x", choices=choices("a"))
    )
    assert "default" not in found["steps"]
    assert found["steps"]["description"] == "At least 1. Default: 0."
    assert "default" not in found["to"]


def test_a_long_list_of_choices_is_not_spelled_out() -> None:
    found = properties(*POSTER)["model"]
    assert "enum" not in found
    assert 'One of 300 values, such as "0.safetensors".' in found["description"]


def test_labels_of_choices_stand_beside_their_values() -> None:
    choice = choices("a", "b")
    choice[0].label = "The first"
    assert properties(declared("to", InputKind.CHOICE, choices=choice))["to"]["x-enumDescriptions"] == {"a": "The first"}


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"minimum": 1, "maximum": 150}, "From 1 to 150"),
        ({"minimum": 0.0, "maximum": 1.0, "step": 0.05}, "From 0 to 1, in steps of 0.05"),
        ({"minimum": 2}, "At least 2"),
        ({"maximum": HUGE}, "At most 18446744073709551615"),
        ({"minimum": float("-inf"), "maximum": 3}, "At most 3"),
        ({}, ""),
    ],
)
def test_limits_are_told_in_words(limits: dict[str, Any], words: str) -> None:
    assert limits_in_words(declared("x", InputKind.NUMBER, **limits)) == words


# --- examples ---------------------------------------------------------------------------------------------------------
def test_every_example_is_one_that_the_document_allows() -> None:
    body = body_of()
    validator = jsonschema_rs.validator_for(body["schema"])
    for example in body["examples"].values():
        validator.validate(example["value"])
    assert set(body["examples"]["least"]["value"]["inputs"]) == {"prompt", "image", "clip", "voice", "mesh"}
    assert set(body["examples"]["everything"]["value"]["inputs"]) == set(properties(*POSTER))
    for name, schema in properties(*POSTER).items():
        assert jsonschema_rs.is_valid(schema, schema["examples"][0]), name


def test_a_wrong_body_is_one_that_the_document_forbids() -> None:
    validator = jsonschema_rs.validator_for(body_of()["schema"])
    image = DATA_URLS[InputKind.IMAGE]
    wrongs: list[dict[str, Any]] = [
        {"inputs": {}},
        {"inputs": {"image": image, "promt": "a cat"}},
        {"inputs": {"image": image, "steps": 0}},
        {"inputs": {"image": image, "sampler": "eular"}},
        {"inputs": {"image": "photo.png"}},
        {"image": image},
    ]
    for wrong in wrongs:
        assert not validator.is_valid(wrong), wrong


def test_files_in_examples_are_files() -> None:
    def decoded(kind: InputKind) -> bytes:
        return base64.b64decode(DATA_URLS[kind].partition(";base64,")[2], validate=True)

    with Image.open(io.BytesIO(decoded(InputKind.IMAGE))) as image:
        image.load()
        assert image.size == (1, 1)
    with wave.open(io.BytesIO(decoded(InputKind.AUDIO))) as sound:
        assert sound.getnframes() == 16
        assert sound.getsampwidth() == 2
    assert decoded(InputKind.VIDEO)[4:8] == b"ftyp"
    assert decoded(InputKind.FILE) == b"hello\n"


def test_with_nothing_required_an_example_sets_what_people_would_set_first() -> None:
    optional = [one.model_copy(update={"required": False}) for one in POSTER if not one.kind.is_file]
    assert example_inputs(optional, least=True) == {"prompt": "a cat's tail"}
    assert example_inputs([one for one in optional if one.kind is not InputKind.TEXT], least=True) == {"seed": 7}
    assert example_inputs([], least=True) == {}


def test_a_basic_file_is_part_of_every_example_as_the_workflows_own_may_not_be_there() -> None:
    image, logo = (declared(name, InputKind.IMAGE, default="a.png", advanced=name == "logo") for name in ("image", "logo"))
    prefix = declared("filename_prefix", InputKind.TEXT, default="x", advanced=True)
    assert set(example_inputs([prefix, image, logo], least=True)) == {"image"}
    assert set(example_inputs([prefix, logo], least=True)) == {"filename_prefix"}


def test_the_curl_command_survives_a_shell() -> None:
    prompt = declared("prompt", InputKind.TEXT, default='it\'s a `cat`; $HOME "x" \\ 猫\n')
    words = shlex.split(curl_json("poster", SERVER, [prompt]))
    assert words[:2] == ["curl", "https://comfy.example/api/d/poster/run"]
    assert json.loads(words[words.index("-d") + 1]) == {"inputs": {"prompt": prompt.default}}
    told = subprocess.run(
        ["sh", "-c", curl_json("poster", SERVER, [prompt]).replace("curl", "printf '%s\\n'", 1)], capture_output=True, check=True
    )
    assert json.loads(told.stdout.splitlines()[-1]) == {"inputs": {"prompt": prompt.default}}


def test_files_go_from_disk_in_the_other_curl_command() -> None:
    command = curl_form("poster", SERVER, POSTER)
    assert command
    words = shlex.split(command)
    assert json.loads(words[words.index("--form-string") + 1].removeprefix("inputs=")) == {"prompt": "a cat's tail"}
    assert [word for word in words if "=@" in word] == ["image=@photo.png", "clip=@video.mp4", "voice=@sound.wav", "mesh=@file.bin"]
    assert curl_form("poster", SERVER, POSTER[:1]) is None


def test_the_samples_are_code() -> None:
    samples = document()["paths"]["/d/my-poster.v2/run"]["post"]["x-codeSamples"]
    assert [sample["label"] for sample in samples] == ["curl", "curl with files", "Python", "TypeScript"]
    compile(python_code("poster", SERVER, POSTER), "sample", "exec")


# --- the rest of the document -----------------------------------------------------------------------------------------
def test_files_are_parts_of_the_form_with_the_names_of_their_inputs() -> None:
    content = document()["paths"]["/d/my-poster.v2/run"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json", "multipart/form-data", "application/x-www-form-urlencoded"}
    assert set(content["multipart/form-data"]["schema"]["properties"]) == {
        "inputs", "params", "prompt_id", "image", "clip", "voice", "mesh"
    }  # fmt: skip
    assert content["multipart/form-data"]["encoding"]["clip"] == {"contentType": "video/*"}


def test_the_v1_call_is_told_with_its_param_keys() -> None:
    content = document()["paths"]["/d/my-poster.v2/infer"]["post"]["requestBody"]["content"]
    form = content["multipart/form-data"]["schema"]["properties"]
    assert {"logs", "params", "workflow_api", "3-inputs-image", "3-inputs-image-viewcomfymask"} <= set(form)
    assert json.loads(form["params"]["examples"][0])["3-inputs-steps"] == 20


def test_every_operation_tells_its_credentials_and_errors() -> None:
    for operations in document()["paths"].values():
        for operation in operations.values():
            assert operation["security"]
            assert {"401", "403", "404", "413", "422", "429", "503"} <= set(operation["responses"])
            assert operation["responses"]["422"]["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorBody")


def test_every_reference_leads_somewhere() -> None:
    found = document()
    text = json.dumps(found)
    wanted = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert wanted <= set(found["components"]["schemas"])


def test_the_docs_page_shows_it() -> None:
    page = docs_page(document(title="Poster <maker>", description="Makes posters"))
    assert "Poster &lt;maker&gt; API" in page
    assert "Makes posters. With a key in the environment, this runs it: <code>curl " in page
    assert "x-param-key" in page
    assert "/d/my-poster.v2/run" in page
