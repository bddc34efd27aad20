"""What a database's own errors mean in the one tree of errors."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from viewcomfy.core.errors import DiskFull, InternalError, ServerUnavailable, ViewComfyError

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_POSTGRES_DISK_FULL = "53100"


def meaning(fault: SQLAlchemyError) -> ViewComfyError:
    """Return the error that callers get: DiskFull, ServerUnavailable where trying again helps, else InternalError."""
    origin = fault.orig if isinstance(fault, DBAPIError) else None
    code = (getattr(origin, "sqlite_errorcode", None) or 0) & 0xFF  # the low byte is the primary code
    if code == sqlite3.SQLITE_FULL or getattr(origin, "sqlstate", None) == _POSTGRES_DISK_FULL:
        return DiskFull("No space is left for the database.", hint="Free some space in the data folder, then try again.")
    if code in _BUSY:
        return ServerUnavailable("The database is locked by another program.", retry_after=1.0)
    if isinstance(fault, DBAPIError) and (fault.connection_invalidated or (origin is not None and not code and _is_operational(origin))):
        return ServerUnavailable("The database cannot be reached.", retry_after=1.0)
    return InternalError(f"The database answered: {origin or fault}")


def _is_operational(origin: BaseException) -> bool:
    """Tell whether a driver of another database reports trouble of the server rather than of the statement."""
    return type(origin).__name__ in {"OperationalError", "InterfaceError"}
