"""The use cases: what callers and owners can do, without HTTP and without SQL."""
