"""JSON bodies of the management API, read within limits and checked into a model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from viewcomfy.core.errors import InvalidJson, TooLarge
from viewcomfy.core.workflows import read_json
from viewcomfy.server.errors import bad_input

M = TypeVar("M", bound=BaseModel)


async def read_model(request: Request, model: type[M], limit: int) -> M:
    """Return the body as a model. `limit` is in bytes. Raises TooLarge, InvalidJson, BadInput."""
    value = read_json(await read_body(request, limit, hint="The server's setting is VIEWCOMFY_MAX_FIELD."), "body")
    try:
        return model.model_validate(value, strict=True)
    except ValidationError as fault:
        raise bad_input(fault.errors(include_url=False, include_context=False, include_input=False), "The body") from fault


async def read_body(request: Request, limit: int, what: str = "The body", *, hint: str | None = None) -> bytes:
    """Return the body. `limit` is in bytes. Raises TooLarge, InvalidJson for one that stops half way."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise TooLarge(f"{what} is larger than {limit} bytes.", hint=hint)
    except ClientDisconnect as fault:
        raise InvalidJson("The body stopped half way.") from fault
    return bytes(body)


def json_response(
    value: BaseModel | Sequence[BaseModel] | dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return models or an object as an answer, in ASCII: a workflow may hold halves of surrogate pairs, which UTF-8 can't."""
    plain = [one.model_dump() for one in value] if isinstance(value, Sequence) else value
    return Response(json.dumps(plain, separators=(",", ":"), default=BaseModel.model_dump), status, headers, "application/json")


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI text for a route whose body is read by `read_model`."""
    schema = model.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _inlined(schema, schema.pop("$defs", {}))}}}}


def _inlined(value: Any, parts: dict[str, Any]) -> Any:
    """Return a schema with the parts that it refers to in their places: it is not at the root of the document that it goes into."""
    if isinstance(value, list):
        return [_inlined(one, parts) for one in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _inlined(parts[value["$ref"].rpartition("/")[2]], parts)
    return {name: _inlined(one, parts) for name, one in value.items()}
