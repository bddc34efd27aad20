"""What a deployment runs in and with: its models, its environment, its warm-up call; and the environments themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
    op.add_column("versions", sa.Column("models", sa.Text))
    op.add_column("versions", sa.Column("environment", sa.Text, nullable=False, server_default=""))
    op.add_column("versions", sa.Column("warm_up", sa.Text))
    op.create_table(
        "environments",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_environments"),
    )
