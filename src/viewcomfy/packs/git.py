"""Git fetches a pack's repository: at one commit, without a prompt, and with no word about credentials."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from viewcomfy.core.errors import Conflict, FetchFailed, InstallFailed, UnknownPack
from viewcomfy.packs.source import COMMIT, GitSource

SECONDS = 1800.0
"""How long git may take for one step; stalled transfers end sooner."""
KEPT_LINES = 6
HEX = re.compile(r"[0-9a-f]{7,40}")
GIT_HINT = "Install git, for example with: apt-get install git"
OF_A_REPOSITORY = frozenset(
    f"GIT_{name}"
    for name in (
        "DIR", "WORK_TREE", "COMMON_DIR", "INDEX_FILE", "PREFIX", "NAMESPACE", "OBJECT_DIRECTORY", "ALTERNATE_OBJECT_DIRECTORIES",
        "GRAFT_FILE", "SHALLOW_FILE", "REPLACE_REF_BASE", "NO_REPLACE_OBJECTS", "IMPLICIT_WORK_TREE", "INTERNAL_SUPER_PREFIX",
        "QUARANTINE_PATH",
    )
)  # fmt: skip
"""What `git rev-parse --local-env-vars` names: each says which repository is meant, whatever folder git is started in."""
SETTINGS = (
    ("advice.detachedHead", "false"),
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "60"),
    ("core.hooksPath", os.devnull),
)
HELPER = """!f() { [ "$1" != get ] || printf 'username=%s\\npassword=%s\\n' "$PACK_USER" "$PACK_PASSWORD"; }; f"""
"""Tells git the credentials that came with a URL, from where no other user of the machine can read them."""
NOT_THERE = ("not found", "does not exist", "does not appear to be a git repository", "could not read username", "authentication failed")


@dataclass(frozen=True, slots=True)
class Checkout:
    """What lies in a folder now: its commit, and the branch that it follows (empty: it is pinned to a commit or tag)."""

    commit: str
    branch: str = ""


def clone(source: GitSource, folder: Path) -> Checkout:
    """Fetch a repository with its submodules into a new folder.

    Raises FetchFailed, UnknownPack where there is no such repository or ref, InstallFailed where there is no git.
    """
    environment = _environment(source)
    _git(["clone", "--quiet", "--no-checkout", "--origin", "origin", "--", source.url, str(folder)], environment, source)
    return _check_out(source, folder, environment)


def advance(source: GitSource, folder: Path) -> Checkout:
    """Bring a clone to what its source is now. Files that git does not know stay where they are."""
    environment = _environment(source)
    _git(["fetch", "--quiet", "--prune", "--tags", "--force", "origin"], environment, source, folder)
    return _check_out(source, folder, environment)


def changes(folder: Path) -> list[str]:
    """Return the files that have been changed in a clone by hand, as git names them; those that git does not know are left out."""
    text = _git(["status", "--porcelain", "--untracked-files=no", "--ignore-submodules=untracked"], _environment(None), None, folder)
    return [line[3:] for line in text.splitlines()]


def own_commits(folder: Path) -> list[str]:
    """Return the commits of a clone that its repository does not have, as far as the clone knows: short hash and first line of each."""
    fetched = re.findall(r"^[0-9a-f]{40}", _text(_git_folder(folder) / "FETCH_HEAD"), re.MULTILINE)
    elsewhere = ["--not", "--remotes", "--tags", *fetched]
    words = ["rev-list", "--oneline", "--max-count=20", "--ignore-missing", "HEAD", "--branches", *elsewhere]
    return _git(words, _environment(None), None, folder, may_fail=True).splitlines()


def newest(source: GitSource) -> str:
    """Return the commit that a source stands for now, without fetching it; empty where the repository has no such branch or tag."""
    refs = [f"refs/tags/{source.ref}^{{}}", f"refs/tags/{source.ref}", f"refs/heads/{source.ref}"] if source.ref else ["HEAD"]
    text = _git(["ls-remote", "--", source.url, *refs], _environment(source), source)
    found = {name: commit for commit, _, name in (line.partition("\t") for line in text.splitlines())}
    return next((found[name] for name in refs if name in found), "")


def commit_in(folder: Path) -> str:
    """Return the commit of a checkout, read from its files; empty where it is none."""
    git = _git_folder(folder)
    head = _text(git / "HEAD")
    if not head.startswith("ref: "):
        return head if COMMIT.fullmatch(head) else ""
    name = head.removeprefix("ref: ")
    if COMMIT.fullmatch(loose := _text(git / name)):
        return loose
    packed = re.search(rf"^([0-9a-f]{{40}}) {re.escape(name)}$", _text(git / "packed-refs"), re.MULTILINE)
    return packed[1] if packed else ""


def origin_of(folder: Path) -> tuple[str, str]:
    """Return the URL that a checkout came from, as it stands there, and the branch it is on; each empty where there is none."""
    git = _git_folder(folder)
    section = re.search(r'\[remote "origin"\](.*?)(?=^\[|\Z)', _text(git / "config"), re.MULTILINE | re.DOTALL)
    url = re.search(r"^\s*url\s*=\s*(\S+)", section[1], re.MULTILINE) if section else None
    head = _text(git / "HEAD")
    return (url[1] if url else ""), head.removeprefix("ref: refs/heads/") if head.startswith("ref: refs/heads/") else ""


def _check_out(source: GitSource, folder: Path, environment: Mapping[str, str]) -> Checkout:
    found = _resolve(source, folder, environment)
    if found.branch:
        _git(["checkout", "--quiet", "--force", "-B", found.branch, "--track", f"origin/{found.branch}"], environment, source, folder)
    else:
        _git(["checkout", "--quiet", "--force", "--detach", found.commit], environment, source, folder)
    if (folder / ".gitmodules").exists():
        _git(["submodule", "--quiet", "sync", "--recursive"], environment, source, folder)
        _git(["submodule", "--quiet", "update", "--init", "--recursive", "--force"], environment, source, folder)
    return found


def _resolve(source: GitSource, folder: Path, environment: Mapping[str, str]) -> Checkout:
    """Find the commit: a ref is looked for among the tags, then the branches, then the commits."""

    def commit_of(name: str) -> str:
        return _git(["rev-parse", "--quiet", "--verify", f"{name}^{{commit}}"], environment, None, folder, may_fail=True).strip()

    if not source.ref:
        head = _git(["rev-parse", "--abbrev-ref", "origin/HEAD"], environment, None, folder, may_fail=True).strip()
        return Checkout(_needed(commit_of("refs/remotes/origin/HEAD"), source), head.removeprefix("origin/"))
    if commit := commit_of(f"refs/tags/{source.ref}"):
        return Checkout(commit)
    if commit := commit_of(f"refs/remotes/origin/{source.ref}"):
        return Checkout(commit, source.ref)
    if COMMIT.fullmatch(source.ref) and not commit_of(source.ref):  # of no branch: servers give it all the same when it is asked for
        _git(["fetch", "--quiet", "origin", source.ref], environment, None, folder, may_fail=True)
    if HEX.fullmatch(source.ref) and (commit := commit_of(source.ref)):
        return Checkout(commit)
    return Checkout(_needed("", source))


def _needed(commit: str, source: GitSource) -> str:
    if not commit:
        what = f"commit, tag or branch {source.ref!r}" if source.ref else "commit on its default branch"
        raise UnknownPack(f"{source.url} has no {what}.")
    return commit


def _environment(source: GitSource | None) -> dict[str, str]:
    """Return git's environment: no prompts, no program of the URL's choice, and the credentials where nobody sees them."""
    env = outside_of_any(os.environ)  # handed on, not read
    protocols = "https:ssh:git:file" if source is None or source.url.startswith("file:") else "https:ssh:git"
    env |= {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": protocols, "LC_ALL": "C"}
    env.setdefault("GIT_ASKPASS", "true")
    env.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=30")
    settings = [*SETTINGS]
    if source is not None and source.secret_url:
        more, secrets = _credentials(source)
        settings, env = settings + more, env | secrets
    env["GIT_CONFIG_COUNT"] = str(len(settings))
    for number, (name, value) in enumerate(settings):
        env |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return env


def _credentials(source: GitSource) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Return git's settings for a URL's user and password, and the variables that hold them: git would name them to its own programs."""
    parts = urlsplit(source.secret_url)
    if parts.scheme != "https" or parts.username is None:
        return [(f"url.{source.secret_url}.insteadOf", source.url)], {}
    host = parts.netloc.rpartition("@")[2]
    bare = urlunsplit(parts._replace(netloc=host))
    other = [(f"url.{bare}.insteadOf", source.url)] if bare != source.url else []
    name = f"credential.https://{host}.helper"
    secrets = {"PACK_USER": unquote(parts.username), "PACK_PASSWORD": unquote(parts.password or "")}
    return [*other, (name, ""), (name, HELPER)], secrets  # the empty one: nobody else's helper is asked, or told them to keep


