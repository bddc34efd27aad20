"""The order of a workflow's nodes by what they are and where they stand in it, rather than by their ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from viewcomfy.core.wiring import Wiring

_DIGITS = re.compile(r"\d+")
_MAX_ROUNDS = 12


class GraphOrder:
    """Which node comes before which, whatever their ids are. Sets of nodes are bits: 1 << their place."""

    def __init__(self, wiring: Wiring, titles: Mapping[str, str]) -> None:
        self._wiring = wiring
        self._titles = titles
        self._upstream: list[int] | None = None
        self._downstream: list[int] | None = None
        self._kin: dict[str, int] | None = None

    def bits(self, node_ids: Iterable[str]) -> int:
        """Return a set of nodes."""
        found = 0
        for node_id in node_ids:
            found |= 1 << self._wiring.place[node_id]
        return found

    def upstream(self, node_id: str) -> int:
        """Return the nodes that a node gets something from, near or far."""
        if self._upstream is None:
            place = self._wiring.place
            self._upstream = _reached([[place[source] for _, source, _ in self._wiring.links[one]] for one in self._wiring.order])
        return self._upstream[self._wiring.place[node_id]]

    def downstream(self, node_id: str) -> int:
        """Return the nodes that a node gives something to, near or far."""
        if self._downstream is None:
            place = self._wiring.place
            self._downstream = _reached([[place[user] for _, _, user in self._wiring.users[one]] for one in self._wiring.order])
        return self._downstream[self._wiring.place[node_id]]

    def kin(self, node_id: str) -> int:
        """Return a number by which nodes sort: by class, title, inputs, then by those of their neighbours, near ones first.

        Nodes with equal numbers cannot be told apart by structure. Ids and values have no say in it.
        """
        if self._kin is None:
            self._kin = self._refine()
        return self._kin[node_id]

    def _refine(self) -> dict[str, int]:
        """Sort nodes by their own words, then again and again by their neighbours' ranks, until nothing splits any more.

        Ranks are only ever compared with ranks, so that a node elsewhere moves none of them past another.
        """
        workflow = self._wiring.workflow
        words = {name: _DIGITS.sub(lambda digits: digits[0].zfill(6), name) for node in workflow.values() for name in node["inputs"]}
        links = {node: [(words[name], slot, source) for name, source, slot in found] for node, found in self._wiring.links.items()}
        users = {node: [(words[name], slot, user) for name, slot, user in found] for node, found in self._wiring.users.items()}
        rank = _ranks(
            {
                node_id: (node["class_type"], self._titles.get(node_id, ""), sorted([words[name] for name in node["inputs"]]))
                for node_id, node in workflow.items()
            }
        )
        for _ in range(_MAX_ROUNDS):
            finer = _ranks({node_id: (rank[node_id], _seen(links[node_id], rank), _seen(users[node_id], rank)) for node_id in workflow})
            if max(finer.values()) == max(rank.values()):
                break
            rank = finer
        return rank


def _seen(neighbours: list[tuple[str, int, str]], rank: Mapping[str, int]) -> list[tuple[str, int, int]]:
    return sorted([(name, slot, rank[node]) for name, slot, node in neighbours])


def _ranks(keys: Mapping[str, tuple[Any, ...]]) -> dict[str, int]:
    """Return for each node the place of its key among the different keys."""
    ranks: dict[str, int] = {}
    rank, last = -1, None
    for node_id, key in sorted(keys.items(), key=lambda item: item[1]):
        rank += key != last
        ranks[node_id] = rank
        last = key
    return ranks


def _reached(neighbours: list[list[int]]) -> list[int]:
    """Return for each place the set of those that can be reached from it."""
    result = [0] * len(neighbours)
    for circle in _circles(neighbours):
        found = 0
        for place in circle:
            for near in neighbours[place]:
                found |= result[near] | 1 << near
        for place in circle:
            result[place] = found
    return result


def _circles(neighbours: list[list[int]]) -> list[list[int]]:
    """Return the places in groups that reach each other, most often one place each; what a group leads to comes before it (Kosaraju)."""
    sources: list[list[int]] = [[] for _ in neighbours]
    for place, nears in enumerate(neighbours):
        for near in nears:
            sources[near].append(place)
    seen = bytearray(len(neighbours))
    ended = [place for start in range(len(neighbours)) for place in _walk(start, sources, seen)]
    seen = bytearray(len(neighbours))
    return [circle for start in reversed(ended) if (circle := _walk(start, neighbours, seen))]


def _walk(start: int, neighbours: list[list[int]], seen: bytearray) -> list[int]:
    """Return the places that a walk from here comes to and that were not seen, each after those that it leads to."""
    ended: list[int] = []
    stack = [start]
    while stack:
        place = stack[-1]
        if seen[place]:
            stack.pop()
            if seen[place] == 1:
                seen[place] = 2
                ended.append(place)
            continue
        seen[place] = 1
        stack.extend([near for near in neighbours[place] if not seen[near]])
    return ended
