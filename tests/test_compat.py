"""The published interface, over real sockets against a server that says what a test scripts."""

from __future__ import annotations

import inspect
import io
import json
import typing
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.client.scripted import ConnectionLostError, serving
from viewcomfy import compat
from viewcomfy.core.errors import InvalidKey, ServerUnavailable, WorkflowFailed

pytestmark = pytest.mark.anyio

RESULT = {
    "prompt_id": "p", "status": "success", "completed": True, "execution_time_seconds": 1.5, "prompt": {"3": {}},
    "outputs": [{"filename": "a.png", "content_type": "image/png", "data": "AAA=", "size": 2}],
}  # fmt: skip
KEY: dict[str, Any] = {"client_id": "me", "client_secret": "s3"}


@dataclass
class Hosted:
    """A V1 endpoint: what it answers, and what arrived."""

    url: str = ""
    answer: Response | None = None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)

    async def infer(self, request: Request) -> Response:
        self.body, self.headers = await request.body(), dict(request.headers)
        async with request.form() as form:
            self.fields = {k: v if isinstance(v, str) else (v.filename, await v.read()) for k, v in form.multi_items()}
        return self.answer or JSONResponse(RESULT, 201)

    async def moved(self, request: Request) -> Response:
        return RedirectResponse(request.url.replace(path="/d/demo/infer"), 307)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Hosted]:
    hosted = Hosted()
    routes = [Route("/d/demo/infer", hosted.infer, methods=["POST"]), Route("/moved", hosted.moved, methods=["POST"])]
    with serving(Starlette(routes=routes)) as url:
        hosted.url = f"{url}/d/demo/infer"
        yield hosted


@pytest.fixture
def hosted(endpoint: Hosted) -> Hosted:
    endpoint.answer = None
    return endpoint


def stream(*chunks: str | bytes) -> Response:
    async def told() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk.encode() if isinstance(chunk, str) else chunk

    return StreamingResponse(told(), 201, media_type="text/event-stream")


def told(event: str, data: str) -> str:
    return f"event: {event}\ndata: {data}\n\n"


async def infer(hosted: Hosted, params: dict[str, Any], **more: Any) -> compat.PromptResult:
    return await compat.infer(params=params, api_url=hosted.url, **KEY, **more)


async def infer_with_logs(hosted: Hosted, params: dict[str, Any], **more: Any) -> tuple[compat.PromptResult | None, list[str]]:
    lines: list[str] = []
    return await compat.infer_with_logs(params=params, api_url=hosted.url, logging_callback=lines.append, **KEY, **more), lines


# --- what is sent -----------------------------------------------------------------------------------------------------
async def test_without_a_file_the_form_is_urlencoded(hosted: Hosted) -> None:
    await infer(hosted, {"6-inputs-text": "a cat", "3-inputs-seed": 7, "5-inputs-on": True})
    assert hosted.headers["content-type"] == "application/x-www-form-urlencoded"
    assert (hosted.headers["client_id"], hosted.headers["client_secret"]) == ("me", "s3")
    params = '{"6-inputs-text": "a cat", "3-inputs-seed": 7, "5-inputs-on": true}'
    assert hosted.fields == {"logs": "false", "params": params, "workflow_api": ""}


async def test_with_a_file_it_is_multipart(hosted: Hosted, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"png")
    with photo.open("rb") as opened:
        await infer(hosted, {"52-inputs-image": opened, "3-inputs-seed": 7}, override_workflow_api={"1": {}})
    assert hosted.headers["content-type"].startswith("multipart/form-data")
    assert hosted.fields == {
        "logs": "false", "params": '{"3-inputs-seed": 7}', "workflow_api": '{"1": {}}', "52-inputs-image": ("photo.png", b"png"),
    }  # fmt: skip


def test_only_what_open_returns_counts_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    with (tmp_path / "x").open("rb") as opened:
        assert isinstance(opened, BufferedReader)
        memory = io.BytesIO()
        assert compat.parse_parameters({"a": opened, "b": memory, "c": 1}) == ({"b": memory, "c": 1}, [("a", opened)])


# --- what comes back --------------------------------------------------------------------------------------------------
async def test_the_result_has_its_outputs_as_files(hosted: Hosted) -> None:
    result = await infer(hosted, {"3-inputs-seed": 7})
    assert (result.prompt_id, result.status, result.completed, result.execution_time_seconds) == ("p", "success", True, 1.5)
    assert result.prompt == {"3": {}}
    (file,) = result.outputs
    assert (file.filename, file.content_type, file.data, file.size) == ("a.png", "image/png", "AAA=", 2)


