"""Values on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.cli.values import read_pair, read_params, read_value
from viewcomfy.core.errors import BadInput, InvalidJson, InvalidParams, InvalidUpload


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a cat", "a cat"),
        ("7", 7),
        ("-0.5", -0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("null", None),
        ("True", "True"),
        ("007", "007"),
        ('"7"', '"7"'),
        ("NaN", "NaN"),
        ("1e999", "1e999"),
        ("[1, 2]", "[1, 2]"),
        ("", ""),
        ("a=b", "a=b"),
        ("@@home", "@home"),
        ("@photo.png", Path("photo.png")),
    ],
)
def test_a_value_is_what_was_meant(text: str, value: object) -> None:
    read = read_value(text)
    assert read == value
    assert type(read) is type(value) or isinstance(value, Path)


@given(st.text())
def test_any_text_can_be_sent(text: str) -> None:
    escaped = f"@{text}" if text.startswith("@") else text
    read = read_value(escaped)
    assert read == text or json.loads(text) == read


@given(st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.none()))
def test_every_scalar_of_json_survives(value: object) -> None:
    assert read_value(json.dumps(value)) == value


def test_a_pair_is_split_at_its_first_equals_sign() -> None:
    assert read_pair("6-inputs-text=a=b") == ("6-inputs-text", "a=b")


@pytest.mark.parametrize("pair", ["6-inputs-text", "=x", ""])
def test_a_pair_without_a_key_or_a_value_is_refused(pair: str) -> None:
    with pytest.raises(BadInput, match="KEY=VALUE"):
        read_pair(pair)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidUpload, match=r"nope\.png") as caught:
        read_pair(f"1-inputs-image=@{tmp_path}/nope.png")
    assert "=@@" in str(caught.value.hint)


def test_the_command_line_wins_over_the_file_of_params(tmp_path: Path) -> None:
    file = tmp_path / "params.json"
    file.write_text('{"_6-node-class_type-info": "Prompt", "6-inputs-text": "a dog", "3-inputs-seed": 1}')
    assert read_params(["6-inputs-text=a cat"], file) == {
        "_6-node-class_type-info": "Prompt",
        "6-inputs-text": "a cat",
        "3-inputs-seed": 1,
    }


def test_a_file_of_params_must_hold_an_object(tmp_path: Path) -> None:
    file = tmp_path / "params.json"
    with pytest.raises(BadInput, match="cannot be read"):
        read_params([], file)
    file.write_text("[]")
    with pytest.raises(InvalidParams):
        read_params([], file)
    file.write_text("{")
    with pytest.raises(InvalidJson):
        read_params([], file)