def outside_of_any(env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without git's variables that name a repository: a hook of another one may have started us."""
    return {name: value for name, value in env.items() if not name.startswith("GIT_CONFIG") and name not in OF_A_REPOSITORY}


def _git(
    arguments: list[str], env: Mapping[str, str], source: GitSource | None, folder: Path | None = None, *, may_fail: bool = False
) -> str:
    program = shutil.which("git", path=env.get("PATH"))
    if program is None:
        raise InstallFailed("The program git is not on this machine, and packs come as git repositories.", hint=GIT_HINT)
    try:
        answer = subprocess.run(  # noqa: S603  our own command; what callers name stands behind "--"
            [program, *arguments],
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as fault:
        raise FetchFailed(f"git {arguments[0]} did not end within {SECONDS:.0f} s.") from fault
    if answer.returncode != 0 and not may_fail:
        raise _failure(arguments[0], answer.stderr, source)
    return answer.stdout if answer.returncode == 0 else ""


def _failure(verb: str, text: str, source: GitSource | None) -> Exception:
    if source is not None and source.secret_url:
        text = text.replace(source.secret_url, source.url)
    text = re.sub(r"(\w+://)[^/\s@]+@", r"\1", text)
    last = "\n".join([line for line in text.splitlines() if line.strip()][-KEPT_LINES:])
    if source is None:
        return Conflict(f"git {verb} failed:\n{last}")
    if any(words in text.lower() for words in NOT_THERE):
        hint = "Check the URL. Where it needs credentials, git's own credential helper or an ssh URL is the place for them."
        return UnknownPack(f"There is no repository at {source.url} that can be read:\n{last}\n", hint=hint)
    return FetchFailed(f"{source.url} could not be fetched:\n{last}\n", hint="Nothing was changed. Try again, or check the URL.")


def _git_folder(folder: Path) -> Path:
    """Return a checkout's .git, which is a file that names another folder in a submodule or a worktree."""
    git = folder / ".git"
    if git.is_file():
        return folder / _text(git).removeprefix("gitdir: ")
    return git


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