def test_a_result_may_lack_its_outputs_and_a_file_any_field() -> None:
    assert compat.PromptResult("p", "success", True, 1.0, {}).outputs == []
    (file,) = compat.PromptResult("p", "success", True, 1.0, {}, [{}]).outputs
    assert (file.filename, file.content_type, file.data, file.size) == ("", "", "", 0)


async def test_logs_and_errors_reach_the_callback_with_their_names(hosted: Hosted) -> None:
    done = json.dumps(RESULT)
    hosted.answer = stream(
        told("log_message", "one"), ": ping\n\n", told("error", "boom"), told("prompt_result", done), told("log_message", "late")
    )
    result, lines = await infer_with_logs(hosted, {"3-inputs-seed": 7})
    assert hosted.fields["logs"] == "true"
    assert lines == ["log_message: one", "error: boom"]
    assert result is not None
    assert result.outputs[0].filename == "a.png"


async def test_a_stream_is_read_however_it_is_cut(hosted: Hosted) -> None:
    text = told("log_message", "größe") + "id: 1\nretry: 5\n" + told("prompt_result", json.dumps(RESULT))
    hosted.answer = stream(*[text.encode()[i : i + 1] for i in range(len(text.encode()))])
    result, lines = await infer_with_logs(hosted, {})
    assert lines == ["log_message: größe"]
    assert result is not None


async def test_a_stream_without_a_result_gives_none(hosted: Hosted) -> None:
    hosted.answer = stream(told("log_message", "one"))
    assert await infer_with_logs(hosted, {}) == (None, ["log_message: one"])


