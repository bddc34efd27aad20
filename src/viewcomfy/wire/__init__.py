"""The shapes that go over HTTP, as pydantic models."""
