"""The first tables: jobs, workflows, events, deployments, versions, keys, meta."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

QUEUED = sa.text("status = 'queued'")
FINISHED = sa.text("finished_at IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    _jobs()
    op.create_table(
        "workflows",
        sa.Column("prompt_id", sa.Text, nullable=False),
        sa.Column("workflow", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("prompt_id", name="pk_workflows"),
        sa.ForeignKeyConstraint(["prompt_id"], ["jobs.prompt_id"], name="fk_workflows_prompt_id", ondelete="CASCADE"),
    )
    op.create_table(
        "events",
        sa.Column("prompt_id", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("prompt_id", "seq", name="pk_events"),
        sqlite_with_rowid=False,
    )
    _deployments()
    op.create_table(
        "keys",
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("deployments", sa.Text),
        sa.Column("allow_override", sa.Boolean, nullable=False),
        sa.Column("revoked_at", sa.Double),
        sa.Column("last_used_at", sa.Double),
        sa.PrimaryKeyConstraint("client_id", name="pk_keys"),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("prompt_id", sa.Text, nullable=False),
        sa.Column("deployment", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("pool", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("affinity", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("queued_at", sa.Double, nullable=False),
        sa.Column("run_after", sa.Double, nullable=False),
        sa.Column("started_at", sa.Double),
        sa.Column("finished_at", sa.Double),
        sa.Column("lease_expires_at", sa.Double),
        sa.Column("time_limit", sa.Double, nullable=False),
        sa.Column("execution_time", sa.Double),
        sa.Column("worker", sa.Text),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("files_removed_at", sa.Double),
        sa.Column("uploads", sa.Text, nullable=False),
        sa.Column("outputs", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("number", name="pk_jobs"),
    )
    op.create_index("ix_jobs_prompt_id", "jobs", ["prompt_id"], unique=True)
    op.create_index("ix_jobs_status", "jobs", ["status", "number"])
    op.create_index("ix_jobs_key_id", "jobs", ["key_id", "number"])
    op.create_index("ix_jobs_deployment", "jobs", ["deployment", "number"])
    queue = ["pool", "lane", "queued_at", "number", "run_after", "priority"]
    if op.get_context().dialect.name == "postgresql":
        op.create_index("ix_jobs_waiting", "jobs", queue, postgresql_where=QUEUED)
    else:
        op.create_index("ix_jobs_queued", "jobs", ["status", *queue], sqlite_where=QUEUED)
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"], sqlite_where=FINISHED, postgresql_where=FINISHED)


def _deployments() -> None:
    op.create_table(
        "deployments",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("removed_at", sa.Double),
        sa.PrimaryKeyConstraint("name", name="pk_deployments"),
    )
    op.create_table(
        "versions",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("workflow", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("time_limit", sa.Double, nullable=False),
        sa.Column("cancel_on_disconnect", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name="pk_versions"),
        sa.ForeignKeyConstraint(["name"], ["deployments.name"], name="fk_versions_name"),
    )
