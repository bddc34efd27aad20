"""Names in generated code: identifiers out of names that people have chosen."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection, Iterable


def class_name(deployment: str, taken: Collection[str]) -> str:
    """Return the class of a deployment: `my-poster.v2` → `MyPosterV2`; never one of the names that are taken."""
    words = re.findall(r"[A-Za-z0-9]+", deployment)
    name = "".join(word[0].upper() + word[1:] for word in words)
    if not name or name[0].isdigit() or keyword.iskeyword(name):
        name = f"Deployment{name}"
    return name if name not in taken else f"{name}Deployment"


def argument_names(names: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """Return a Python argument for each name, all different and none of those taken: names that are identifiers stay as they are."""
    names = list(dict.fromkeys(names))
    fine = {name for name in names if _argument(name) == name and name not in taken}
    found: dict[str, str] = {name: name for name in names if name in fine}
    for name in names:
        if name not in fine:
            found[name] = unique(_argument(name), {*found.values(), *taken})
    return {name: found[name] for name in names}


def unique(name: str, taken: Collection[str]) -> str:
    """Return the name, numbered where it is taken."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def _argument(name: str) -> str:
    # Python compares identifiers in this form, so that "ﬁ" and "fi" would be one argument twice
    known = unicodedata.normalize("NFKC", name)
    known = "".join(char if f"a{char}".isidentifier() else "_" for char in known).strip("_")
    if not known.isidentifier():
        known = f"input_{known}".rstrip("_")
    return f"{known}_" if keyword.iskeyword(known) else known
