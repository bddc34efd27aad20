"""The rules: pure functions and frozen dataclasses, on the standard library alone."""
