"""The deployments that an environment must be able to run: from the database beside it, else from the server."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from viewcomfy.cli.env_place import Connection
from viewcomfy.cli.options import connect, settings_from
from viewcomfy.settings import ClientSettings, Settings

Workflows = Mapping[str, Mapping[str, Any]]


def deployed(settings: Settings, connection: Connection, environments: Collection[str]) -> Workflows | None:
    """Return the workflows of the current versions that carry one of these environments; an empty id stands for carrying none.

    The database is read where it is: named by a setting, or in the data folder. Elsewhere, as on the machine of a worker, the server
    is asked, if it was named or there is an admin token. None: neither is there.
    """
    database = settings.store.get_secret_value() if settings.store else settings.data_dir.expanduser().absolute() / "viewcomfy.db"
    if not any(connection) and (isinstance(database, str) or database.is_file()):
        from viewcomfy.store.store import Store

        async def read() -> Workflows:
            store = await Store.open(database)
            try:
                found = await store.deployments.list()
            finally:
                await store.close()
            return {one.name: one.workflow for one in found if one.environment in environments}

        return asyncio.run(read())
    return _of_server(connection, environments) if any(connection) or settings_from(ClientSettings).admin_token else None


def _of_server(connection: Connection, environments: Collection[str]) -> Workflows:
    with connect(*connection) as client:
        names = [one.name for one in client.deployments() if one.environment in environments]
        return {name: client.deployment(name).describe().workflow_api for name in names}
