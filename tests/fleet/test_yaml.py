"""YAML as people read it."""

from __future__ import annotations

from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs would be one more package for one call
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.fleet.yaml import documents

TEXT = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=12) | st.sampled_from(
    ["true", "No", "null", "1", "1e3", "~", "a: b", "- a", "#", "0x1F", "2026-01-01", "on", "=", "<<", ""]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(st.lists(VALUES, min_size=1, max_size=3))
def test_what_is_written_is_read_again(values: list[Any]) -> None:
    assert list(yaml.safe_load_all(documents(values))) == values


def test_it_reads_well() -> None:
    value = {"kind": "Job", "spec": {"args": ["worker", "--pool"], "count": 1, "empty": {}, "on": "yes"}}
    assert documents([value, {"a": "1"}]) == (
        'kind: Job\nspec:\n  args:\n    - worker\n    - "--pool"\n  count: 1\n  empty: {}\n  "on": "yes"\n---\na: "1"\n'
    )
