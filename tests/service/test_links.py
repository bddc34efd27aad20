"""Links: they lead to one file, for a while, and can't be changed."""

from __future__ import annotations

import pytest

from tests.service.kit import Clock
from viewcomfy.core.errors import LinkInvalid
from viewcomfy.core.outputs import Output
from viewcomfy.service.links import Links, WriteLink

OUTPUT = Output("ä cat.png", "image/png", 3, "jobs/1/out/1/ä cat.png", "9")


def test_a_link_leads_to_its_output_until_it_expires() -> None:
    clock = Clock()
    links = Links("secret", 60, clock)
    token, expires_at = links.sign(OUTPUT)
    assert expires_at == clock.now + 60
    found = links.open(token)
    assert (found.file_key, found.filename, found.content_type) == (OUTPUT.file_key, OUTPUT.filename, OUTPUT.content_type)
    clock.now += 59
    links.open(token)
    clock.now += 2
    with pytest.raises(LinkInvalid, match="expired"):
        links.open(token)


def test_a_token_is_safe_in_a_url() -> None:
    token, _ = Links("secret", 60).sign(OUTPUT)
    assert token.isascii()
    assert not set(token) & set("/?#&%+ ")


def test_what_was_changed_is_refused() -> None:
    links = Links("secret", 60)
    token, _ = links.sign(OUTPUT)
    payload, _, signature = token.rpartition(".")
    for forged in (
        "",
        "x",
        token[1:],
        f"A{token[1:]}",
        payload,
        f"{payload}.",
        f".{signature}",
        f"{payload}.{signature[::-1]}",
        "ä.ö",
        "." * 50,
    ):
        with pytest.raises(LinkInvalid, match="Fetch the job again"):
            links.open(forged)


def test_another_servers_links_are_refused() -> None:
    token, _ = Links("one secret", 60).sign(OUTPUT)
    with pytest.raises(LinkInvalid):
        Links("another secret", 60).open(token)


def test_a_link_to_write_lets_one_file_in_for_a_while() -> None:
    clock = Clock()
    links = Links("secret", 60, clock)
    token = links.sign_write(WriteLink("jobs/1/out-1-a.png", 1000), 30)
    assert links.open_write(token) == WriteLink("jobs/1/out-1-a.png", 1000)
    assert not set(token) & set("/?#&%+ ")
    clock.now += 31
    with pytest.raises(LinkInvalid, match="expired"):
        links.open_write(token)


def test_a_link_to_read_can_not_write_and_the_other_way_round() -> None:
    links = Links("secret", 60)
    reading, _ = links.sign(OUTPUT)
    writing = links.sign_write(WriteLink("jobs/1/out-1-a.png", 1000), 30)
    with pytest.raises(LinkInvalid):
        links.open_write(reading)
    with pytest.raises(LinkInvalid):
        links.open(writing)
    for forged in ("", "x", writing[1:], writing[:-3], f"{writing}.x"):
        with pytest.raises(LinkInvalid, match="not one of ours"):
            links.open_write(forged)
