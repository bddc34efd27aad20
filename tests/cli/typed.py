"""A command line that was typed, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from viewcomfy.cli.main import run


@dataclass(frozen=True)
class Typed:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The JSON error: the last line on stderr."""
        return json.loads(self.err.splitlines()[-1])


def type_line(capsys: pytest.CaptureFixture[str], *words: object) -> Typed:
    """Run a command line in this process."""
    code = run([str(word) for word in words])
    written = capsys.readouterr()
    return Typed(code, written.out, written.err)