async def test_the_last_data_line_wins_and_what_is_unknown_is_printed(hosted: Hosted, capsys: pytest.CaptureFixture[str]) -> None:
    hosted.answer = stream(
        "event: log_message\ndata: a\ndata: b\n\n",
        told("news", "x"),
        "data: y\n\n",
        told("prompt_result", "{"),
        told("prompt_result", "{}"),
    )
    result, lines = await infer_with_logs(hosted, {})
    assert (result, lines) == (None, ["log_message: b"])
    assert capsys.readouterr().out.splitlines() == [
        "Unknown event: news, data: x",
        "Unknown event: message, data: y",
        "Invalid JSON: ...",
        "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ]


# --- errors: the published texts, in our classes ----------------------------------------------------------------------
REFUSAL = {"code": "invalid_key", "detail": "Wrong."}


async def test_a_refusal_says_status_and_body(hosted: Hosted) -> None:
    hosted.answer = JSONResponse(REFUSAL, 401)
    with pytest.raises(InvalidKey) as caught:
        await infer(hosted, {})
    assert str(caught.value) == 'Error during API call: API request failed with status 401: {"code":"invalid_key","detail":"Wrong."}'
    with pytest.raises(InvalidKey) as caught:
        await infer_with_logs(hosted, {})
    assert str(caught.value) == f"Error with streaming request: API request failed with status 401: {REFUSAL}"


async def test_success_is_exactly_201(hosted: Hosted) -> None:
    hosted.answer = JSONResponse(RESULT, 200)
    with pytest.raises(Exception, match=r"^Error during API call: API request failed with status 200: "):
        await infer(hosted, {})


async def test_a_failed_workflow_keeps_its_facts(hosted: Hosted) -> None:
    hosted.answer = JSONResponse({"code": "workflow_failed", "detail": "boom", "details": {"node_id": "3"}, "prompt_id": "p"}, 502)
    with pytest.raises(WorkflowFailed) as caught:
        await infer(hosted, {})
    assert caught.value.details == {"node_id": "3", "prompt_id": "p", "http_status": 502}


async def test_an_answer_that_is_no_stream_is_told(hosted: Hosted) -> None:
    hosted.answer = JSONResponse(RESULT, 201)
    with pytest.raises(Exception, match=r"^Error with streaming request: Set the logs to True for streaming the process logs$"):
        await infer_with_logs(hosted, {})
    with pytest.raises(Exception, match=r"^Set the logs to True for streaming the process logs$"):
        await compat.ComfyAPIClient(infer_url="http://x", **KEY).infer_with_logs(data={"logs": "true"}, logging_callback=print)


async def test_a_stream_error_that_is_not_json_is_told(hosted: Hosted) -> None:
    hosted.answer = PlainTextResponse("<html>", 502)
    with pytest.raises(Exception, match=r"^Error with streaming request: Expecting value: line 1"):
        await infer_with_logs(hosted, {})


async def test_a_server_that_is_not_there_is_told(hosted: Hosted) -> None:
    hosted.answer = StreamingResponse(_lost(), 201)
    with pytest.raises(ServerUnavailable, match=r"^Connection error: "):
        await infer(hosted, {})
    with pytest.raises(ServerUnavailable, match=r"^Connection error: "):
        await compat.infer(params={}, api_url="http://127.0.0.1:1/d/demo/infer", **KEY)
    with pytest.raises(ServerUnavailable, match=r"^Error with streaming request: "):
        await compat.infer_with_logs(params={}, logging_callback=print, api_url="http://127.0.0.1:1/", **KEY)


async def _lost() -> AsyncIterator[bytes]:
    yield b"{"
    raise ConnectionLostError


async def test_an_error_of_the_callback_ends_the_call(hosted: Hosted) -> None:
    hosted.answer = stream(told("log_message", "one"))

    def fail(line: str) -> None:
        raise KeyError(line)

    with pytest.raises(Exception, match=r"^Error with streaming request: 'log_message: one'$"):
        await compat.infer_with_logs(params={}, logging_callback=fail, api_url=hosted.url, **KEY)


async def test_a_redirect_is_followed_with_the_form(hosted: Hosted) -> None:
    hosted.fields = {}
    await compat.infer(params={"3-inputs-seed": 7}, api_url=hosted.url.replace("/d/demo/infer", "/moved"), **KEY)
    assert hosted.fields["params"] == '{"3-inputs-seed": 7}'


@pytest.mark.parametrize("missing", ["infer_url", "client_id", "client_secret"])
def test_each_part_of_a_client_is_required(missing: str) -> None:
    with pytest.raises(Exception, match=f"^{missing} is required$"):
        compat.ComfyAPIClient(**{"infer_url": "http://x", **KEY, missing: None})


# --- signatures -------------------------------------------------------------------------------------------------------
def names(function: Any) -> list[tuple[str, str, bool]]:
    return [(p.name, p.kind.name, p.default is p.empty) for p in inspect.signature(function).parameters.values() if p.name != "self"]


def keywords(required: str, optional: str = "") -> set[tuple[str, str, bool]]:
    return {(name, "KEYWORD_ONLY", True) for name in required.split()} | {(name, "KEYWORD_ONLY", False) for name in optional.split()}


def test_the_signatures_are_the_published_ones() -> None:
    assert set(names(compat.infer)) == keywords("params api_url client_id client_secret", "override_workflow_api")
    assert set(names(compat.infer_with_logs)) == keywords(
        "params logging_callback api_url client_id client_secret", "override_workflow_api"
    )
    client = compat.ComfyAPIClient
    assert set(names(client.__init__)) == keywords("", "infer_url client_id client_secret")
    assert set(names(client.infer)) == keywords("data", "files")
    assert set(names(client.infer_with_logs)) == keywords("data logging_callback", "files")
    assert set(names(client.consume_event_source)) == keywords("response logging_callback")
    assert [name for name, _, _ in names(compat.FileOutput.__init__)] == ["filename", "content_type", "data", "size"]
    fields = ["prompt_id", "status", "completed", "execution_time_seconds", "prompt", "outputs"]
    assert [name for name, _, _ in names(compat.PromptResult.__init__)] == fields
    assert typing.get_type_hints(compat.infer)["return"] is compat.PromptResult


def test_the_parameters_file_is_the_published_one() -> None:
    workflow: dict[str, dict[str, Any]] = {
        "6": {"inputs": {"text": "a cat", "clip": ["38", 0]}, "class_type": "CLIPTextEncode", "_meta": {"title": "Prompt"}},
        "3": {"class_type": "KSampler", "inputs": {"seed": 7}, "_meta": {"title": ""}},
        "57:8": {"class_type": "Note"},
    }
    assert json.dumps(compat.workflow_api_parameters_creator(workflow), indent=4).splitlines()[1:] == [
        '    "_6-node-class_type-info": "Prompt",',
        '    "6-inputs-text": "a cat",',
        '    "6-inputs-clip": [',
        '        "38",',
        "        0",
        "    ],",
        '    "_3-node-class_type-info": "KSampler",',
        '    "3-inputs-seed": 7,',
        '    "_57:8-node-class_type-info": "Note"',
        "}",
    ]
