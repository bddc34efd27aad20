"""PostgreSQL: how it is connected to, and what a session of it is told."""

from __future__ import annotations

import threading
import time
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event

from viewcomfy.core.errors import BadInput, MissingExtra
from viewcomfy.store.tables import metadata
from viewcomfy.store.watch import Watch

SCHEMES = ("postgresql://", "postgres://")
STATEMENT_SECONDS = 20.0
TRANSACTION_SECONDS = 30.0
"""After so long a connection counts as dead: a statement ends before that, unless the server stands still."""
PAUSE_SECONDS = 0.25
"""How long nobody tries to connect after it has failed: those who come in the meantime hear of it at once."""

_DIALLING = {
    "application_name": "viewcomfy",
    "connect_timeout": "5",
    # a machine that has vanished from the network is noticed within half a minute
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
"""What the URL may say otherwise."""
_SESSION = {
    "statement_timeout": f"{STATEMENT_SECONDS:.0f}s",
    "lock_timeout": "10s",
    # a server of ours that was stopped half way must not keep others from the rows that it has locked
    "idle_in_transaction_session_timeout": "10s",
    # the same the other way round: locks of a machine that has vanished are given up
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "default_transaction_isolation": "read committed",
}
_SET_UP = "SELECT " + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in _SESSION.items())


def postgres_engine(url: str) -> Engine:
    """Return an engine for a URL as libpq takes it: several hosts, sockets and `sslmode` included.

    Raises MissingExtra where the driver is not installed, BadInput for a URL that is none.
    """
    _check(url)
    _know_partial_indexes()
    watch = Watch()
    engine = create_engine("postgresql+psycopg://", poolclass=NullPool, use_native_hstore=False, execution_options={"watch": watch})
    event.listen(engine, "do_connect", _Dial(url, watch))
    return engine


def watch_of(engine: Engine) -> Watch | None:
    """Return what watches over the connections of an engine; None where they are to a file."""
    watch = engine.get_execution_options().get("watch")
    return watch if isinstance(watch, Watch) else None


def only_reading(connection: Connection) -> Connection:
    """Return a connection that refuses to write, and on which each statement sees what is there at that moment."""
    connection = connection.execution_options(isolation_level="AUTOCOMMIT")
    connection.exec_driver_sql("SET default_transaction_read_only = on")
    connection.commit()  # ends nothing but SQLAlchemy's own notion of a transaction
    return connection


class _Dial:
    """Connects as the URL says."""

    def __init__(self, url: str, watch: Watch) -> None:
        import psycopg  # noqa: PLC0415 - for servers that use it
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

        self._psycopg = psycopg
        self._text = _any_text()
        self._url = url
        self._parameters: dict[str, Any] = {name: value for name, value in _DIALLING.items() if name not in conninfo_to_dict(url)}
        self._watch = watch
        self._lock = threading.Lock()
        self._failed: tuple[float, Exception] | None = None

    def __call__(self, _dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> Any:
        with self._lock:
            failed = self._failed
        if failed is not None and time.monotonic() - failed[0] < PAUSE_SECONDS:
            raise self._psycopg.OperationalError(str(failed[1])) from failed[1]
        try:
            connection = self._connect(parameters)
        except self._psycopg.Error as fault:
            with self._lock:
                self._failed = (time.monotonic(), fault)
            raise
        with self._lock:
            self._failed = None
        return connection

    def _connect(self, parameters: dict[str, Any]) -> Any:
        connection = self._psycopg.connect(self._url, **self._parameters, **parameters, autocommit=True)
        try:
            self._watch.hold(connection.fileno())
            connection.adapters.register_dumper(str, self._text)
            connection.execute(_SET_UP)
            connection.autocommit = False
        except BaseException:
            self._watch.let_go()
            connection.close()
            raise
        return connection


def _check(url: str) -> None:
    try:
        from psycopg import ProgrammingError  # noqa: PLC0415 - for servers that use it
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415
    except ImportError as missing:
        raise MissingExtra(
            "A store on PostgreSQL needs psycopg, which is not installed.", hint='Type: pip install "viewcomfy[postgres]"'
        ) from missing
    try:
        conninfo_to_dict(url)
    except ProgrammingError:  # its message has the URL with the password in it
        raise BadInput(
            "The URL of the store is not one of PostgreSQL's.",
            hint="It looks like postgresql://user:password@host:5432/database; write other characters than letters, digits and -._~ "
            "in the password as %XX.",
        ) from None


def _know_partial_indexes() -> None:
    """Give PostgreSQL the conditions of the partial indexes; in the tables they would make every start import its dialect."""
    for index in (index for table in metadata.tables.values() for index in table.indexes):
        condition = index.dialect_kwargs.get("sqlite_where")
        if condition is not None:
            index.dialect_kwargs["postgresql_where"] = condition


def _any_text() -> Any:
    """Return what writes text to PostgreSQL, which knows neither NUL nor lone surrogates: a caller's text is no fault of ours.

    Each becomes a sign that stands for it, so that an id with one in it belongs to nothing instead of failing.
    """
    from psycopg.types.string import StrDumperUnknown  # noqa: PLC0415 - for servers that use it

    class AnyText(StrDumperUnknown):
        """Text that is always taken."""

        def dump(self, obj: str) -> bytes:
            text = obj.replace("\0", "\u2400")
            try:
                return text.encode()
            except UnicodeEncodeError:
                return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()

    return AnyText
