"""The rules that the sync and the async client share: credentials, calls, answers, errors and when to try again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar
from urllib.parse import unquote, urlsplit

import httpx2
from pydantic import ValidationError

from viewcomfy.client._form import Form
from viewcomfy.core import errors
from viewcomfy.core.deployments import check_name
from viewcomfy.core.jobs import JobStatus
from viewcomfy.wire.errors import ErrorBody
from viewcomfy.wire.jobs import JobDetail, OutputOut

T = TypeVar("T")

BACKOFF, BACKOFF_MOST = 0.25, 8.0
"""Seconds before the second try, and the most between two tries."""
RETRY_AFTER_MOST = 60.0
"""A server that asks to wait longer than so many seconds gets no second try."""

BY_STATUS: Mapping[int, type[errors.ViewComfyError]] = {
    400: errors.BadInput, 401: errors.AuthError, 403: errors.Forbidden, 404: errors.NotFound, 405: errors.MethodNotAllowed,
    409: errors.Conflict, 413: errors.TooLarge, 422: errors.BadInput, 429: errors.QueueFull, 500: errors.InternalError,
    # a gateway's own answer, without our body: the server behind it is away
    502: errors.ServerUnavailable, 503: errors.ServerUnavailable, 504: errors.ServerUnavailable, 507: errors.DiskFull,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What to say who is calling: a key, the admin token, or both."""

    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    admin_token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if (self.client_id is None) != (self.client_secret is None):
            raise errors.MissingKey("A key has two parts.", hint="Give client_id and client_secret together.")

    def headers(self, *, admin: bool) -> dict[str, str]:
        """Return the headers of a call: the token first where the call manages the server, the key first everywhere else."""
        key = {"client_id": self.client_id, "client_secret": self.client_secret or ""} if self.client_id is not None else {}
        token = {"Authorization": f"Bearer {self.admin_token}"} if self.admin_token is not None else {}
        return (token or key) if admin else (key or token)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A deployment on a server: `base` is the server's URL without a final slash."""

    base: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One request as a value: `path` is below the server's URL, `read` makes the answer of its JSON.

    `text` is sent as the body as it is; where `plain`, `read` gets the text of the answer.
    `repeatable` tells that sending it twice does what sending it once does. `timeout` is how many seconds its answer may
    take where that is more than the client's own.
    """

    method: str
    path: str
    read: Callable[[Any], T]
    query: Mapping[str, str | int | float] = field(default_factory=dict)
    json: Any = None
    text: str | None = None
    form: Form | None = None
    plain: bool = False
    admin: bool = False
    repeatable: bool = True
    timeout: float = 0.0


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that failed; `harmless` tells that the server surely did nothing of it, `lasting` that it would fail again."""

    error: errors.ViewComfyError
    harmless: bool = False
    lasting: bool = False


