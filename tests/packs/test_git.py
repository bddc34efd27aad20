"""Packs from repositories: at the commit that was asked for, with submodules, and without a word about credentials."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packs.kit import Repository
from viewcomfy.core.errors import FetchFailed, InstallFailed, UnknownPack
from viewcomfy.packs import git
from viewcomfy.packs.source import GitSource

Make = Callable[..., Repository]


def test_a_ref_is_a_tag_a_branch_or_a_commit(repository: Make, tmp_path: Path) -> None:
    made = repository(files={"a": "1"})
    first = made.git("rev-parse", "HEAD").strip()
    made.git("tag", "--annotate", "v1", "--message", "v1")
    made.git("branch", "side")
    second = made.commit({"a": "2"})
    expected = {"": (second, "main"), "main": (second, "main"), "v1": (first, ""), "side": (first, "side"), first[:8]: (first, "")}
    for number, (ref, found) in enumerate(expected.items()):
        folder = tmp_path / str(number)
        checkout = git.clone(GitSource(made.url, ref), folder)
        assert (checkout.commit, checkout.branch) == found
        assert git.commit_in(folder) == found[0]
        assert (folder / "a").read_text() == ("1" if found[0] == first else "2")
        if ref != first[:8]:
            assert git.newest(GitSource(made.url, ref)) == found[0]
    with pytest.raises(UnknownPack, match="nothing-like-it"):
        git.clone(GitSource(made.url, "nothing-like-it"), tmp_path / "x")


def test_a_commit_that_no_branch_holds_any_more_is_found(repository: Make, tmp_path: Path) -> None:
    made = repository(files={"a": "1"})
    lost = made.commit({"a": "2"})
    made.git("reset", "--hard", "HEAD^")
    made.git("config", "uploadpack.allowAnySHA1InWant", "true")
    assert git.clone(GitSource(made.url, lost), tmp_path / "clone").commit == lost


def test_submodules_come_with_it(repository: Make, tmp_path: Path) -> None:
    inner, outer = repository("inner", {"b": "1"}), repository("outer", {"a": "1"})
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.url, "part")
    outer.commit({"a": "2"})
    git.clone(GitSource(outer.url), tmp_path / "clone")
    assert (tmp_path / "clone" / "part" / "b").read_text() == "1"
    assert git.commit_in(tmp_path / "clone" / "part") == inner.git("rev-parse", "HEAD").strip()


def test_a_clone_is_advanced_and_what_git_does_not_know_stays(repository: Make, tmp_path: Path) -> None:
    made, folder = repository(files={"a": "1", ".gitignore": "*.bin\n"}), tmp_path / "clone"
    git.clone(GitSource(made.url), folder)
    (folder / "model.bin").write_text("weights")
    (folder / "mine.txt").write_text("mine")
    assert git.changes(folder) == []
    (folder / "a").write_text("changed")
    assert git.changes(folder) == ["a"]
    second = made.commit({"a": "2"})
    assert git.advance(GitSource(made.url), folder).commit == second
    assert {path.name: path.read_text() for path in folder.iterdir() if path.is_file()} == {
        "a": "2", ".gitignore": "*.bin\n", "model.bin": "weights", "mine.txt": "mine"
    }  # fmt: skip


def test_a_checkout_says_where_it_is_from_without_git(repository: Make, tmp_path: Path) -> None:
    made = repository()
    git.clone(GitSource(made.url), tmp_path / "clone")
    assert git.origin_of(tmp_path / "clone") == (made.url, "main")
    (tmp_path / "plain").mkdir()
    assert git.commit_in(tmp_path / "plain") == ""
    assert git.origin_of(tmp_path / "plain") == ("", "")


def test_credentials_are_neither_kept_nor_told(tmp_path: Path, repository: Make) -> None:
    source = GitSource("https://127.0.0.1:9/owner/pack", secret_url="https://me:s3cret@127.0.0.1:9/owner/pack")
    with pytest.raises((FetchFailed, UnknownPack)) as failed:
        git.clone(source, tmp_path / "a")
    assert "s3cret" not in str(failed.value)
    made = repository()
    disguised = GitSource("file:///nowhere/pack", secret_url=made.url)  # as with a password: git goes to the one, and keeps the other
    git.clone(disguised, tmp_path / "b")
    assert git.origin_of(tmp_path / "b")[0] == "file:///nowhere/pack"
    assert made.url not in (tmp_path / "b" / ".git" / "config").read_text()


def test_a_repository_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(UnknownPack, match="nowhere"):
        git.clone(GitSource(f"file://{tmp_path}/nowhere"), tmp_path / "clone")


def test_without_git_one_is_told_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InstallFailed, match="git is not on this machine"):
        git.clone(GitSource("https://host.example/pack"), tmp_path / "clone")
