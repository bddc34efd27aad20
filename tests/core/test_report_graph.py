"""Who feeds whom, and what goes in circles."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.report_graph import cycles, reached

Graph = dict[str, list[str]]
GRAPHS = st.integers(1, 9).flatmap(
    lambda size: st.fixed_dictionaries({str(at): st.lists(st.integers(0, size - 1).map(str), max_size=3) for at in range(size)})
)


def has_cycle(sources: Graph) -> bool:
    left = dict(sources)
    while free := [node for node, into in left.items() if not any(source in left for source in into)]:
        for node in free:
            del left[node]
    return bool(left)


@given(GRAPHS)
def test_cycles_are_found_where_there_are_any_and_are_cycles(sources: Graph) -> None:
    found = cycles(sources)
    assert bool(found) == has_cycle(sources)
    for cycle in found:
        assert all(source in sources[node] for source, node in zip(cycle, [*cycle[1:], cycle[0]], strict=True))
        assert cycle[0] == min(cycle, key=list(sources).index)
    nodes = [node for cycle in found for node in cycle]
    assert len(nodes) == len(set(nodes))


@given(GRAPHS)
def test_what_is_reached_is_closed(sources: Graph) -> None:
    found = reached(["0"], sources)
    assert "0" in found
    assert all(source in found for node in found for source in sources[node])
