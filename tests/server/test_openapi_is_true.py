"""The OpenAPI document is true: whatever it allows to be sent is answered as it says, and never by a fault of the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import schemathesis
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from tests.server.poster import POSTER
from tests.server.site_kit import Site, open_site

Case = schemathesis.Case[Any]
Operation = schemathesis.APIOperation[Any, Any, Any, Any]
NOT_TOLD = [
    positive_data_acceptance,  # a document cannot say which params a workflow has
    ignored_auth,  # it takes back only credentials that it made up itself; see test_no_operation_answers_a_stranger
]
NOBODY = {"client_id": "vc_nobody", "client_secret": "x"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(open_site(tmp_path_factory.mktemp("data"))) as site,
    ):
        yield site


@pytest.fixture(scope="module")
def operations(running: Site) -> list[Operation]:
    schema = schemathesis.openapi.from_url(f"{running.url}/openapi.json")
    schema.config.update(base_url=running.url)
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


def try_out(operation: Operation, check: Callable[[Case], None], examples: int) -> None:
    """Check an operation with many requests that the document allows, the same ones each time."""

    @given(operation.as_strategy())
    @settings(max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def attempt(case: Case) -> None:
        check(case)

    attempt()


def test_every_operation_answers_as_documented(running: Site, operations: list[Operation]) -> None:
    def check(case: Case) -> None:
        case.call_and_validate(headers=running.admin, timeout=10, excluded_checks=NOT_TOLD)

    for operation in operations:
        try_out(operation, check, examples=12)


def test_a_call_with_a_deployment_that_exists_answers_as_documented(running: Site, operations: list[Operation]) -> None:
    def check(case: Case) -> None:
        case.path_parameters["name"] = "picture"
        case.call_and_validate(headers=running.admin, timeout=10, excluded_checks=NOT_TOLD)

    for operation in operations:
        if operation.path.startswith("/d/"):
            try_out(operation, check, examples=25)


def test_a_deployment_that_exists_is_managed_as_documented(running: Site, operations: list[Operation]) -> None:
    def check(case: Case) -> None:
        case.path_parameters["name"] = "waiting"
        case.call_and_validate(headers=running.admin, timeout=10, excluded_checks=NOT_TOLD)

    for operation in operations:
        if operation.path.startswith("/api/deployments/{name}") and operation.method != "delete":
            try_out(operation, check, examples=15)


def test_what_the_document_of_a_deployment_allows_is_accepted(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(open_site(tmp_path_factory.mktemp("data"), shutdown_grace=0)) as site,
    ):
        portal.call(partial(site.deploy, "poster", POSTER, inputs={"prompt": {"required": True}, "cfg": {"choices": [1, 4.5, 9]}}))
        portal.call(site.fake.pause)  # jobs are accepted and need not run
        schema = schemathesis.openapi.from_url(f"{site.url}/d/poster/openapi.json", headers=site.key)
        schema.config.update(base_url=site.url)

        def check(case: Case) -> None:
            if case.media_type == "application/json":
                case.query.clear()  # a version that is not there is refused, rightly
                case.headers.clear()
                answer = case.call_and_validate(headers=site.key, timeout=10, excluded_checks=[ignored_auth])
                assert answer.status_code == 202, answer.text

        try_out(schema["/d/poster/run"]["POST"], check, examples=150)


def test_no_operation_answers_a_stranger(operations: list[Operation]) -> None:
    def check(case: Case) -> None:
        assert case.call(headers=NOBODY, timeout=10).status_code in (401, 422)  # 422: what is checked without looking anything up

    for operation in operations:
        if operation.path.startswith(("/d/", "/api/")):
            try_out(operation, check, examples=4)
