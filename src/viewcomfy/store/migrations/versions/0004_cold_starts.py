"""Jobs that know how long they waited for a ComfyUI that had to be started."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    op.add_column("jobs", sa.Column("cold_start", sa.Double))
