"""The URLs of models: pages become files, and secrets stay unsaid."""

from __future__ import annotations

import pytest

from viewcomfy.core.model_urls import download_url, file_name, host_of, page_of, without_secrets


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("https://huggingface.co/org/repo/blob/main/sub/m.safetensors", "https://huggingface.co/org/repo/resolve/main/sub/m.safetensors"),
        (
            "https://huggingface.co/org/repo/resolve/main/m.safetensors?download=true",
            "https://huggingface.co/org/repo/resolve/main/m.safetensors",
        ),
        ("https://hf.co/org/repo/blob/v1/m.gguf", "https://huggingface.co/org/repo/resolve/v1/m.gguf"),
        ("https://civitai.com/models/1/name?modelVersionId=42", "https://civitai.com/api/download/models/42"),
        ("https://civitai.com/models/1/name", "https://civitai.com/models/1/name"),
        ("https://github.com/o/r/blob/main/m.bin", "https://github.com/o/r/blob/main/m.bin"),
        ("https://a.example/m.safetensors?x=1#sha256=00", "https://a.example/m.safetensors?x=1"),
    ],
)
def test_the_page_of_a_file_becomes_the_file(url: str, file: str) -> None:
    assert download_url(url) == file


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:word@a.example:8443/m?token=abc&type=Model", "https://a.example:8443/m?type=Model"),
        ("https://a.example/m?X-Amz-Signature=1&X-Amz-Credential=2&id=7", "https://a.example/m?id=7"),
        ("https://a.example/m?sig=1&se=2&sp=r&sv=3&name=x", "https://a.example/m?name=x"),
        ("https://a.example/m?q=A1b2C3d4E5f6G7h8J9", "https://a.example/m"),
        (
            "https://a.example/m?type=Model&format=SafeTensor&size=full&fp=fp16",
            "https://a.example/m?type=Model&format=SafeTensor&size=full&fp=fp16",
        ),
        ("https://a.example/a%20b?x=%2F", "https://a.example/a%20b?x=%2F"),
        ("https://a.example/m#token=1", "https://a.example/m"),
    ],
)
def test_what_is_secret_in_a_url_is_not_shown(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
    assert without_secrets(shown) == shown


def test_the_parts_of_a_url() -> None:
    assert file_name("https://a.example/x/my%20model.safetensors?y=1") == "my model.safetensors"
    assert file_name("https://a.example/..%2F..%2Fx") == ".._.._x"
    assert (host_of("https://A.example:443/x"), host_of("http://a.example:81/x")) == ("a.example", "a.example:81")
    assert host_of("https://a.example:99999/x") == "a.example:?"
    assert page_of("https://huggingface.co/org/repo/resolve/main/m") == "https://huggingface.co/org/repo"
    assert page_of("https://a.example:81/x/y?token=1") == "https://a.example:81"
