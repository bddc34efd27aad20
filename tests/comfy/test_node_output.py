"""Node outputs: every saved file is found, under whichever key, and nothing outside ComfyUI's folders."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.comfy.node_output import SavedFile, output_entries, text_outputs

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["filename", "type", "subfolder", "text"]) | st.text(), inner)
    ),
    max_leaves=12,
)


def entry(filename: str, **more: Any) -> dict[str, Any]:
    return {"filename": filename, "subfolder": "", "type": "output", **more}


def test_files_of_every_key_are_found_once() -> None:
    ui = {
        "images": [entry("a.png"), entry("a.png")],
        "animated": [True],
        "gifs": [entry("b.mp4", format="video/h264-mp4")],
        "3d": [entry("c.glb")],
    }
    assert output_entries(ui) == [SavedFile("a.png"), SavedFile("b.mp4"), SavedFile("c.glb")]


def test_temporary_files_are_left_out() -> None:
    assert output_entries({"images": [entry("a.png", type="temp"), entry("b.png", type="input")]}) == [SavedFile("b.png", "", "input")]


def test_an_entry_may_be_json_in_a_string() -> None:
    assert output_entries({"text": ['{"type": "output", "filename": "x.txt"}']}) == [SavedFile("x.txt")]
    assert text_outputs({"text": ['{"type": "output", "filename": "x.txt"}', "hello", '{"a": 1}']}) == ["hello", '{"a": 1}']


def test_folders_in_a_file_name_belong_to_its_subfolder() -> None:
    assert output_entries({"images": [entry("x/y.png", subfolder="jobs")]}) == [SavedFile("y.png", "jobs/x")]
    assert output_entries({"images": [entry("a.png", subfolder="w\\in")]}) == [SavedFile("a.png", "w/in")]


@pytest.mark.parametrize("filename", ["../a.png", "/etc/passwd", "..", "", "a\0b.png", "x/../../y.png"])
def test_names_that_lead_elsewhere_are_ignored(filename: str) -> None:
    assert output_entries({"images": [entry(filename)]}) == []


def test_texts_are_read_from_lists_in_lists() -> None:
    assert text_outputs({"text": [["one"], "two", 3, None], "images": ["no"]}) == ["one", "two", "3"]


@given(st.dictionaries(st.sampled_from(["images", "text", "string"]) | st.text(), JSON))
def test_strange_outputs_do_not_raise(ui: dict[str, Any]) -> None:
    assert all(".." not in saved.subfolder.split("/") for saved in output_entries(ui))
    text_outputs(ui)
