from __future__ import annotations

import pytest

from tests.core.editor.graphs import api, inputs_of, node, subgraph, workflow
from viewcomfy.core.editor.sent_text import resolve_choices, resolve_quotes


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("a {red|blue} car", "a red car"),
        ("a {{red|blue}|green} car", "a red car"),
        ("{|or not} this", " this"),
        ("{only}", "only"),
        (r"\{kept\|as it is\}", "{kept|as it is}"),
        ("a | b", "a | b"),
        ("{never closed|", "never closed"),
        ("closed} only", "closed} only"),
        ("seen // not seen\nseen too", "seen \nseen too"),
        ("a /* gone\n */ b", "a  b"),
        ("a /* never closed // gone", "a /* never closed "),
        ("ends in \\", "ends in \\"),
    ],
)
def test_choices_and_comments_in_prompts_are_resolved(text: str, sent: str) -> None:
    assert resolve_choices(text) == sent


def test_only_prompts_have_choices() -> None:
    assert inputs_of("Encode", ["{a|b}"]) == {"text": "a"}
    assert inputs_of("Text", ["{a|b}"]) == {"value": "{a|b}"}


def test_a_prompt_that_comes_from_the_node_around_a_subgraph_is_sent_as_it_is() -> None:
    inner = subgraph("s", node(1, "Encode", ["x"], {"text*": 1}), links=[(1, "in", 0, 1)], inputs=[("text", "STRING", [1])])

    assert api(workflow(node(2, "s", ["{a|b}"]), subgraphs=[inner]))["2:1"]["text"] == "{a|b}"


def quoted(prefix: str, *nodes: object) -> object:
    return api(workflow(node(1, "SaveImage", [prefix]), *nodes))["1"]["filename_prefix"]  # type: ignore[arg-type]  # nodes


def test_names_of_files_quote_other_nodes_by_class_name_or_title() -> None:
    sampler = node(2, "Sampler", [7, "fixed", 20, 8.0, "euler"], title="My sampler")

    assert quoted("run_%Sampler.seed%_%My sampler.cfg%", sampler) == "run_7_8"
    assert quoted("%mine.seed%", {**sampler, "properties": {"Node name for S&R": "mine"}}) == "7"


def test_what_can_not_stand_in_the_name_of_a_file_is_replaced() -> None:
    assert quoted("%Text.value%", node(2, "Text", ['a/b:c"d'])) == "a_b_c_d"


@pytest.mark.parametrize("prefix", ["%width%x%height%", "%Nobody.seed%", "%Sampler.nothing%", "100%", "%a.b.c%"])
def test_what_is_no_quote_stays_as_it_is(prefix: str) -> None:
    assert quoted(prefix, node(2, "Sampler")) == prefix


def test_dates_are_left_to_comfyui_so_that_they_say_the_day_of_the_run() -> None:
    assert resolve_quotes("%date:yyyy-MM-dd%/%date:hhmmss%", lambda *_: None) == "%year%-%month%-%day%/%hour%%minute%%second%"


def test_only_nodes_that_save_quote() -> None:
    info = {"input": {"required": {"filename_prefix": ["STRING"]}}, "output": []}

    assert inputs_of("Other", ["%Other.filename_prefix%"], Other=info) == {"filename_prefix": "%Other.filename_prefix%"}
