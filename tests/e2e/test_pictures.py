"""Pictures: really sampled, from prompts and from photos, with seeds, masks and workflows of the caller's own."""

from __future__ import annotations

import json

import pytest
from PIL import Image, ImageDraw, ImageOps

from tests.e2e.pictures import decoded, encoded, likeness, opened, pixels, sample_photo
from tests.e2e.product import Json, Product
from tests.e2e.workflows import colour, echo_photo, image_to_image, text_to_image

pytestmark = pytest.mark.e2e

MAX_SAFE_INTEGER = 2**53 - 1


@pytest.fixture(scope="module")
def fox(product: Product) -> str:
    return product.deploy(text_to_image())


@pytest.fixture(scope="module")
def fox_11(product: Product, fox: str) -> Json:
    """The answer for seed 11."""
    return product.result(fox, {"7-inputs-seed": 11})


def test_a_prompt_becomes_a_sampled_picture(fox_11: Json) -> None:
    [output] = fox_11["outputs"]
    picture = opened(decoded(output))
    assert (picture.format, picture.size, picture.mode) == ("PNG", (256, 256), "RGB")
    assert output["content_type"] == "image/png"
    assert output["filename"].endswith(".png")
    assert len(set(picture.tobytes())) > 16
    assert fox_11["execution_time_seconds"] > 0


def test_the_seed_decides_the_picture(product: Product, fox: str, fox_11: Json) -> None:
    other = product.result(fox, {"7-inputs-seed": "12"})  # as browser forms send numbers
    again = product.result(fox, {"7-inputs-seed": 11})
    assert pixels(again) == pixels(fox_11)
    assert pixels(other) != pixels(fox_11)
    assert other["prompt"]["7"]["inputs"]["seed"] == 12
    assert again["prompt_id"] != fox_11["prompt_id"]


def test_the_prompt_decides_the_picture(product: Product, fox: str, fox_11: Json) -> None:
    cat = product.result(fox, {"7-inputs-seed": 11, "4-inputs-text": "a blue cat at night"})
    assert pixels(cat) != pixels(fox_11)


def test_the_biggest_seed_is_taken_to_the_last_digit(product: Product, fox: str) -> None:
    result = product.result(fox, {"7-inputs-seed": 2**64 - 1, "7-inputs-steps": 1})
    assert result["prompt"]["7"]["inputs"]["seed"] == 2**64 - 1


def test_a_photo_is_still_recognised_after_sampling_on_top_of_it(product: Product) -> None:
    name, photo = product.deploy(image_to_image()), sample_photo()
    same, negative = (
        opened(
            decoded(product.result(name, {"7-inputs-seed": 51}, files={"3-inputs-image": ("my photo.png", encoded(sent))})["outputs"][0])
        )
        for sent in (photo, ImageOps.invert(photo))
    )
    assert likeness(photo, same) > 0.8
    assert likeness(photo, negative) < -0.5
    assert same.tobytes() != photo.tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_a_photo_of_any_usual_kind_is_read(product: Product, kind: str) -> None:
    name, photo = product.deploy(echo_photo()), sample_photo()
    result = product.result(name, files={"1-inputs-image": (f"photo.{kind.lower()}", encoded(photo, kind), f"image/{kind.lower()}")})
    [picture] = [opened(decoded(output)) for output in result["outputs"] if output["filename"].startswith("picture")]
    assert picture.size == photo.size
    assert likeness(picture, photo) > 0.99


def test_a_mask_arrives_at_the_nodes_mask_output(product: Product) -> None:
    photo, mask = sample_photo(), Image.new("L", (256, 256), 0)
    ImageDraw.Draw(mask).rectangle((64, 32, 127, 95), fill=255)
    painted = Image.new("RGBA", mask.size, (255, 255, 255, 255))
    painted.paste((0, 0, 0, 0), mask=mask)  # as the web app sends it: erased where it was painted
    name = product.deploy(echo_photo())
    for sent in (mask, painted):
        files = {"1-inputs-image": ("photo.jpg", encoded(photo, "JPEG")), "1-inputs-image-viewcomfymask": ("mask.png", encoded(sent))}
        outputs = {output["filename"].partition("_")[0]: opened(decoded(output)) for output in product.result(name, files=files)["outputs"]}
        assert outputs["mask"].convert("L").tobytes() == mask.tobytes()
        assert likeness(outputs["picture"], photo) > 0.99


def test_a_photo_without_a_mask_has_an_empty_one(product: Product) -> None:
    result = product.result(product.deploy(echo_photo()), files={"1-inputs-image": ("photo.png", encoded(sample_photo()))})
    [mask] = [opened(decoded(output)) for output in result["outputs"] if output["filename"].startswith("mask")]
    assert mask.convert("L").getextrema() == (0, 0)


def test_a_workflow_of_the_callers_own_replaces_the_deployed_one_for_one_call(product: Product) -> None:
    name = product.deploy(colour(0x102030))
    own = colour(0x405060, side=48)
    result = product.result(name, {"1-inputs-color": 0x708090}, workflow_api=json.dumps(own))
    assert result["prompt"] == own | {"1": {**own["1"], "inputs": {**own["1"]["inputs"], "color": 0x708090}}}
    assert opened(decoded(result["outputs"][0])).getpixel((0, 0)) == (0x70, 0x80, 0x90)
    unchanged = product.result(name, workflow_api=json.dumps(own))  # a workflow of one's own says enough
    assert pixels(unchanged)[:3] == bytes((0x40, 0x50, 0x60))
    deployed = product.result(name, {"1-inputs-width": 16}, workflow_api="")
    assert opened(decoded(deployed["outputs"][0])).getpixel((0, 0)) == (0x10, 0x20, 0x30)


def test_empty_params_renew_the_seed_and_say_so(product: Product, fox: str) -> None:
    streams = [product.events(fox) for _ in range(2)]
    results = [json.loads(stream[-1][1]) for stream in streams]
    seeds = [result["prompt"]["7"]["inputs"]["seed"] for result in results]
    assert len({1, *seeds}) == 3
    assert pixels(results[0]) != pixels(results[1])
    for seed, stream in zip(seeds, streams, strict=True):
        assert 0 <= seed <= MAX_SAFE_INTEGER
        assert any(f"7-inputs-seed = {seed}" in data for kind, data in stream if kind == "log_message")


def test_the_least_number_asks_for_a_random_seed(product: Product, fox: str) -> None:
    seeds = [product.result(fox, {"7-inputs-seed": 5e-324, "7-inputs-steps": 1})["prompt"]["7"]["inputs"]["seed"] for _ in range(2)]
    assert len({1, *seeds}) == 3
    assert all(0 <= seed <= MAX_SAFE_INTEGER for seed in seeds)


def test_a_workflow_without_a_seed_wants_params(product: Product) -> None:
    answer = product.infer(product.deploy(colour()))
    assert answer.status_code == 422
    assert answer.json()["code"] == "empty_params"
    assert "1-inputs-width" in answer.json()["hint"]
