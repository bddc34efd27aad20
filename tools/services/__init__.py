"""Real services for tests, trials and benchmarks: NATS, PostgreSQL and an S3 server, each on a free port and stopped by its id."""
