"""A statement compiled once and then handed straight to the driver: for the few that run for every job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Dialect, TextClause
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import Select

Values = Mapping[str, Any]


class Prepared:
    """A statement with its parameters' names.

    Rows come back as the driver's tuples, JSON columns as text.
    """

    def __init__(self, statement: Select[Any] | UpdateBase | TextClause, *columns: str) -> None:
        """`columns` are those that an insert sets."""
        self._statement = statement
        self._columns = list(columns) or None
        self._forms: dict[str, _Form] = {}

    def run(self, connection: Connection, values: Values) -> DBAPICursor:
        """Run it once and return the driver's cursor."""
        form = self._form(connection.dialect)
        with form.cursor(connection) as cursor:
            cursor.execute(form.sql, form.parameters(values))
        return cursor

    def run_many(self, connection: Connection, rows: Iterable[Values]) -> None:
        """Run it for each of the rows."""
        form = self._form(connection.dialect)
        with form.cursor(connection) as cursor:
            cursor.executemany(form.sql, [form.parameters(values) for values in rows])

    def _form(self, dialect: Dialect) -> _Form:
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = _Form(self._statement, self._columns, dialect)
        return form


class _Form:
    """The statement as one dialect's driver takes it."""

    def __init__(self, statement: Select[Any] | UpdateBase | TextClause, columns: list[str] | None, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        self._dbapi = dialect.loaded_dbapi
        self.sql = str(compiled)
        self._positions: Sequence[str] | None = getattr(compiled, "positiontup", None)
        self._names = list(compiled.params)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._encoders: dict[str, Callable[[Any], Any]] = {}
        for name, bind in compiled.binds.items():
            encode = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if encode is not None:
                self._encoders[name] = encode

    @contextmanager
    def cursor(self, connection: Connection) -> Iterator[DBAPICursor]:
        """Yield a cursor in the connection's transaction; raise what SQLAlchemy would."""
        try:
            yield connection.connection.cursor()
        except self._dbapi.Error as fault:
            raise DBAPIError.instance(self.sql, None, fault, self._dbapi.Error, dialect=connection.dialect) from fault

    def parameters(self, values: Values) -> Any:
        """Return the values in the driver's form and order."""
        given = {**self._fixed, **values}
        for name, encode in self._encoders.items():
            given[name] = encode(given[name])
        if self._positions is not None:
            return tuple([given[name] for name in self._positions])
        return {name: given[name] for name in self._names}
