"""What a document may hold: it is handed to git and to installers, and may be somebody else's."""

from __future__ import annotations

import re

from viewcomfy.comfy.changes import canonical
from viewcomfy.core.errors import BadInput
from viewcomfy.environments.document import Code, Document, Pack, Torch

VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,99}")
PYTHON = re.compile(r"3\.\d{1,2}(\.\d{1,3})?[a-z0-9]{0,6}")
COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
SHA256 = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9 ._+&()-]{0,119}")
"""The folder of a pack: no separators, nothing that begins with a dot or a dash."""
PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(/[A-Za-z0-9_][A-Za-z0-9_-]*)*/?")
PINNED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9._+!-]*")
DIRECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]* @ (git\+https?|git\+ssh|https?)://[^\s\"'`;\\]+")
REMOTE = re.compile(
    r"((https|ssh|git)://[^\s\"'`;\\-][^\s\"'`;\\]*|[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^\s\"'`;\\-][^\s\"'`;\\]*)"
)
"""A repository that can be had from elsewhere too, and that nobody on the way can change: a URL, or git's short form of ssh."""


def check_document(document: Document) -> Document:
    """Return a document that can be handed on; raise BadInput, naming what is wrong, for any other."""
    _fits(PYTHON, document.python, "Python's version")
    _check_code(document.comfyui)
    _check_torch(document.torch)
    for line in document.packages:
        if not (PINNED.fullmatch(line) or DIRECT.fullmatch(line)):
            raise BadInput(f"the package {line[:120]!r} has no exact version and no URL.", hint="Write it as name==1.2.3.")
    for pack in document.packs:
        check_pack(pack)
    _once([name_of(line) for line in document.packages], "package")
    _once([pack.name.lower() for pack in document.packs], "pack")
    return document


def is_remote(url: str) -> bool:
    """Tell whether a repository's URL means the same on another machine."""
    return bool(REMOTE.fullmatch(url))


def name_of(requirement: str) -> str:
    """Return the name of the package in a requirement line."""
    return canonical(re.split(r"==| @ ", requirement, maxsplit=1)[0])


def version_of(requirement: str) -> str:
    """Return the version of a requirement line, or its URL."""
    return re.split(r"==| @ ", requirement, maxsplit=1)[1]


def written(requirement: str) -> str:
    """Return a requirement line with its name as all its spellings are written."""
    name, sign, rest = re.split(r"(==| @ )", f"{requirement}==", maxsplit=1)
    return f"{canonical(name)}{sign}{rest}".removesuffix("==")


def _check_code(code: Code) -> None:
    _fits(VERSION, code.version, "ComfyUI's version")
    if code.commit or code.repository:
        _fits(COMMIT, code.commit, "ComfyUI's commit")
        _fits(REMOTE, code.repository, "ComfyUI's repository")
        return
    _fits(PINNED, code.package, "ComfyUI's commit or package")
    _fits(SHA256, code.sha256, "The hash of ComfyUI's package")
    _fits(PATH, code.folder, "ComfyUI's folder in its package")


def _check_torch(torch: Torch) -> None:
    _fits(VERSION, torch.version, "torch's version")
    for value in (torch.build, torch.torchvision, torch.torchaudio):
        if value:
            _fits(VERSION, value, "torch's build")


def check_pack(pack: Pack) -> Pack:
    """Return a pack that can be had elsewhere; raise BadInput for any other."""
    _fits(NAME, pack.name, "the name of a pack")
    if pack.commit:
        _fits(COMMIT, pack.commit, f"the commit of the pack {pack.name}")
        _fits(REMOTE, pack.url, f"the URL of the pack {pack.name}")
    else:
        _fits(VERSION, pack.version, f"the commit or version of the pack {pack.name}")
        _fits(VERSION, pack.id, f"the id of the pack {pack.name}")
    return pack


def _fits(pattern: re.Pattern[str], value: str, what: str) -> None:
    if not pattern.fullmatch(value):
        raise BadInput(f"{what} is {value[:120]!r}, which it can't be." if value else f"{what} is missing.")


def _once(names: list[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"the {what} {name} is named twice.")
