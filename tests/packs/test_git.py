"""Packs from repositories: at the commit that was asked for, with submodules, and without a word about credentials."""

from __future__ import annotations

import os
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


def test_a_password_is_in_no_argument_and_no_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told, program = tmp_path / "told", tmp_path / "bin" / "git"
    program.parent.mkdir()
    ask = "printf 'protocol=https\\nhost=host.example\\npath=owner/pack\\n\\n' | PATH=\"$REAL\" git credential fill"
    program.write_text(
        f'#!/bin/sh\necho "arguments: $*" > {told}\n{ask} >> {told}\nPATH="$REAL" git config --get-regexp url >> {told}\nexit 1\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("REAL", os.environ["PATH"])
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with pytest.raises(FetchFailed):
        git.clone(GitSource("https://host.example/owner/pack", secret_url="https://me:s3%40cret@host.example/owner/pack"), tmp_path / "a")
    lines = told.read_text().splitlines()
    assert {"username=me", "password=s3@cret"} <= set(lines)  # git is told when a server asks
    assert [line for line in lines if "cret" in line] == ["password=s3@cret"]


def test_the_repository_of_a_hook_that_started_us_is_left_alone(repository: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, other = repository(files={"a": "1"}), repository("other", {"b": "1"})
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.folder))
    checkout = git.clone(GitSource(made.url), tmp_path / "clone")
    assert git.changes(tmp_path / "clone") == []
    monkeypatch.undo()
    assert checkout.commit == made.git("rev-parse", "HEAD").strip()
    assert other.git("status", "--porcelain") == ""


def test_commits_of_ones_own_are_told_from_those_that_came(repository: Make, tmp_path: Path) -> None:
    made = repository(files={"a": "1"})
    lost = made.commit({"a": "2"})
    made.git("reset", "--hard", "HEAD^")
    made.git("config", "uploadpack.allowAnySHA1InWant", "true")
    git.clone(GitSource(made.url, lost), tmp_path / "pinned")
    assert git.own_commits(tmp_path / "pinned") == []
    folder = tmp_path / "clone"
    git.clone(GitSource(made.url), folder)
    assert git.own_commits(folder) == []
    (folder / "a").write_text("mine")
    made.git("-C", str(folder), "commit", "--quiet", "--all", "--message", "mine")
    assert [line.partition(" ")[2] for line in git.own_commits(folder)] == ["mine"]


def test_a_repository_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(UnknownPack, match="nowhere"):
        git.clone(GitSource(f"file://{tmp_path}/nowhere"), tmp_path / "clone")


def test_without_git_one_is_told_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InstallFailed, match="git is not on this machine"):
        git.clone(GitSource("https://host.example/pack"), tmp_path / "clone")
