"""The history of the tables, for Alembic: `versions/` holds one file for each step."""
