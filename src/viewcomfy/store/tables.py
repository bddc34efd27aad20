"""The tables, and the few column expressions that partial indexes depend on."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    false,
    literal_column,
)
from sqlalchemy.types import TypeDecorator

encode = json.JSONEncoder(separators=(",", ":"), default=str).encode
"""Write a value as `Json` columns hold it."""


class Json(TypeDecorator[Any]):
    """A JSON value as text, in ASCII: any string a caller can send survives, lone surrogates and NUL included.

    What JSON has no word for is stored as its text: one odd value in an event must not lose a batch of others.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the text to store; None stays NULL."""
        return None if value is None else encode(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the value that was stored."""
        return None if value is None else json.loads(value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

jobs = Table(
    "jobs",
    metadata,
    # counts up with every job: first in, first out among equals, and the cursor of pages
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("prompt_id", Text, nullable=False),
    Column("deployment", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("pool", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("affinity", Text, nullable=False),
    # priority, key and affinity in one text, so that the lanes can be walked along one index
    Column("lane", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    # the attempts that count against the limit; `attempt` itself only grows, so that no two attempts are ever confused
    Column("failures", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("queued_at", Double, nullable=False),
    Column("run_after", Double, nullable=False),
    Column("started_at", Double),
    Column("finished_at", Double),
    Column("lease_expires_at", Double),
    Column("time_limit", Double, nullable=False),
    Column("execution_time", Double),
    Column("worker", Text),
    Column("bytes", BigInteger, nullable=False),
    Column("files_removed_at", Double),
    Column("uploads", Json, nullable=False),
    Column("outputs", Json, nullable=False),
    Column("error", Json),
    Column("cold_start", Double),
    # the W3C traceparent of the request that it came with
    Column("trace", Text, nullable=False, server_default=""),
)

# literals, not parameters: SQLite uses a partial index only when it can see at compile time that the condition holds
QUEUED = jobs.c.status == literal_column("'queued'")
RUNNING = jobs.c.status == literal_column("'running'")
FINISHED = jobs.c.finished_at.is_not(None)

Index("ix_jobs_prompt_id", jobs.c.prompt_id, unique=True)
Index("ix_jobs_status", jobs.c.status, jobs.c.number)
Index("ix_jobs_key_id", jobs.c.key_id, jobs.c.number)
Index("ix_jobs_deployment", jobs.c.deployment, jobs.c.number)
Index(
    "ix_jobs_queued",
    *(jobs.c[name] for name in ("status", "pool", "lane", "queued_at", "number", "run_after", "priority")),
    sqlite_where=QUEUED,
).ddl_if(dialect="sqlite")
# PostgreSQL drops what the condition says already from the search, and then a first column that nothing is searched for is in the way
Index(
    "ix_jobs_waiting", *(jobs.c[name] for name in ("pool", "lane", "queued_at", "number", "run_after", "priority")), sqlite_where=QUEUED
).ddl_if(dialect="postgresql")
Index("ix_jobs_finished_at", jobs.c.finished_at, sqlite_where=FINISHED)

# apart from its job, so that a change of status does not write a large graph again
workflows = Table(
    "workflows",
    metadata,
    Column("prompt_id", Text, ForeignKey("jobs.prompt_id", ondelete="CASCADE"), primary_key=True),
    Column("workflow", Json, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("prompt_id", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("data", Json, nullable=False),
    sqlite_with_rowid=False,
)

deployments = Table(
    "deployments",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("removed_at", Double),
    Column("canary_version", Integer),
    Column("canary_percent", Double, nullable=False, server_default="0"),
)

versions = Table(
    "versions",
    metadata,
    Column("name", Text, ForeignKey("deployments.name"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("workflow", Json, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("time_limit", Double, nullable=False),
    Column("cancel_on_disconnect", Boolean, nullable=False),
    # defaults, because the rows of an older database get these columns too; free text is JSON for what JSON takes
    Column("inputs", Json, nullable=False, server_default="[]"),
    Column("edits", Json, nullable=False, server_default="[]"),
    Column("checked", Boolean, nullable=False, server_default=false()),
    Column("title", Json, nullable=False, server_default='""'),
    Column("description", Json, nullable=False, server_default='""'),
    Column("app", Json),
    Column("report", Json),
    Column("note", Json, nullable=False, server_default='""'),
    Column("nodes", Integer, nullable=False, server_default="0"),
    # when it last became the current version; NULL: never
    Column("released_at", Double),
    # where its jobs run, how urgent they are, and the GiB of GPU memory that they need (0: not said)
    Column("pool", Text, nullable=False, server_default="default"),
    Column("priority", Integer, nullable=False, server_default="1"),
    Column("memory", Double, nullable=False, server_default="0"),
    # the models that it is known to need, the environment that it runs in, the inputs of its warm-up call
    Column("models", Json),
    Column("environment", Text, nullable=False, server_default=""),
    Column("warm_up", Json),
)

# documents that say what a ComfyUI consists of, under the ids that deployments name
environments = Table(
    "environments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("created_at", Double, nullable=False),
)

batches = Table(
    "batches",
    metadata,
    Column("batch_id", Text, primary_key=True),
    Column("deployment", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("total", Integer, nullable=False),
    Column("axes", Json, nullable=False),
    Column("canceled_at", Double),
)

Index("ix_batches_created_at", batches.c.created_at, batches.c.batch_id)
Index("ix_batches_key_id", batches.c.key_id, batches.c.created_at, batches.c.batch_id)

# goes with its job; a batch of which nothing is left is then removed by upkeep
batch_jobs = Table(
    "batch_jobs",
    metadata,
    Column("batch_id", Text, ForeignKey("batches.batch_id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("prompt_id", Text, ForeignKey("jobs.prompt_id", ondelete="CASCADE"), nullable=False),
    Column("label", Json, nullable=False),
)

Index("ix_batch_jobs_prompt_id", batch_jobs.c.prompt_id, unique=True)

keys = Table(
    "keys",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("secret_hash", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("deployments", Json),
    Column("allow_override", Boolean, nullable=False),
    Column("revoked_at", Double),
    Column("last_used_at", Double),
    Column("expires_at", Double),
    Column("max_active", Integer),
    Column("max_per_day", Integer),
    Column("share", Boolean, nullable=False, server_default=false()),
    Column("max_running", Integer),
)

# how many jobs of a key were accepted from a time on, for keys that may have so many a day: jobs themselves can be deleted
accepted = Table(
    "accepted",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("since", Double, primary_key=True),
    Column("jobs", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# what an affinity stands for: node classes, model files, memory; written when the first job with it is accepted
needs = Table("needs", metadata, Column("affinity", Text, primary_key=True), Column("needs", Json, nullable=False))

meta = Table("meta", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))
