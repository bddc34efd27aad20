from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from inspect import isasyncgen, isawaitable
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.client.scripted import ScriptedServer, Served, serving
from viewcomfy import (
    AsyncBatchHandle,
    AsyncClient,
    AsyncDeploymentHandle,
    AsyncJobHandle,
    AsyncOutputFile,
    AsyncResult,
    Client,
)

MakeClient = Callable[..., Any]
OURS = (AsyncBatchHandle, AsyncDeploymentHandle, AsyncJobHandle, AsyncOutputFile, AsyncResult)


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    served = Served()
    with serving(served) as served.url:
        yield served


@pytest.fixture
def server(served: Served) -> ScriptedServer:
    served.scripted = ScriptedServer()
    served.scripted.url = served.url
    return served.scripted


class Blocking:
    """Anything of the async client, used like its sync twin, so that one test tells about both."""

    def __init__(self, portal: BlockingPortal, inner: Any) -> None:
        self._portal = portal
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if not callable(value):
            return self._plain(value)

        def call(*args: Any, **kwargs: Any) -> Any:
            async def wait() -> Any:
                made = value(*args, **kwargs)
                return await made if isawaitable(made) else made

            return self._plain(self._portal.call(wait))

        return call

    def __iter__(self) -> Iterator[Any]:
        return self._iterate(aiter(self._inner))

    def _plain(self, value: Any) -> Any:
        if isasyncgen(value):
            return self._iterate(value)
        if isinstance(value, list):
            return [self._plain(item) for item in value]
        return Blocking(self._portal, value) if isinstance(value, OURS) else value

    def _iterate(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        async def step() -> tuple[Any, ...]:
            async for item in items:
                return (item,)
            return ()

        while found := self._portal.call(step):
            yield self._plain(found[0])


@pytest.fixture(params=["sync", "async"])
def make_client(request: pytest.FixtureRequest, server: ScriptedServer) -> Iterator[MakeClient]:
    """Make a client of the scripted server, sync or async."""
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal()) if request.param == "async" else None

        def make(**options: Any) -> Any:
            options = {"server": server.url, "client_id": "me", "client_secret": "s3", **options}
            if portal is None:
                return stack.enter_context(Client(**options))
            client = AsyncClient(**options)
            stack.callback(portal.call, client.close)
            return Blocking(portal, client)

        yield make


@pytest.fixture
def client(make_client: MakeClient) -> Any:
    return make_client()
