"""`viewcomfy run` with an option for each input of the deployment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.poster import POSTER
from tests.cli.typed import Typed
from tests.e2e.product import Product
from viewcomfy.cli.samples.photo import photo

Type = Callable[..., Typed]


@pytest.fixture(scope="module")
def poster(server: Product) -> str:
    return server.deploy(POSTER)


@pytest.fixture
def picture(tmp_path: Path) -> str:
    (tmp_path / "photo.jpg").write_bytes(photo())
    return "photo.jpg"


def folded(text: str) -> str:
    """Return what a help says without the boxes and line ends that a narrow terminal puts into it."""
    return " ".join(text.replace("│", " ").split())


# --- the options ------------------------------------------------------------------------------------------------------
def test_each_input_has_an_option_of_its_name(as_caller: Type, poster: str, picture: str) -> None:
    told = as_caller("run", poster, "--prompt", "a dog", "--seed", "7", "--cfg=2.5", "--sampler", "heun", "--photo", picture, "--json")
    prompt = told.json["prompt"]
    assert prompt["4"]["inputs"]["text"] == "a dog"
    assert {name: prompt["7"]["inputs"][name] for name in ("seed", "cfg", "sampler_name")} == {
        "seed": 7,
        "cfg": 2.5,
        "sampler_name": "heun",
    }
    assert prompt["2"]["inputs"]["image"].endswith("photo.jpg")


@pytest.mark.parametrize("option", ["--negative-prompt", "--negative_prompt"])
def test_words_are_joined_by_hyphens_or_underscores(as_caller: Type, poster: str, picture: str, option: str) -> None:
    told = as_caller("run", poster, option, "dark", "--photo", picture, "--json")
    assert told.json["prompt"]["5"]["inputs"]["text"] == "dark"


def test_a_text_stays_as_it_was_typed(as_caller: Type, poster: str, picture: str) -> None:
    for text in ("007", "1e3", "true", "null", "@home", "--json", ""):
        told = as_caller("run", poster, "--prompt", text, "--photo", picture, "--json")
        assert told.json["prompt"]["4"]["inputs"]["text"] == text


@pytest.mark.parametrize(("option", "value"), [("--lossless", True), ("--no-lossless", False)])
def test_a_yes_or_no_is_a_flag(as_caller: Type, poster: str, picture: str, option: str, value: bool) -> None:
    assert as_caller("run", poster, option, "--photo", picture, "--json").json["prompt"]["9"]["inputs"]["lossless"] is value


def test_a_seed_may_be_random(as_caller: Type, poster: str, picture: str) -> None:
    seeds = {
        as_caller("run", poster, "--seed", "random", "--photo", picture, "--json").json["prompt"]["7"]["inputs"]["seed"] for _ in range(2)
    }
    assert len(seeds) == 2
    assert 1 not in seeds


def test_pairs_and_files_of_params_go_on_working_and_the_options_win(as_caller: Type, poster: str, picture: str, tmp_path: Path) -> None:
    (tmp_path / "params.json").write_text('{"prompt": "from the file", "steps": 3, "4-inputs-text": "by its key"}')
    words = ["-p", "cfg=2", "-p", "7-inputs-denoise=0.5", "-p", f"photo=@{picture}"]
    told = as_caller("run", poster, *words, "--params", "params.json", "--steps", "4", "--json")
    assert told.error["code"] == "invalid_params"  # the prompt was said twice
    (tmp_path / "params.json").write_text('{"prompt": "from the file", "steps": 3}')
    prompt = as_caller("run", poster, *words, "--params", "params.json", "--steps", "4", "--json").json["prompt"]
    assert prompt["4"]["inputs"]["text"] == "from the file"
    assert {name: prompt["7"]["inputs"][name] for name in ("cfg", "denoise", "steps")} == {"cfg": 2, "denoise": 0.5, "steps": 4}


def test_a_deployment_may_be_given_by_its_url(typed: Type, server: Product, poster: str, picture: str) -> None:
    key = ["--client-id", server.key[0], "--client-secret", server.key[1], "--server", "http://127.0.0.1:9"]
    told = typed("run", f"{server.url}/d/{poster}/infer", "--prompt", "x", "--photo", picture, *key, "--json")
    assert told.json["prompt"]["4"]["inputs"]["text"] == "x"
    told = typed("batch", f"{server.url}/d/{poster}", "--grid", "prompt=x,y", "--photo", picture, *key, "--json")
    assert [job["paths"][0].partition("/")[0] for job in told.json["jobs"]] == [f"{poster}-batch"] * 2


def test_a_version_may_be_pinned(as_admin: Type, server: Product) -> None:
    name = server.deploy(POSTER)
    told = as_admin("run", name, "--version", "2", "--prompt", "x", "--json")
    assert (told.code, told.error["code"]) == (4, "unknown_version")
    assert as_admin("run", name, "--version", "1", "--prompt", "x", "-p", "seed=3", "--detach", "--json").code == 0


# --- mistakes ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("option", "meant"),
    [("--promt", "--prompt"), ("--sampler-nam", "--sampler"), ("--text", "--prompt"), ("--image", "--photo"), ("--detatch", "--detach")],
)
def test_a_typo_is_answered_with_the_nearest_option(as_caller: Type, poster: str, option: str, meant: str) -> None:
    told = as_caller("run", poster, option, "x", "--json")
    assert (told.code, told.error["code"]) == (2, "bad_input")
    assert f"no input for {option}" in told.error["detail"]
    assert meant in told.error["hint"]


def test_every_wrong_value_is_told_at_once(as_caller: Type, poster: str) -> None:
    told = as_caller("run", poster, "--seed", "x", "--steps", "0", "--sampler", "eulr")
    assert told.code == 2
    assert all(word in told.err for word in ("'seed'", "'steps'", "'sampler'", "'euler'"))


def test_a_file_that_is_not_there_is_named_before_anything_is_sent(as_caller: Type, poster: str) -> None:
    told = as_caller("run", poster, "--photo", "nope.png", "--json")
    assert (told.code, told.error["code"]) == (2, "invalid_upload")
    assert "'nope.png' for --photo" in told.error["detail"]


def test_the_name_stands_before_its_inputs(as_caller: Type, poster: str) -> None:
    told = as_caller("run", "--prompt", "a cat", poster, "--json")
    assert (told.code, told.error["code"]) == (2, "bad_input")
    assert "NAME first" in told.error["hint"]


def test_an_unknown_deployment_has_no_options(as_caller: Type) -> None:
    told = as_caller("run", "nowhere", "--prompt", "x", "--json")
    assert (told.code, told.error["code"]) == (4, "unknown_deployment")


def test_a_locked_input_is_refused_with_the_reason(as_admin: Type, server: Product) -> None:
    name = server.deploy(POSTER, inputs={"steps": {"locked": True}})
    told = as_admin("run", name, "--steps", "3", "--json")
    assert told.error["code"] == "invalid_params"
    assert "locked" in told.error["detail"]
    assert "--steps" not in as_admin("run", name, "--help").out


# --- the help ---------------------------------------------------------------------------------------------------------
def test_the_help_of_a_deployment_tells_of_its_inputs(as_caller: Type, poster: str) -> None:
    told = as_caller("run", poster, "--help")
    assert told.code == 0
    basic, _, advanced = folded(told.out).partition(f"Advanced inputs of {poster}")
    assert f"Inputs of {poster}" in basic
    assert "--prompt TEXT [default: a cat]" in basic
    assert "--photo FILE An image" in basic
    assert "--steps INTEGER From 1 to 10000. [default: 2]" in advanced
    assert "--sampler CHOICE One of euler, " in advanced
    assert "--lossless --no-lossless" in advanced
    assert "Or random." in advanced
    assert "--negative_prompt" not in told.out
    assert "--detach" in told.out


def test_the_help_shows_what_is_required_and_leaves_out_what_is_hidden(as_admin: Type, server: Product) -> None:
    name = server.deploy(POSTER, inputs={"photo": {"required": True}, "cfg": {"hidden": True}, "prompt": {"label": "[bold]What[/bold]"}})
    text = folded(as_admin("run", name, "-h").out)
    assert "file, a data URL or an https URL. [required]" in text
    assert "--cfg" not in text
    assert "[bold]What[/bold]. [default: a cat]" in text
    assert as_admin("run", name, "--cfg", "x", "--json").error["code"] == "invalid_params"  # hidden, and known


def test_the_help_without_a_server_says_why_the_inputs_are_missing(typed: Type) -> None:
    told = typed("run", "poster", "--help", "--server", "http://127.0.0.1:9")
    assert told.code == 0
    assert "--detach" in told.out
    assert "inputs of poster are missing here" in told.err
    assert "cannot be reached" in told.err


def test_the_help_without_a_name_needs_no_server(typed: Type) -> None:
    told = typed("run", "--help", "--server", "http://127.0.0.1:9")
    assert (told.code, told.err) == (0, "")


def test_a_line_without_such_options_asks_for_nothing_beforehand(typed: Type) -> None:
    told = typed("run", "poster", "-p", "prompt=x", "--server", "http://127.0.0.1:9", "--json")
    assert (told.code, told.error["code"]) == (5, "server_unavailable")
