"""The store: the rows of jobs, deployments, keys and events, on SQLite or PostgreSQL."""