def server_url(url: str) -> str:
    """Return a server's URL without its final slash; raise BadInput where it is none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise errors.BadInput(f"{url!r} is not the URL of a server.", hint="For example http://127.0.0.1:8000.")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def endpoint(deployment: str, base: str) -> Endpoint:
    """Return where a deployment is, given as its name on the server at `base` or as the URL of its endpoint."""
    if "://" not in deployment:
        return Endpoint(base, check_name(deployment))
    before, marker, after = server_url(deployment).rpartition("/d/")
    name = unquote(after.removesuffix("/infer"))
    if not marker or "/" in name:
        raise errors.BadInput(f"{deployment!r} is not the URL of a deployment.", hint=f"It looks like {base}/d/my-deployment/infer.")
    return Endpoint(before, check_name(name))


def answer(call: Call[T], response: httpx2.Response) -> T:
    """Return what a call answered; raise the error that the answer tells of."""
    if not response.is_success:
        raise error_of(response)
    try:
        if call.plain:
            return call.read(response.content.decode())
        return call.read(json.loads(response.content) if response.content else None)
    except (ValueError, ValidationError) as fault:
        raise errors.ServerUnavailable(
            f"{call.method} {response.url.copy_with(query=None)} was not answered as a viewcomfy server does.",
            hint="Check the server's URL.",
        ) from fault


def error_of(response: httpx2.Response) -> errors.ViewComfyError:
    """Return the error that an answer tells of: by its code, or by its status where it has none (a proxy's, say)."""
    wait = retry_after(response.headers.get("retry-after"))
    by_status = BY_STATUS.get(response.status_code, errors.ViewComfyError)
    try:
        body = ErrorBody.model_validate_json(response.content)
    except ValidationError:
        return by_status(_sentence(response), retry_after=wait, details={"http_status": response.status_code})
    cls = errors.error_for_code(body.code)
    details = {**body.details, "http_status": response.status_code}
    if cls is errors.ViewComfyError and body.code != cls.code:
        cls, details["code"] = by_status, body.code
    if body.prompt_id:
        details["prompt_id"] = body.prompt_id
    return cls(body.detail, hint=body.hint, problems=body.problems, details=details, retry_after=wait)


def _sentence(response: httpx2.Response) -> str:
    """Say what a foreign error answer says, as far as it is readable."""
    where = f"{response.request.method} {response.request.url.copy_with(query=None)!s:.80}"  # a link's signature is left out
    if response.is_redirect:
        return f"{where} is answered with a redirect to {response.headers.get('location', 'nowhere')}. Give that server's URL."
    try:
        said = json.loads(response.content)
    except ValueError:
        said = None
    text = said.get("detail") if isinstance(said, dict) else None
    return f"{where} failed with status {response.status_code}{f': {text}' if isinstance(text, str) else ''}."


def retry_after(value: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for: a number, or a date."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def unreachable(fault: httpx2.RequestError, url: str) -> Failure:
    """Return the failure behind a fault of the connection."""
    reason = str(fault) or type(fault).__name__
    error = errors.ServerUnavailable(f"The server at {url} cannot be reached: {reason}.", hint="Is it running, and is the URL right?")
    error.__cause__ = fault
    return Failure(
        error,
        harmless=isinstance(fault, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout),
        lasting=not isinstance(fault, httpx2.TransportError) or isinstance(fault, httpx2.LocalProtocolError | httpx2.UnsupportedProtocol),
    )


def refused(error: errors.ViewComfyError) -> Failure:
    """Return the failure behind an error that the server answered."""
    return Failure(error, harmless=isinstance(error, errors.QueueFull), lasting=not is_passing(error))


def is_passing(error: errors.ViewComfyError) -> bool:
    """Tell whether the same call may well succeed a little later."""
    return isinstance(error, errors.ServerUnavailable | errors.QueueFull)


def pause_before_retry(failure: Failure, tries: int, most: int, *, repeatable: bool, chance: float) -> float | None:
    """Return the seconds to wait before the next try, None where there should be none.

    `tries` were made, `most` are allowed; `chance` from 0 to 1 spreads callers that failed together.
    """
    if tries >= most or failure.lasting or not (repeatable or failure.harmless):
        return None
    pause: float = min(BACKOFF_MOST, BACKOFF * 2 ** (tries - 1)) * (0.5 + chance / 2)
    asked = failure.error.retry_after or 0.0
    return None if asked > RETRY_AFTER_MOST else max(pause, asked)


def job_error(job: JobDetail) -> errors.ViewComfyError | None:
    """Return the error that a finished job ended with, None where it succeeded."""
    if job.status is JobStatus.SUCCEEDED:
        return None
    details = {"prompt_id": job.prompt_id}
    if job.error is not None:
        return errors.error_for_code(job.error.code)(job.error.message, details={**job.error.details, **details})
    if job.status is JobStatus.CANCELED:
        return errors.JobCanceled(f"Job {job.prompt_id} was canceled.", details=details)
    return errors.RunError(f"Job {job.prompt_id} failed.", details=details)


def output_named(job: JobDetail, filename: str) -> OutputOut:
    """Return a job's output by its name; raise UnknownFile where it has been removed."""
    for output in job.outputs:
        if output.filename == filename:
            return output
    raise errors.UnknownFile(f"Job {job.prompt_id} has no output {filename!r} any more.", details={"prompt_id": job.prompt_id})


def file_url(base: str, url: str) -> str:
    """Return the whole URL of a link, which a server may give as a path of its own."""
    return base + url if url.startswith("/") else url


def still_running(prompt_id: str, timeout: float | None) -> errors.StillRunning:
    """Return the error of a wait that ended before its job did."""
    return errors.StillRunning(
        f"Job {prompt_id} has not ended within {timeout:g} s; it goes on." if timeout is not None else f"Job {prompt_id} goes on.",
        hint=f"job({prompt_id!r}).result() waits on, cancel({prompt_id!r}) ends it.",
        details={"prompt_id": prompt_id},
    )
