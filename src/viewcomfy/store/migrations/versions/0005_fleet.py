"""What a fleet needs: pools, priorities and memory of deployments, running limits of keys, needs by affinity, traces of jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply."""
    op.add_column("jobs", sa.Column("trace", sa.Text, nullable=False, server_default=""))
    op.add_column("versions", sa.Column("pool", sa.Text, nullable=False, server_default="default"))
    op.add_column("versions", sa.Column("priority", sa.Integer, nullable=False, server_default="1"))
    op.add_column("versions", sa.Column("memory", sa.Double, nullable=False, server_default="0"))
    op.add_column("keys", sa.Column("max_running", sa.Integer))
    op.create_table(
        "needs",
        sa.Column("affinity", sa.Text, nullable=False),
        sa.Column("needs", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("affinity", name="pk_needs"),
    )
