"""`--warm-up`, `--warm-up-with` and `--no-warm-up`, against a real server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.typed import Typed
from tests.e2e.product import Product, until
from tests.server.site_kit import PICTURE
from viewcomfy.cli.warm_up_option import warm_up_of, warm_up_text
from viewcomfy.core.errors import BadInput

Type = Callable[..., Typed]


@pytest.mark.parametrize(
    ("flag", "values", "said"),
    [(None, None, None), (True, None, {}), (False, None, False), (None, '{"steps": 1}', {"steps": 1}), (True, "{}", {})],
)
def test_the_options_say_what_a_deployment_takes(flag: bool | None, values: str | None, said: object) -> None:
    assert warm_up_of(flag, values) == said


@pytest.mark.parametrize(("flag", "values"), [(False, "{}"), (None, "steps=1"), (None, "[1]"), (None, "")])
def test_what_makes_no_sense_is_refused(flag: bool | None, values: str) -> None:
    with pytest.raises(BadInput):
        warm_up_of(flag, values)


def test_a_warm_up_is_shown_as_it_was_said() -> None:
    assert [warm_up_text(values) for values in (None, {}, {"steps": 1})] == ["", "as it is", '{"steps": 1}']


@pytest.fixture
def server(fake_url: str, tmp_path: Path) -> Iterator[Product]:
    """A server of its own: what a backend was warmed up with is shown from then on."""
    with Product(tmp_path / "data", fake_url) as product:
        yield product


def test_a_deployment_gets_a_warm_up_which_the_backend_runs_and_loses_it_again(as_admin: Type, server: Product, tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(json.dumps(PICTURE))
    told = as_admin("deploy", "warm", "w.json", "--warm-up-with", '{"width": "wide"}')
    assert (told.code, "The warm-up can't run" in told.err) == (2, True)
    assert as_admin("deploy", "warm", "w.json", "--warm-up-with", '{"width": 16}', "--json").json["warm_up"] == {"width": 16}
    assert '{"width": 16}' in as_admin("deployments", "show", "warm").out
    server.result("warm", {"1-inputs-width": 24})
    backend = until(lambda: one if (one := server.backends()[0])["warm_up"] else None, "it is told", 20)
    assert backend["warm_up"]["deployment"].startswith("warm@")
    until(lambda: "ready, warm" in as_admin("backends", "list").out, "it is warm", 20)
    made = as_admin("deployments", "place", "warm", "--no-warm-up", "--json").json
    assert made["warm_up"] is None
    assert "warm-up" not in as_admin("deployments", "show", "warm").out
