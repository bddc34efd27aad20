"""The base of every error that we raise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class ViewComfyError(Exception):
    """Say what happened and what to do; `code` is stable, `status` is the HTTP status of the answer.

    `problems` lists single faults (`{"input", "message", …}`), `details` holds facts for programs, such as the node.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        problems: Sequence[Mapping[str, Any]] = (),
        details: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.problems = [dict(problem) for problem in problems]
        self.details = dict(details or {})
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class InternalError(ViewComfyError):
    """A fault of the server's own; its log has the trace."""
