"""The server's own log: lines on stderr."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TextIO

import structlog

from viewcomfy.core.errors import BadInput

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def log_to_stderr(level: str) -> None:
    """Write log lines of this level and above to stderr, coloured where it is a terminal. Raises BadInput."""
    if level not in LEVELS:
        raise BadInput(f"{level!r} is no log level.", hint=f"Use one of: {', '.join(LEVELS)}.")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(_Steady(sys.stderr)),  # type: ignore[arg-type]  # all that it uses is there
        cache_logger_on_first_use=True,
    )
    # uvicorn's and the libraries' own lines; a client that breaks off or talks no HTTP is not worth one
    logging.basicConfig(
        stream=sys.stderr, level=max(LEVELS[level], logging.ERROR), format="%(asctime)s [%(levelname)s] %(name)s: %(message)s"
    )


class _Steady:
    """A stream that never fails: a line that cannot be written (full disk, broken pipe, closed file) must not end the work it tells of."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()
