"""Hatch's build hook: a wheel and a source distribution carry the built dashboard."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DashboardHook(BuildHookInterface[Any]):
    """Builds the dashboard before it is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build it; without Node.js the package comes without a dashboard and says so. An editable install needs none yet."""
        if version == "editable" or not (Path(self.root) / "dashboard").is_dir():  # a source distribution has it built
            return
        sys.path.insert(0, self.root)
        from tools import dashboard

        if dashboard.node_is_there():
            dashboard.build()
        elif not dashboard.BUILT.exists():
            self.app.display_warning(dashboard.MISSING)
