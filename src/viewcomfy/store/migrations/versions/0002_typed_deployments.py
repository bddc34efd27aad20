"""Deployments that know their inputs, canaries, batches."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    op.add_column("deployments", sa.Column("canary_version", sa.Integer))
    op.add_column("deployments", sa.Column("canary_percent", sa.Double, nullable=False, server_default="0"))
    _versions()
    _batches()


def _versions() -> None:
    for name in ("inputs", "edits"):
        op.add_column("versions", sa.Column(name, sa.Text, nullable=False, server_default="[]"))
    op.add_column("versions", sa.Column("checked", sa.Boolean, nullable=False, server_default=sa.false()))
    for name in ("title", "description"):
        op.add_column("versions", sa.Column(name, sa.Text, nullable=False, server_default='""'))
    for name in ("app", "report"):
        op.add_column("versions", sa.Column(name, sa.Text))
    op.add_column("versions", sa.Column("note", sa.Text, nullable=False, server_default='""'))
    op.add_column("versions", sa.Column("nodes", sa.Integer, nullable=False, server_default="0"))
    op.add_column("versions", sa.Column("released_at", sa.Double))
    _fill_versions()


def _fill_versions() -> None:
    """Each version became the current one when it was made: there was no other way."""
    connection = op.get_bind()
    versions = sa.table("versions", *(sa.column(name) for name in ("name", "version", "workflow", "created_at", "nodes", "released_at")))
    this = (versions.c.name == sa.bindparam("at_name"), versions.c.version == sa.bindparam("at_version"))
    one = sa.select(versions.c.workflow).where(*this)
    fill = sa.update(versions).where(*this).values(nodes=sa.bindparam("new_nodes"), released_at=versions.c.created_at)
    for name, version in connection.execute(sa.select(versions.c.name, versions.c.version)).all():
        at = {"at_name": name, "at_version": version}
        connection.execute(fill, {**at, "new_nodes": len(json.loads(connection.execute(one, at).scalar_one()))})


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("deployment", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("axes", sa.Text, nullable=False),
        sa.Column("canceled_at", sa.Double),
        sa.PrimaryKeyConstraint("batch_id", name="pk_batches"),
    )
    op.create_index("ix_batches_created_at", "batches", ["created_at", "batch_id"])
    op.create_index("ix_batches_key_id", "batches", ["key_id", "created_at", "batch_id"])
    op.create_table(
        "batch_jobs",
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("prompt_id", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "number", name="pk_batch_jobs"),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], name="fk_batch_jobs_batch_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["prompt_id"], ["jobs.prompt_id"], name="fk_batch_jobs_prompt_id", ondelete="CASCADE"),
    )
    op.create_index("ix_batch_jobs_prompt_id", "batch_jobs", ["prompt_id"], unique=True)
