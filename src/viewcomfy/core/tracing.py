"""Traces: what happened to a request, in spans of time, for who collects them; nothing is kept where nobody does."""

from __future__ import annotations

from typing import Protocol

Attribute = str | int | float | bool


class Span(Protocol):
    """A stretch of time that belongs to a trace."""

    @property
    def traceparent(self) -> str:
        """What makes other spans children of this one, in the form of W3C Trace Context; empty where nobody collects."""
        raise NotImplementedError

    def rename(self, name: str) -> None:
        """Give it another name, once more is known."""

    def set(self, **attributes: Attribute) -> None:
        """Say more about it; `_` in names becomes `.`."""

    def fail(self, message: str) -> None:
        """Note that it did not succeed."""

    def end(self, at: float | None = None) -> None:
        """End it, now or at a Unix time in seconds."""


class Tracer(Protocol):
    """Who collects spans."""

    def begin(self, name: str, parent: str = "", *, at: float | None = None, is_request: bool = False, **attributes: Attribute) -> Span:
        """Begin a span, now or at a Unix time; `parent` is the traceparent of another one, or of a caller's."""
        raise NotImplementedError

    def close(self) -> None:
        """Send what is left."""


class _NoSpan:
    """A span that nobody collects."""

    traceparent = ""

    def rename(self, name: str) -> None: ...

    def set(self, **attributes: Attribute) -> None: ...

    def fail(self, message: str) -> None: ...

    def end(self, at: float | None = None) -> None: ...


class NoTracer:
    """Collects nothing."""

    def begin(self, *_: object, **__: object) -> Span:
        """Return a span that nobody collects; what the caller traces is passed on to nobody."""
        return _NO_SPAN

    def close(self) -> None:
        """Do nothing."""


_NO_SPAN = _NoSpan()
