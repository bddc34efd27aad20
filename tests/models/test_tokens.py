"""Tokens: each for its own host, and never by an open way."""

from __future__ import annotations

import pytest

from viewcomfy.core.errors import BadInput
from viewcomfy.models.tokens import Tokens

TOKENS = Tokens.gather("hf", "civ", "models.example.com=one, files.example.org:8443=two=")


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("https://huggingface.co/a/b/resolve/main/c", "hf"),
        ("https://HuggingFace.co:443/a", "hf"),
        ("https://civitai.com/api/download/models/1", "civ"),
        ("https://models.example.com/x", "one"),
        ("https://files.example.org:8443/x", "two="),
        ("https://files.example.org/x", ""),
        ("https://huggingface.co.evil.example/x", ""),
        ("https://cdn-lfs.huggingface.co/x", ""),
        ("https://huggingface.co:8443/x", ""),
        ("http://huggingface.co/x", ""),
        ("https://user@evil.example/huggingface.co", ""),
    ],
)
def test_a_token_is_for_its_host_alone(url: str, token: str) -> None:
    assert TOKENS.headers(url) == ({"Authorization": f"Bearer {token}"} if token else {})


def test_tokens_are_not_shown() -> None:
    assert "hf" not in repr(Tokens.gather("hf")).replace("hf.co", "")
    for wrong in ("models.example.com", "=secret", "a b=secret", "https://a.example=secret"):
        with pytest.raises(BadInput) as told:
            Tokens.gather(others=wrong)
        assert "secret" not in str(told.value)
