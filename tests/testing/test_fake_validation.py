"""How the fake judges workflows; the answers themselves are compared with a real ComfyUI's in the end-to-end tests."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from viewcomfy.testing.fake_comfy import FakeComfy
from viewcomfy.testing.fake_comfy.validation import validate

pytestmark = pytest.mark.anyio


def workflow(**inputs: Any) -> dict[str, Any]:
    given = {"width": 8, "height": 8, "batch_size": 1, "color": 0} | inputs
    return {
        "1": {"class_type": "EmptyImage", "inputs": {name: value for name, value in given.items() if value is not None}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }


def scaling(**inputs: Any) -> dict[str, Any]:
    given = {"image": ["1", 0], "upscale_method": "bilinear", "width": 8, "height": 8, "crop": "disabled"} | inputs
    return workflow() | {
        "3": {"class_type": "ImageScale", "inputs": given},
        "4": {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}},
    }


def first_fault(broken: dict[str, Any], node_id: str) -> dict[str, Any]:
    verdict = validate(FakeComfy().catalog, broken)
    found: dict[str, Any] = verdict.node_errors[node_id]["errors"][0]
    return found


WIDTH = ["INT", {"default": 512, "min": 1, "max": 16384, "step": 1}]


@pytest.mark.parametrize(
    ("inputs", "kind", "message", "details"),
    [
        ({"width": None}, "required_input_missing", "Required input is missing", "width"),
        ({"width": 99999}, "value_bigger_than_max", "Value 99999 bigger than max of 16384", "width"),
        ({"width": 0}, "value_smaller_than_min", "Value 0 smaller than min of 1", "width"),
        (
            {"width": "abc"},
            "invalid_input_type",
            "Failed to convert an input value to a INT value",
            "width, abc, invalid literal for int() with base 10: 'abc'",
        ),
        ({"width": ["1", 0, 0]}, "bad_linked_input", "Bad linked input, must be a length-2 list of [node_id, slot_index]", "width"),
    ],
)
def test_a_bad_value_is_named(inputs: dict[str, Any], kind: str, message: str, details: str) -> None:
    found = first_fault(workflow(**inputs), "1")
    assert (found["type"], found["message"], found["details"]) == (kind, message, details)
    assert found["extra_info"]["input_name"] == "width"
    if inputs["width"] is not None:
        assert found["extra_info"]["input_config"] == WIDTH
        assert found["extra_info"]["received_value"] == inputs["width"]


def test_a_wrong_choice_is_named_with_the_right_ones() -> None:
    found = first_fault(scaling(upscale_method="magic"), "3")
    assert found["details"] == "upscale_method: 'magic' not in ['nearest-exact', 'bilinear', 'area', 'bicubic', 'lanczos']"


def test_a_long_list_of_choices_is_only_counted() -> None:
    broken = workflow() | {
        "3": {"class_type": "KSampler", "inputs": {"sampler_name": "magic"}},
        "4": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0]}},
        "5": {"class_type": "PreviewImage", "inputs": {"images": ["4", 0]}},
    }
    faults = validate(FakeComfy().catalog, broken).node_errors["3"]["errors"]
    found = next(fault for fault in faults if fault["type"] == "value_not_in_list")
    assert found["details"].endswith("not in (list of length 42)")
    assert found["extra_info"]["input_config"] is None


def test_a_missing_upload_is_named() -> None:
    broken = scaling(image=["5", 0]) | {"5": {"class_type": "LoadImage", "inputs": {"image": "x"}}}
    assert first_fault(broken, "5")["details"] == "image - Invalid image file: x"


def test_a_wire_of_the_wrong_type_is_named() -> None:
    broken = scaling(image=["5", 1]) | {"5": {"class_type": "LoadImage", "inputs": {"image": "x"}}}
    assert first_fault(broken, "3")["details"] == "image, received_type(MASK) mismatch input_type(IMAGE)"


def test_the_good_outputs_run_when_another_is_bad() -> None:
    verdict = validate(FakeComfy().catalog, scaling(width=99999))
    assert verdict.error is None
    assert verdict.outputs == ["2"]
    assert verdict.node_errors["3"]["dependent_outputs"] == ["4"]


def test_a_cycle_is_refused_without_naming_a_node() -> None:
    broken = scaling(image=["3", 0])
    del broken["2"]
    verdict = validate(FakeComfy().catalog, broken)
    assert verdict.error is not None
    assert (verdict.error["type"], verdict.node_errors) == ("prompt_outputs_failed_validation", {})


def test_numbers_and_texts_are_converted_in_place() -> None:
    good = workflow(width="8", color=7.9)
    good["2"]["inputs"]["filename_prefix"] = 5
    assert validate(FakeComfy().catalog, good).error is None
    assert (good["1"]["inputs"]["width"], good["1"]["inputs"]["color"], good["2"]["inputs"]["filename_prefix"]) == (8, 7, "5")


async def test_what_is_no_json_or_no_workflow_is_a_bare_500() -> None:
    fake = FakeComfy()
    async with fake.running(), httpx2.AsyncClient(transport=httpx2.ASGITransport(fake.asgi), base_url="http://fake") as http:
        for options in ({"content": b"{not json"}, {"json": {"prompt": {"last_node_id": 5}}}, {"json": [1]}):
            answer = await http.post("/prompt", **options)
            assert (answer.status_code, answer.text) == (500, "500 Internal Server Error\n\nServer got itself in trouble")
            assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert fake.submitted == []


async def test_a_page_of_another_site_is_turned_away() -> None:
    fake = FakeComfy()
    async with fake.running(), httpx2.AsyncClient(transport=httpx2.ASGITransport(fake.asgi), base_url="http://127.0.0.1:1") as http:
        for origin, status in (("http://evil.example", 403), ("http://127.0.0.1:1", 200), ("http://127.0.0.1:2", 403)):
            assert (await http.get("/queue", headers={"Origin": origin})).status_code == status
