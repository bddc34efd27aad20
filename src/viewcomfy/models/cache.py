"""The cache of models: which of those that were fetched for deployments go, to make room for another."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from viewcomfy.models.record import Entry

ANY = ""
"""A folder that stands for every folder: of a workflow it is known which file it names, not where that lies."""


def to_remove(
    entries: Iterable[Entry], needed: int, *, limit: int, keep: Collection[tuple[str, str]], short: int = 0
) -> list[Entry] | None:
    """Return the cached files to remove, those used longest ago first, so that `needed` bytes more fit into `limit` (0: no limit).

    `short` is how many bytes the disk itself lacks. A file in `keep`, as (folder, file), stays, and so does every one that was not
    fetched for a deployment; None is returned where removing all that may go would not be enough.
    """
    cached = [entry for entry in entries if entry.cached]
    over = max(sum(entry.size for entry in cached) + needed - limit if limit else 0, short)
    if over <= 0:
        return []
    spare = [entry for entry in cached if (entry.folder, entry.file) not in keep and (ANY, entry.file) not in keep]
    chosen: list[Entry] = []
    for entry in sorted(spare, key=lambda entry: max(entry.used_at, entry.added_at)):
        if over <= 0:
            break
        chosen.append(entry)
        over -= entry.size
    return chosen if over <= 0 else None
