"""The options of inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.inputs_kit import NASTY, POSTER, declared
from viewcomfy.cli.input_options import given_inputs, options_of, typed_value
from viewcomfy.core.errors import InvalidUpload
from viewcomfy.core.inputs import InputKind
from viewcomfy.core.params import RANDOM_SEED
from viewcomfy.wire.inputs import InputOut

names = st.from_regex(r"[a-z][a-z0-9]{0,8}(_[a-z0-9]{1,8}){0,2}", fullmatch=True)


def words_of(inputs: list[InputOut], *own: str) -> dict[str, list[str]]:
    """Return the words of each option that is shown."""
    return {option.name: [*option.opts, *option.secondary_opts] for option in options_of(inputs, "poster", own) if not option.hidden}


def test_basic_inputs_come_before_advanced_ones() -> None:
    inputs = [declared("a", InputKind.TEXT, advanced=True, order=0), declared("b", InputKind.TEXT, order=1)]
    assert list(words_of(inputs)) == ["input_b", "input_a"]


def test_a_name_that_is_the_commands_own_gets_no_option() -> None:
    assert words_of([declared("output", InputKind.TEXT), declared("a", InputKind.TEXT)], "--output") == {"input_a": ["--a"]}


def test_an_opposite_that_is_taken_is_left_out() -> None:
    inputs = [declared("sound", InputKind.BOOLEAN), declared("no_sound", InputKind.TEXT), declared("logs", InputKind.BOOLEAN)]
    assert words_of(inputs, "--no-logs") == {"input_sound": ["--sound"], "input_no_sound": ["--no-sound"], "input_logs": ["--logs"]}


@given(st.lists(st.tuples(names, st.sampled_from(InputKind)), max_size=8, unique_by=lambda one: one[0]))
def test_no_word_stands_for_two_inputs(found: list[tuple[str, InputKind]]) -> None:
    options = options_of([declared(name, kind) for name, kind in found], "poster", ())
    words = [word for option in options for word in (*option.opts, *option.secondary_opts)]
    assert len(words) == len(set(words))
    assert {f"--{name}" for name, _ in found} <= set(words)


@given(st.sampled_from(NASTY))
def test_words_of_owners_are_only_text(text: str) -> None:
    inputs = [declared("a", InputKind.TEXT, label=text, description=text, default=f"[red]{text}")]
    (option,) = options_of(inputs, "poster", ())
    assert "\x1b" not in option.help
    assert "\\[red]" in option.help


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (InputKind.TEXT, "7", "7"),
        (InputKind.INTEGER, "7", "7"),
        (InputKind.SEED, " Random", RANDOM_SEED),
        (InputKind.SEED, "7", "7"),
        (InputKind.TEXT, "random", "random"),
        (InputKind.ANY, "[1, 2]", [1, 2]),
        (InputKind.ANY, "7", 7),
        (InputKind.ANY, "cat", "cat"),
        (InputKind.IMAGE, "https://example.com/cat.png", "https://example.com/cat.png"),
        (InputKind.FILE, "DATA:text/plain;base64,aGVsbG8K", "DATA:text/plain;base64,aGVsbG8K"),
    ],
)
def test_what_was_typed_is_what_is_sent(kind: InputKind, text: str, value: Any) -> None:
    assert typed_value(declared("a", kind), text) == value


def test_a_file_is_given_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("@odd.png").write_bytes(b"x")
    Path("cat.png").write_bytes(b"x")
    image = declared("a", InputKind.IMAGE)
    assert [typed_value(image, text) for text in ("cat.png", "@cat.png", "@odd.png")] == [
        Path("cat.png"),
        Path("cat.png"),
        Path("@odd.png"),
    ]
    with pytest.raises(InvalidUpload, match=r"'nope\.png' for --a"):
        typed_value(image, "nope.png")


def test_only_what_was_said_is_sent() -> None:
    said = {"input_upscale": False, "input_prompt": "", "input_steps": None, "underscored_negative_prompt": "dark"}
    inputs = [*POSTER, declared("negative_prompt", InputKind.TEXT)]
    assert given_inputs(inputs, said) == {"upscale": False, "prompt": "", "negative_prompt": "dark"}
