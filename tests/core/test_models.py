"""Models are named so that no name leaves the models folder."""

from __future__ import annotations

import pytest

from viewcomfy.core.errors import BadInput
from viewcomfy.core.models import Model, add_models, check_model, check_models

SHA256 = "0123456789abcdef" * 4


def test_a_model_is_named_by_its_folder_and_its_file() -> None:
    model = check_model(Model("checkpoints", "xl/base.safetensors", "https://example.com/base.safetensors?download=true", SHA256.upper()))
    assert model.path == "checkpoints/xl/base.safetensors"
    assert model.sha256 == SHA256
    assert Model.from_dict(model.as_dict()) == model


@pytest.mark.parametrize("folder", ["", ".", "..", "a/b", "/etc", "a\\b", "~root", " loras", "a\0b", "x" * 101])
def test_a_folder_is_one_of_comfyuis(folder: str) -> None:
    with pytest.raises(BadInput):
        check_model(Model(folder, "a.safetensors"))


@pytest.mark.parametrize("file", ["", "..", "../a", "a/../b", "/a", "a//b", "a/", "a\\b", "c:a", "~/a", "a\nb", "x" * 501])
def test_a_file_stays_in_its_folder(file: str) -> None:
    with pytest.raises(BadInput):
        check_model(Model("loras", file))


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a/b", "https://", "a.safetensors", "http://[", "https://a/ b", "https://a/\n"]
)
def test_a_url_is_one_of_the_web(url: str) -> None:
    with pytest.raises(BadInput):
        check_model(Model("loras", "a.safetensors", url))


@pytest.mark.parametrize("sha256", ["a", "g" * 64, SHA256 + "0"])
def test_a_hash_has_64_digits(sha256: str) -> None:
    with pytest.raises(BadInput, match="64"):
        check_model(Model("loras", "a.safetensors", "", sha256))


def test_a_model_is_named_once() -> None:
    known, other = Model("loras", "a.safetensors", "https://a/b"), Model("loras", "a.safetensors", "https://a/c")
    assert check_models([known, known]) == (known,)
    with pytest.raises(BadInput, match="twice"):
        check_models([known, other])
    with pytest.raises(BadInput, match="500 is the most"):
        check_models(Model("loras", f"{number}.safetensors") for number in range(501))


def test_models_that_are_known_already_stay_as_they_are() -> None:
    known, other, more = (Model("loras", file, "https://a/b") for file in ("a.pt", "a.pt", "b.pt"))
    assert add_models([known], [other, more]) == (known, more)
