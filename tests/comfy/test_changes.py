"""What installers say they would do."""

from __future__ import annotations

import json

from viewcomfy.comfy.changes import Change, canonical, differences, pip_changes, uv_changes

UV = """Resolved 40 packages in 318ms
Would download 1 package
 - einops==0.8.2
 + einops==0.7.0
 ~ kept==1.0
 + small-one @ file:///tmp/small_one-1.0-py3-none-any.whl
 + Torch_Thing==2.13.0+cpu (from https://host.example/torch_thing.whl)
 - old==3
"""


def test_uv_tells_of_changes_line_by_line() -> None:
    assert uv_changes(UV) == [
        Change("einops", "0.8.2", "0.7.0"),
        Change("kept", "1.0", "1.0"),
        Change("old", "3", ""),
        Change("small-one", "", "@ file:///tmp/small_one-1.0-py3-none-any.whl"),
        Change("torch-thing", "", "2.13.0+cpu"),
    ]
    assert uv_changes("Checked 3 packages in 1ms\nWould make no changes\n") == []


def test_pip_tells_of_changes_in_a_report() -> None:
    report = {"install": [{"metadata": {"name": "Einops", "version": "0.7.0"}}, {"metadata": {"name": "new", "version": "1"}}]}
    assert pip_changes(json.dumps(report), {"einops": "0.8.2"}) == [Change("einops", "0.8.2", "0.7.0"), Change("new", "", "1")]


def test_two_states_are_compared_by_one_spelling_of_names() -> None:
    assert canonical("Typing_Extensions.x") == "typing-extensions-x"
    before, after = {"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"}
    assert differences(before, after) == [Change("b", "1", "2"), Change("c", "1", ""), Change("d", "", "1")]
