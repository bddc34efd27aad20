"""Keys that expire, that may have so many jobs, and that share links are made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
    op.add_column("keys", sa.Column("expires_at", sa.Double))
    op.add_column("keys", sa.Column("max_active", sa.Integer))
    op.add_column("keys", sa.Column("max_per_day", sa.Integer))
    op.add_column("keys", sa.Column("share", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "accepted",
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("since", sa.Double, nullable=False),
        sa.Column("jobs", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("client_id", "since", name="pk_accepted"),
        sqlite_with_rowid=False,
    )
