from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest

from viewcomfy.client._core import (
    Credentials,
    Endpoint,
    Failure,
    endpoint,
    error_of,
    pause_before_retry,
    refused,
    retry_after,
    server_url,
    unreachable,
)
from viewcomfy.core import errors

BASE = "http://host:8000"
REQUEST = httpx2.Request("GET", f"{BASE}/d/demo?secret=1")


def answered(status: int, **kwargs: object) -> errors.ViewComfyError:
    return error_of(httpx2.Response(status, request=REQUEST, **kwargs))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("demo", Endpoint(BASE, "demo")),
        ("https://x.example/d/demo/infer", Endpoint("https://x.example", "demo")),
        ("https://x.example/d/demo", Endpoint("https://x.example", "demo")),
        ("https://x.example/d/demo/infer/", Endpoint("https://x.example", "demo")),
        ("https://x.example/behind/d/d/d/a.b-c/infer?x=1", Endpoint("https://x.example/behind/d/d", "a.b-c")),
        ("http://[::1]:8000/d/demo/infer", Endpoint("http://[::1]:8000", "demo")),
    ],
)
def test_a_deployment_is_found_by_its_name_or_its_url(given: str, found: Endpoint) -> None:
    assert endpoint(given, BASE) == found


@pytest.mark.parametrize(
    "given", ["../x", "Demo", "", "a/b", "ftp://x/d/demo/infer", "http://x/demo", "http://x/d/a/b/infer", "http:///d/demo"]
)
def test_what_is_no_deployment_is_refused_before_anything_is_sent(given: str) -> None:
    with pytest.raises(errors.BadInput):
        endpoint(given, BASE)


def test_a_server_is_a_url_with_or_without_a_final_slash() -> None:
    assert server_url("http://host:8000/behind/") == "http://host:8000/behind"
    with pytest.raises(errors.BadInput, match=r"127\.0\.0\.1:8000"):
        server_url("127.0.0.1:8000")


def test_a_key_has_two_parts_and_is_never_shown() -> None:
    with pytest.raises(errors.MissingKey):
        Credentials(client_id="me")
    credentials = Credentials(client_id="me", client_secret="hush", admin_token="quiet")
    assert "hush" not in repr(credentials)
    assert "quiet" not in repr(credentials)
    assert credentials.headers(admin=False) == {"client_id": "me", "client_secret": "hush"}
    assert credentials.headers(admin=True) == {"Authorization": "Bearer quiet"}


def test_an_error_comes_back_in_the_class_of_its_code_with_all_it_says() -> None:
    body = {
        "code": "invalid_params", "detail": "'x' is no input.", "hint": "Did you mean 'y'?", "problems": [{"input": "x"}],
        "details": {"a": 1}, "prompt_id": "p", "new": "from a newer server",
    }  # fmt: skip
    error = answered(422, json=body, headers={"Retry-After": "7"})
    assert type(error) is errors.InvalidParams
    assert str(error) == "'x' is no input. Did you mean 'y'?"
    assert error.problems == [{"input": "x"}]
    assert error.details == {"a": 1, "http_status": 422, "prompt_id": "p"}
    assert error.retry_after == 7


@pytest.mark.parametrize(
    ("status", "cls"),
    [(401, errors.AuthError), (404, errors.NotFound), (422, errors.BadInput), (429, errors.QueueFull), (502, errors.ServerUnavailable),
     (503, errors.ServerUnavailable), (500, errors.InternalError), (418, errors.ViewComfyError)],
)  # fmt: skip
def test_an_error_without_a_code_is_told_by_its_status(status: int, cls: type[errors.ViewComfyError]) -> None:
    assert type(answered(status, text="<html>")) is cls
    error = answered(status, json={"detail": "Because."})
    assert type(error) is cls
    assert "Because." in error.message
    assert "secret" not in error.message


def test_an_unknown_code_keeps_the_family_of_its_status() -> None:
    error = answered(403, json={"code": "from_the_future", "detail": "No."})
    assert type(error) is errors.Forbidden
    assert error.details["code"] == "from_the_future"


def test_retry_after_is_a_number_or_a_date() -> None:
    assert retry_after(None) is None
    assert retry_after("3") == 3
    assert retry_after("soon") is None
    in_a_minute = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True))
    assert in_a_minute is not None
    assert 57 < in_a_minute <= 60


def pause(failure: Failure, tries: int = 1, *, repeatable: bool = True, chance: float = 1.0) -> float | None:
    return pause_before_retry(failure, tries, 4, repeatable=repeatable, chance=chance)


def test_what_never_arrived_may_always_be_sent_again() -> None:
    for fault in (httpx2.ConnectError("no"), httpx2.ConnectTimeout("no"), httpx2.PoolTimeout("no")):
        assert pause(unreachable(fault, BASE), repeatable=False) is not None
    assert pause(refused(errors.QueueFull("full")), repeatable=False) is not None


def test_what_may_have_arrived_is_sent_again_only_where_that_changes_nothing() -> None:
    for failure in (
        unreachable(httpx2.ReadError("no"), BASE),
        unreachable(httpx2.ReadTimeout("no"), BASE),
        refused(errors.ServerUnavailable("no")),
    ):
        assert pause(failure, repeatable=True) is not None
        assert pause(failure, repeatable=False) is None


def test_what_would_fail_again_is_not_sent_again() -> None:
    lasting = [errors.InvalidKey("no"), errors.BadInput("no"), errors.WorkflowFailed("no"), errors.InternalError("no")]
    assert [pause(refused(error)) for error in lasting] == [None] * 4
    assert pause(unreachable(httpx2.LocalProtocolError("bad header"), BASE)) is None
    assert pause(unreachable(httpx2.TooManyRedirects("round"), BASE)) is None


def test_pauses_grow_spread_and_obey_the_server() -> None:
    failure = refused(errors.ServerUnavailable("no"))
    assert [pause(failure, tries) for tries in (1, 2, 3, 4)] == [0.25, 0.5, 1.0, None]
    assert pause(failure, chance=0.0) == 0.125
    assert pause(refused(errors.QueueFull("full", retry_after=5))) == 5
    assert pause(refused(errors.QueueFull("full", retry_after=61))) is None
