"""What a database's own errors mean in the one tree of errors."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from viewcomfy.core.errors import DiskFull, InternalError, ServerUnavailable, ViewComfyError

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
# PostgreSQL's states, see its manual's appendix of error codes
_DISK_FULL = "53100"
_COLLIDED = {"40001", "40P01"}
_TOO_LONG = {"57014", "55P03", "25P03"}
_LOST = {"57P01", "57P02", "57P03", "57P05", "25P03", "25006"}
"""The session was ended, or the server is no longer the one that writes."""
_UNREACHABLE = "The database cannot be reached."


def meaning(fault: SQLAlchemyError, *, storing: bool = False) -> ViewComfyError:
    """Return the error that callers get: DiskFull, ServerUnavailable where trying again helps, else InternalError.

    `storing`: the end of the transaction had been sent, so that it may have been stored.
    """
    origin = fault.orig if isinstance(fault, DBAPIError) else None
    code = (getattr(origin, "sqlite_errorcode", None) or 0) & 0xFF  # the low byte is the primary code
    state = _state(fault)
    if code == sqlite3.SQLITE_FULL or state == _DISK_FULL:
        return DiskFull("No space is left for the database.", hint="Free some space in the data folder, then try again.")
    if code in _BUSY:
        return ServerUnavailable("The database is locked by another program.", retry_after=1.0)
    if state in _TOO_LONG or state in _COLLIDED:
        return ServerUnavailable("The database took too long.", retry_after=1.0)
    if _is_unreachable(fault, code, state):
        if storing:
            said = f"{_UNREACHABLE} What was to be stored just now may have been stored, or not."
            return ServerUnavailable(said, retry_after=1.0, details={"stored": "unknown"})
        return ServerUnavailable(_UNREACHABLE, retry_after=1.0)
    said = str(origin or fault).partition("\n")[0]  # what follows quotes the statement and the row, secrets included
    return InternalError(f"The database answered: {said}")


def lost(fault: SQLAlchemyError) -> bool:
    """Tell whether another connection is needed."""
    if isinstance(fault, DBAPIError) and fault.connection_invalidated:
        return True
    state = _state(fault)
    return state in _LOST or state.startswith("08") or (not state and _is_of_server(fault))


def collided(fault: SQLAlchemyError) -> bool:
    """Tell whether others were in the way, and the same thing may work now."""
    return _state(fault) in _COLLIDED


def _is_unreachable(fault: SQLAlchemyError, code: int, state: str) -> bool:
    # 53: out of memory, too many connections; 28 and 3D: refused
    return not code and (lost(fault) or state[:2] in {"53", "28", "3D"})


def _state(fault: SQLAlchemyError) -> str:
    """Return the state that PostgreSQL gave an error; empty where it gave none."""
    return getattr(fault.orig, "sqlstate", None) or "" if isinstance(fault, DBAPIError) else ""


def _is_of_server(fault: SQLAlchemyError) -> bool:
    """Tell whether a driver of another database reports trouble of the server rather than of the statement."""
    origin = fault.orig if isinstance(fault, DBAPIError) else None
    if origin is None or isinstance(origin, sqlite3.Error):
        return False
    return any(kind.__name__ in {"OperationalError", "InterfaceError"} for kind in type(origin).__mro__)
