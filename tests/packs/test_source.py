"""What people type to name a pack."""

from __future__ import annotations

import pytest

from viewcomfy.core.errors import BadInput
from viewcomfy.packs.source import GitSource, RegistrySource, parse_source, shown


@pytest.mark.parametrize(
    ("text", "url", "ref", "name"),
    [
        ("https://github.com/owner/Pack", "https://github.com/owner/Pack", "", "Pack"),
        ("https://github.com/owner/Pack.git@v1.2", "https://github.com/owner/Pack.git", "v1.2", "Pack"),
        ("https://github.com/owner/Pack@feature/new", "https://github.com/owner/Pack", "feature/new", "Pack"),
        ("ssh://git@host/owner/pack@main", "ssh://git@host/owner/pack", "main", "pack"),
        ("git@github.com:owner/pack.git@main", "ssh://git@github.com/owner/pack.git", "main", "pack"),
        ("file:///srv/packs/pack/", "file:///srv/packs/pack", "", "pack"),
    ],
)
def test_a_repository_is_named_by_its_url_and_maybe_a_ref(text: str, url: str, ref: str, name: str) -> None:
    source = parse_source(text)
    assert source == GitSource(url, ref)
    assert source.name == name


def test_anything_else_is_an_id_of_the_registry() -> None:
    assert parse_source("comfyui-kjnodes") == RegistrySource("comfyui-kjnodes")
    assert parse_source("comfyui-kjnodes@1.0.5") == RegistrySource("comfyui-kjnodes", "1.0.5")


def test_credentials_are_for_git_alone() -> None:
    source = parse_source("https://me:s3cret@host.example/owner/pack@main")
    assert isinstance(source, GitSource)
    assert source.secret_url == "https://me:s3cret@host.example/owner/pack"
    assert source.url == "https://host.example/owner/pack"
    assert "s3cret" not in repr(source) + str(source)
    assert shown("https://s3cret@host.example/a?token=s3cret") == "https://host.example/a"


@pytest.mark.parametrize(
    "text",
    [
        "http://host.example/pack",
        "ext::sh -c evil",
        "ext://host/pack",
        "--upload-pack=evil",
        "-u",
        "https://host.example/pack@--upload-pack=evil",
        "https://host.example/pack@a..b",
        "https://-oProxyCommand=evil/pack",
        "https:///pack",
        "https://host.example/..",
        "https://host.example/pack.disabled",
        "../pack",
        "/srv/pack",
        "",
    ],
)
def test_what_git_must_not_be_given_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_source(text)


def test_a_refusal_does_not_repeat_credentials() -> None:
    with pytest.raises(BadInput) as refused:
        parse_source("http://me:s3cret@host.example/pack")
    assert "s3cret" not in str(refused.value)
