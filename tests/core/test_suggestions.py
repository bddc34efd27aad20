"""Suggestions: what somebody may have meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.suggestions import did_you_mean, nearest

NAMES = ["prompt", "negative_prompt", "seed", "steps", "cfg", "sampler_name", "6-inputs-text"]
MODELS = ["SDXL/base_1.0.safetensors", "SDXL/refiner_1.0.safetensors", "flux-dev.safetensors"]


@pytest.mark.parametrize(
    ("word", "candidates", "first"),
    [
        ("pormpt", NAMES, "prompt"), ("Prompt", NAMES, "prompt"), ("sed", NAMES, "seed"), ("step", NAMES, "steps"),
        ("sampler", NAMES, "sampler_name"), ("6-inputs-txt", NAMES, "6-inputs-text"), ("base_1.0.safetensors", MODELS, MODELS[0]),
        ("SDXL\\base_1.0.safetensors", MODELS, MODELS[0]), ("other/flux_dev.safetensors", MODELS, MODELS[2]),
    ],
)  # fmt: skip
def test_the_nearest_word_comes_first(word: str, candidates: list[str], first: str) -> None:
    assert nearest(word, candidates)[0] == first


def test_nothing_is_suggested_where_nothing_is_near() -> None:
    assert nearest("zzz", NAMES) == []
    assert nearest("prompt", []) == []
    assert nearest("prompt", ["prompt"]) == []
    assert did_you_mean("zzz", NAMES) is None


def test_the_question_quotes_what_is_near() -> None:
    assert did_you_mean("promp", NAMES, n=1) == "Did you mean 'prompt'?"


@given(st.text(), st.lists(st.text()))
def test_suggestions_are_candidates_and_few(word: str, candidates: list[str]) -> None:
    near = nearest(word, candidates, n=2)
    assert len(near) == len(set(near)) <= 2
    assert set(near) <= set(candidates) - {word}
