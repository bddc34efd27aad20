"""The tree of errors."""

from __future__ import annotations

import re

from viewcomfy.core.errors import InvalidParams, StaleLease, ViewComfyError, all_errors, error_for_code


def test_every_code_is_stable_in_form_and_belongs_to_one_class() -> None:
    found = all_errors()
    assert len(found) > 40
    assert len({cls.code for cls in found}) == len(found)
    for cls in found:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", cls.code)
        assert 400 <= cls.status < 600
        assert cls.__doc__
        assert error_for_code(cls.code) is cls


def test_a_code_from_a_newer_server_is_still_an_error() -> None:
    assert error_for_code("from_the_future") is ViewComfyError


def test_an_error_says_what_happened_and_what_to_do() -> None:
    error = InvalidParams("No.", hint="Do.", problems=[{"input": "a"}], details={"b": 1}, retry_after=2.0)
    assert str(error) == "No. Do."
    assert (error.message, error.hint, error.problems, error.details, error.retry_after) == ("No.", "Do.", [{"input": "a"}], {"b": 1}, 2.0)
    assert str(StaleLease("Gone.")) == "Gone."


def test_faults_of_the_caller_are_told_apart_from_our_own() -> None:
    assert {cls.code for cls in all_errors() if cls.status == 500} <= {"internal_error", "install_failed", "missing_extra"}
