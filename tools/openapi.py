"""Write dashboard/openapi.json, from which the dashboard's types are made: `python -m tools.openapi`."""

from __future__ import annotations

import json
from pathlib import Path

from viewcomfy.server.app import create_app
from viewcomfy.settings import Settings

DOCUMENT = Path(__file__).parents[1] / "dashboard" / "openapi.json"


def document() -> str:
    """Return our OpenAPI document as it lies in the repository."""
    app = create_app(None, Settings())  # type: ignore[arg-type]  # only its description is read
    return json.dumps(app.openapi(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document())
