"""The OpenAPI document: complete, and true of what the server answers."""

from __future__ import annotations

import pytest

from tests.server.site_kit import Site

pytestmark = pytest.mark.anyio


async def test_every_operation_tells_its_credentials_and_errors(site: Site) -> None:
    document = (await site.http.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert ("security" in operation) == path.startswith(("/d/", "/api/")), path
            assert operation["responses"]["4XX"]["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorBody")
            assert operation.get("description"), path
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_the_call_is_described_with_its_form_and_both_answers(site: Site) -> None:
    call = (await site.http.get("/openapi.json")).json()["paths"]["/d/{name}/infer"]["post"]
    assert set(call["requestBody"]["content"]) == {"application/x-www-form-urlencoded", "multipart/form-data"}
    assert set(call["responses"]["201"]["content"]) == {"application/json", "text/event-stream"}
    assert [parameter["name"] for parameter in call["parameters"]] == ["name", "version", "ViewComfy-Version"]
