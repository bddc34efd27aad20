from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.editor.carriers import png, webm
from viewcomfy.client._form import Form, run_form
from viewcomfy.core.errors import InvalidParams, InvalidUpload, InvalidWorkflow

VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


def form(params: Any, workflow_api: Any = None) -> Form:
    return run_form(params, workflow_api, "p")


@given(st.dictionaries(st.text(), VALUES | st.lists(VALUES)))
def test_values_arrive_as_they_were(params: dict[str, Any]) -> None:
    made = form(params)
    assert json.loads(made.fields["params"]) == params
    assert made.files == ()
    assert made.fields["prompt_id"] == "p"
    assert "workflow_api" not in made.fields


def test_a_tuple_that_is_no_file_is_a_list() -> None:
    assert form({"a": ("x", "y"), "b": (1, 2)}).fields["params"] == '{"a": ["x", "y"], "b": [1, 2]}'


def test_a_file_on_disk_is_opened_only_while_it_is_sent(tmp_path: Path) -> None:
    photo = tmp_path / "p.png"
    photo.write_bytes(b"one")
    made = form({"1-inputs-image": photo})
    photo.write_bytes(b"two")
    with made.opened() as parts:
        ((key, (name, opened, kind)),) = parts
        assert not isinstance(opened, bytes)
        assert (key, name, kind, opened.read()) == ("1-inputs-image", "p.png", "image/png", b"two")
    assert opened.closed


def test_a_file_of_the_caller_stays_open() -> None:
    own = io.BytesIO(b"x")
    with form({"1-inputs-image": own}).opened():
        pass
    assert not own.closed


def test_a_file_that_went_away_is_named(tmp_path: Path) -> None:
    photo = tmp_path / "p.png"
    photo.write_bytes(b"one")
    made = form({"1-inputs-image": photo})
    photo.unlink()
    with pytest.raises(InvalidUpload, match="'1-inputs-image'"), made.opened():
        pass


def test_a_file_opened_as_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidUpload, match="rb"):
        form({"1-inputs-image": io.StringIO("x")})
    with pytest.raises(InvalidUpload):
        form({"1-inputs-image": tmp_path})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal(1), {1, 2}, object()])
def test_what_is_neither_json_nor_a_file_is_named(value: object) -> None:
    with pytest.raises(InvalidParams, match="'2-inputs-x'"):
        form({"1-inputs-x": 1, "2-inputs-x": value})


def test_params_are_a_dict() -> None:
    with pytest.raises(InvalidParams):
        form([1])


def test_a_workflow_of_the_wrong_kind_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    with pytest.raises(InvalidWorkflow):
        form({}, {})
    with pytest.raises(InvalidUpload):
        form({}, tmp_path / "nowhere.json")


def test_a_workflow_may_be_in_any_file(tmp_path: Path) -> None:
    editors: dict[str, Any] = {"nodes": [], "links": []}
    api = {"1": {"class_type": "A", "inputs": {}}}
    for name, data in {
        "workflow.json": json.dumps(editors).encode(),
        "editors.png": png({"workflow": json.dumps(editors)}),
        "workflow_api.json": json.dumps(api).encode(),
        "made.webm": webm({"prompt": json.dumps(api)}),
    }.items():
        (tmp_path / name).write_bytes(data)
        expected = api if "api" in name or "made" in name else editors
        assert json.loads(form({}, tmp_path / name).fields["workflow_api"]) == expected
    assert json.loads(form({}, editors).fields["workflow_api"]) == editors


def test_a_form_can_be_sent_again_unless_it_holds_a_pipe() -> None:
    class Pipe(io.RawIOBase):
        def seekable(self) -> bool:
            return False

    assert form({"a": b"x", "b": io.BytesIO()}).repeatable
    assert not form({"a": b"x", "b": Pipe()}).repeatable
