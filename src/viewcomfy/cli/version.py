"""The version that is installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version


def version() -> str:
    """Return the version of this package; "unknown" where it runs from its source without being installed."""
    try:
        return installed_version("viewcomfy")
    except PackageNotFoundError:
        return "unknown"
