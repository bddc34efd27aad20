"""The SDK takes any file with a workflow in it, against the whole server."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client.conftest import MakeClient
from tests.client.whole import WholeServer
from tests.core.editor.carriers import png, webm
from tests.server.editor_workflows import picture, picture_api, untitled
from viewcomfy import InvalidUpload, InvalidWorkflow


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeServer]:
    server = WholeServer(tmp_path_factory.mktemp("whole"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(make_client: MakeClient, whole: WholeServer) -> Any:
    return make_client(server=whole.url, admin_token=whole.admin_token, client_id=None, client_secret=None)


def test_whatever_holds_a_workflow_is_converted(client: Any, tmp_path: Path) -> None:
    carried = png({"workflow": json.dumps(picture())})
    (tmp_path / "editors.png").write_bytes(carried)
    (tmp_path / "made.webm").write_bytes(webm({"prompt": json.dumps(picture_api()), "workflow": "{}"}))
    given: list[tuple[Any, str]] = [
        (picture(), "editor"),
        (picture_api(), "api"),
        (tmp_path / "editors.png", "carried workflow"),
        (str(tmp_path / "made.webm"), "carried prompt"),
        (carried, "carried workflow"),
        (io.BytesIO(carried), "carried workflow"),
    ]
    for workflow, source in given:
        made = client.convert(workflow)
        assert (untitled(made.workflow_api), made.source, made.models) == (picture_api(), source, [])


def test_what_holds_none_is_told_before_anything_is_sent(client: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidWorkflow, match="carries no workflow"):
        client.convert(png({}))
    with pytest.raises(InvalidWorkflow):
        client.convert([1])
    with pytest.raises(InvalidUpload, match=r"nowhere\.json"):
        client.convert(tmp_path / "nowhere.json")


def test_deploying_and_calling_take_the_same_files(client: Any, tmp_path: Path) -> None:
    (tmp_path / "workflow.json").write_text(json.dumps(picture()))
    assert client.deploy("black", tmp_path / "workflow.json").nodes == 2
    assert client.check(str(tmp_path / "workflow.json"), name="black").changes == []
    result = client.infer("black", {"1-inputs-width": 16}, workflow_api=tmp_path / "workflow.json", timeout=20)
    assert result.prompt["1"]["inputs"]["width"] == 16
