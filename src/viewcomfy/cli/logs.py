"""The server's own log: lines on stderr."""

from __future__ import annotations

import logging
import sys

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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # uvicorn's and the libraries' own lines; a client that breaks off or talks no HTTP is not worth one
    logging.basicConfig(
        stream=sys.stderr, level=max(LEVELS[level], logging.ERROR), format="%(asctime)s [%(levelname)s] %(name)s: %(message)s"
    )
