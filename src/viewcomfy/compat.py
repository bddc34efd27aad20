"""ViewComfy's published Python interface under its own names: a script written for the hosted API runs after changing one import."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from io import BufferedReader
from typing import Any, Protocol

import httpx2

from viewcomfy.client._core import error_of
from viewcomfy.core.errors import BadInput, MissingKey, ServerUnavailable, ViewComfyError
from viewcomfy.core.params import flatten
from viewcomfy.wire.infer import EVENT_ERROR, EVENT_LOG, EVENT_RESULT

INFER_TIMEOUT, STREAM_TIMEOUT = 2400.0, 24000.0
"""The published client's limits, in seconds: one for any silence of an answer, one for any silence of a stream."""
NOT_A_STREAM = "Set the logs to True for streaming the process logs"

Files = Sequence[tuple[str, BufferedReader]]


class Lines(Protocol):
    """What `consume_event_source` needs of a response, httpx's or httpx2's."""

    def aiter_lines(self) -> Any:
        """Iterate over the lines of the body."""


class FileOutput:
    """An output: `data` is its content in base64, `size` counts bytes before encoding."""

    def __init__(self, filename: str, content_type: str, data: str, size: int) -> None:
        self.filename = filename
        self.content_type = content_type
        self.data = data
        self.size = size


class PromptResult:
    """The answer to a call, its outputs as FileOutput."""

    def __init__(  # noqa: PLR0917 - the published signature
        self,
        prompt_id: str,
        status: str,
        completed: bool,
        execution_time_seconds: float,
        prompt: dict[str, Any],
        outputs: list[dict[str, Any]] | None = None,
    ) -> None:
        self.prompt_id = prompt_id
        self.status = status
        self.completed = completed
        self.execution_time_seconds = execution_time_seconds
        self.prompt = prompt
        self.outputs = [_file_output(output) for output in outputs or []]


def _file_output(output: Mapping[str, Any]) -> FileOutput:
    return FileOutput(output.get("filename", ""), output.get("content_type", ""), output.get("data", ""), output.get("size", 0))


