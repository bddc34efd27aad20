"""The engine that the settings name: of this process alone, or NATS for many."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from viewcomfy.core.errors import BadInput
from viewcomfy.engine.base import Engine
from viewcomfy.engine.claims import Fits
from viewcomfy.files.base import Files
from viewcomfy.settings import Settings, WorkerSettings

if TYPE_CHECKING:
    from viewcomfy.engine.nats.desk import Linker
    from viewcomfy.engine.nats.engine import NatsEngine
    from viewcomfy.store.store import Store  # a worker has no database, and need not have the library for one

JOIN_SECONDS = 8.0
"""How long a worker tries to join before it says why it can't, and tries again."""
URL_HINT = "It looks like nats://worker-default:TOKEN@host:4222; `viewcomfy nats config` writes one down."


def workers_may_come(settings: WorkerSettings) -> bool:
    """Tell whether jobs may be taken while no worker is there: on an engine of many machines one may come, or be started for them."""
    return nats_url(settings) is not None


def nats_url(settings: WorkerSettings) -> str | None:
    """Return the URL of the engine, None for that of this process alone. Raises BadInput."""
    url = settings.engine.get_secret_value().strip() if settings.engine else ""
    if url in ("", "local"):
        return None
    if not url.startswith(("nats://", "tls://")):
        raise BadInput("The engine is neither `local` nor the URL of a NATS server.", hint=URL_HINT)
    return url


def with_pool_of_token(settings: WorkerSettings) -> WorkerSettings:
    """Return settings with the pool that the token is for, where they name none. Raises BadInput where they name another."""
    from viewcomfy.engine.nats.address import parse_address
    from viewcomfy.engine.nats.permissions import pool_of

    url = nats_url(settings)
    pool = pool_of(parse_address(url).user or "") if url else None
    if pool is None or pool == settings.pool:
        return settings
    if "pool" in settings.model_fields_set:
        raise BadInput(f"The token is for the pool {pool}, not for {settings.pool}.", hint="Leave --pool out, or use that pool's token.")
    return settings.model_copy(update={"pool": pool})


def shown_engine(settings: WorkerSettings) -> str:
    """Return where the engine is, without credentials."""
    from viewcomfy.engine.nats.address import parse_address

    url = nats_url(settings)
    return "this process" if url is None else parse_address(url).shown


@asynccontextmanager
async def server_engine(settings: Settings, store: Store, fits: Fits, linker: Linker) -> AsyncIterator[Engine]:
    """Open the engine of a server: it gives jobs out itself, or takes turns with other servers in doing so.

    `fits` tells whether a claimer's backend has what a job needs, `linker` makes links to files for workers.
    """
    url = nats_url(settings)
    lease, attempts = settings.lease_seconds, settings.attempts
    if url is None:
        from viewcomfy.engine.local import LocalEngine

        local = LocalEngine(store.queue, store.events, lease_seconds=lease, attempts=attempts, fits=fits)
        async with store.turns.alone("engine"), local:
            yield local
    else:
        from viewcomfy.engine.nats.engine import NatsEngine

        rows = (store.queue, store.events)
        nats = NatsEngine(url, rows, pool=settings.pool, lease_seconds=lease, attempts=attempts, fits=fits, linker=linker)
        async with nats:
            yield nats


@asynccontextmanager
async def worker_engine(settings: WorkerSettings) -> AsyncIterator[tuple[NatsEngine, Files]]:
    """Open the engine of a worker process, and the files that it reaches: those that settings name, else by links from the server."""
    from viewcomfy.engine.nats.engine import NatsEngine

    url = nats_url(settings)
    if url is None:
        raise BadInput("A worker needs to be told where the jobs are: --engine or VIEWCOMFY_ENGINE.", hint=URL_HINT)
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(NatsEngine(url, pool=settings.pool, connect_seconds=JOIN_SECONDS))
        yield engine, await _files(settings, engine, stack)


async def _files(settings: WorkerSettings, engine: NatsEngine, stack: AsyncExitStack) -> Files:
    from viewcomfy.files.open import open_files

    data = settings.data_dir.resolve()
    if settings.files is not None:
        return open_files(settings.files.get_secret_value(), data)

    import httpx2

    from viewcomfy.files.linked import LinkedFiles

    async def ask(file_key: str, verb: str) -> str:
        _, _, rest = file_key.partition("jobs/")
        return await engine.link(engine.held(rest.partition("/")[0]), file_key, verb)

    http = await stack.enter_async_context(httpx2.AsyncClient(timeout=httpx2.Timeout(60.0, connect=10.0)))
    return LinkedFiles(ask, http, data / "tmp")
