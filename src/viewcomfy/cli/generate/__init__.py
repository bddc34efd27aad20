"""Clients of one deployment, written for it: a Python module on our SDK, and a TypeScript file without dependencies."""

from viewcomfy.cli.generate.python import generate_python
from viewcomfy.cli.generate.typescript import generate_typescript

__all__ = ["generate_python", "generate_typescript"]
