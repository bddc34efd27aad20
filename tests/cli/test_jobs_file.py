"""The inputs of a batch's jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from viewcomfy.cli.jobs_file import read_grid, read_jobs
from viewcomfy.cli.values import comma_list
from viewcomfy.core.errors import BadInput, InvalidJson, InvalidUpload

JOBS = [{"prompt": "a cat", "seed": 1}, {"prompt": "@home"}]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("jobs.json", '[{"prompt": "a cat", "seed": 1}, {"prompt": "@@home"}]'),
        ("jobs.json", '{"list": [{"prompt": "a cat", "seed": 1}, {"prompt": "@@home"}]}'),
        ("jobs.jsonl", '{"prompt": "a cat", "seed": 1}\n\n{"prompt": "@@home"}'),
        ("jobs.ndjson", '{"prompt": "a cat", "seed": 1}\r\n{"prompt": "@@home"}\r\n'),
    ],
)
def test_a_list_is_json_or_a_line_for_each_job(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read_jobs(tmp_path / name) == JOBS


def test_a_file_in_a_list_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(b"x")
    (tmp_path / "jobs.json").write_text('[{"image": "@cat.png"}]')
    assert read_jobs(tmp_path / "jobs.json") == [{"image": tmp_path / "cat.png"}]
    (tmp_path / "jobs.json").write_text('[{"image": "@dog.png"}]')
    with pytest.raises(InvalidUpload, match=r"dog\.png"):
        read_jobs(tmp_path / "jobs.json")


@pytest.mark.parametrize(("text", "error"), [("{", InvalidJson), ("[1]", BadInput), ('{"seed": 1}', BadInput), ("", BadInput)])
def test_what_is_no_list_of_jobs_is_refused(tmp_path: Path, text: str, error: type[BadInput]) -> None:
    (tmp_path / "jobs.json").write_text(text)
    with pytest.raises(error):
        read_jobs(tmp_path / "jobs.json")


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "jobs.jsonl").write_text('{"seed": 1}\n{"seed": }\n')
    with pytest.raises(InvalidJson, match="line 2"):
        read_jobs(tmp_path / "jobs.jsonl")


@pytest.mark.parametrize(
    ("pair", "values"),
    [
        ("a=1,2.5,x", [1, 2.5, "x"]),
        ('a="a, b", "c ""d""",e', ["a, b", 'c "d"', "e"]),
        ('a=["a, b", 7, true, "7"]', ["a, b", 7, True, "7"]),
        ("a=true,null", [True, None]),
        ("a=one", ["one"]),
        ("a=x=y,z", ["x=y", "z"]),
        ("a=[1],[2]", ["[1]", "[2]"]),
        ("a=x,,y", ["x", "", "y"]),
    ],
)
def test_an_axis_of_a_grid_has_its_values(pair: str, values: list[Any]) -> None:
    assert read_grid([pair]) == {"a": values}


@pytest.mark.parametrize("pairs", [["a"], ["=1"], ["a="], ["a=1", "a=2"], ['a="x']])
def test_what_is_no_axis_is_refused(pairs: list[str]) -> None:
    with pytest.raises(BadInput):
        read_grid(pairs)


def test_a_list_of_commas_keeps_what_is_quoted() -> None:
    assert comma_list('euler, "a, b",heun') == ["euler", "a, b", "heun"]