class ComfyAPIClient:
    """A client of one endpoint."""

    def __init__(self, *, infer_url: str | None = None, client_id: str | None = None, client_secret: str | None = None) -> None:
        if infer_url is None:
            raise BadInput("infer_url is required")
        if client_id is None:
            raise MissingKey("client_id is required")
        if client_secret is None:
            raise MissingKey("client_secret is required")
        self.infer_url = infer_url
        self.client_id = client_id
        self.client_secret = client_secret

    async def infer(self, *, data: dict[str, Any], files: Files = ()) -> dict[str, Any]:
        """Send a form and return the JSON of the answer; raise with the published texts, in the class of the error's code."""
        try:
            async with self._http() as http:
                response = await http.post(self.infer_url, data=data, files=list(files), timeout=INFER_TIMEOUT)
            return _result_of(response)
        except httpx2.HTTPError as fault:
            raise ServerUnavailable(f"Connection error: {fault}") from fault
        except Exception as fault:
            raise _again("Error during API call", fault) from fault

    async def infer_with_logs(
        self, *, data: dict[str, Any], logging_callback: Callable[[str], None], files: Files = ()
    ) -> dict[str, Any] | None:
        """Send a form whose `logs` is True, hand the lines to the callback, and return the result, None if none came."""
        if data.get("logs") is not True:
            raise BadInput(NOT_A_STREAM)
        try:
            async with (
                self._http() as http,
                http.stream("POST", self.infer_url, data=data, files=list(files), timeout=STREAM_TIMEOUT) as response,
            ):
                await _check_stream(response)
                return await self.consume_event_source(response=response, logging_callback=logging_callback)
        except Exception as fault:
            raise _again("Error with streaming request", fault) from fault

    async def consume_event_source(self, *, response: Lines, logging_callback: Callable[[str], None]) -> dict[str, Any] | None:
        """Read server-sent events up to the result and return it; log lines and errors go to the callback.

        As published: of an event's data lines the last one counts, and what is not understood is printed.
        """
        event, data = "message", ""
        async for raw in response.aiter_lines():
            line = raw.strip()
            if line.startswith("event:"):
                event = line[6:].strip()
            elif line.startswith("data:"):
                data = line[5:].strip()
            elif not line and data:
                result = _consume(event, data, logging_callback)
                if result:
                    return result
                event, data = "message", ""
        return None

    def _http(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(headers={"client_id": self.client_id, "client_secret": self.client_secret}, follow_redirects=True)


def _consume(event: str, data: str, logging_callback: Callable[[str], None]) -> dict[str, Any] | None:
    try:
        if event in (EVENT_LOG, EVENT_ERROR):
            logging_callback(f"{event}: {data}")
        elif event == EVENT_RESULT:
            result: dict[str, Any] = json.loads(data)
            return result
        else:
            print(f"Unknown event: {event}, data: {data}")  # noqa: T201 - the published behaviour
    except json.JSONDecodeError as fault:
        print("Invalid JSON: ...")  # noqa: T201 - the published behaviour
        print(fault)  # noqa: T201 - the published behaviour
    return None


def _result_of(response: httpx2.Response) -> dict[str, Any]:
    if response.status_code != 201:
        raise _failed(response, response.text)
    result: dict[str, Any] = response.json()
    return result


async def _check_stream(response: httpx2.Response) -> None:
    if response.status_code != 201:
        raise _failed(response, json.loads(await response.aread()))
    if "text/event-stream" not in response.headers.get("content-type", ""):
        raise BadInput(NOT_A_STREAM)


def _failed(response: httpx2.Response, said: Any) -> ViewComfyError:
    """Return the error of an answer in its own class, with the published text."""
    error = error_of(response)
    return _as(error, f"API request failed with status {response.status_code}: {said}")


def _again(prefix: str, fault: Exception) -> ViewComfyError:
    text = f"{prefix}: {fault}"
    if isinstance(fault, ViewComfyError):
        return _as(fault, text)
    return ServerUnavailable(text) if isinstance(fault, httpx2.HTTPError) else ViewComfyError(text)


def _as(error: ViewComfyError, text: str) -> ViewComfyError:
    return type(error)(text, problems=error.problems, details=error.details, retry_after=error.retry_after)


def parse_parameters(params: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[str, BufferedReader]]]:
    """Split params into values and files; a file is what `open(path, "rb")` returns, and nothing else."""
    files = [(key, value) for key, value in params.items() if isinstance(value, BufferedReader)]
    return {key: value for key, value in params.items() if not isinstance(value, BufferedReader)}, files


async def infer(
    *,
    params: dict[str, Any],
    api_url: str,
    override_workflow_api: dict[str, Any] | None = None,
    client_id: str,
    client_secret: str,
) -> PromptResult:
    """Run a deployment by its endpoint's URL and return the result with its files."""
    values, files = parse_parameters(params)
    client = ComfyAPIClient(infer_url=api_url, client_id=client_id, client_secret=client_secret)
    return PromptResult(**await client.infer(data=_data(values, override_workflow_api, logs=False), files=files))


async def infer_with_logs(
    *,
    params: dict[str, Any],
    logging_callback: Callable[[str], None],
    api_url: str,
    override_workflow_api: dict[str, Any] | None = None,
    client_id: str,
    client_secret: str,
) -> PromptResult | None:
    """Run a deployment and hand its log lines to the callback, live; None where the stream ended without a result."""
    values, files = parse_parameters(params)
    client = ComfyAPIClient(infer_url=api_url, client_id=client_id, client_secret=client_secret)
    data = _data(values, override_workflow_api, logs=True)
    result = await client.infer_with_logs(data=data, files=files, logging_callback=logging_callback)
    return PromptResult(**result) if result else None


def _data(values: dict[str, Any], override: dict[str, Any] | None, *, logs: bool) -> dict[str, Any]:
    # None is sent as an empty field, as the published client does
    return {"logs": logs, "params": json.dumps(values), "workflow_api": json.dumps(override) if override else None}


def workflow_api_parameters_creator(workflow: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the parameters file of a workflow: for each node a comment with its title, then every input by its param key."""
    return flatten({node_id: {"inputs": {}, **node} for node_id, node in workflow.items()})
