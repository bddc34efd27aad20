"""What keeps deployments from running in an environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from viewcomfy.core.catalog import Catalog
from viewcomfy.core.report import Report, report
from viewcomfy.core.report_hints import Hints


def unfit(workflows: Mapping[str, Mapping[str, Any]], environment: str, catalog: Catalog) -> dict[str, Report]:
    """Return the reports of those, by their names, that could not run with this catalog as they are."""
    hints = Hints()
    reports = {name: report(workflow, {environment: catalog}, hints=hints) for name, workflow in workflows.items()}
    return {name: found for name, found in reports.items() if not found.ok}
