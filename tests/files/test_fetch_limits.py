"""Which hosts an allow-list lets in."""

from __future__ import annotations

import pytest

from viewcomfy.core.errors import InvalidName
from viewcomfy.files.fetch_limits import FetchLimits, is_host_name


def test_a_setting_is_read_with_commas_spaces_and_capitals() -> None:
    assert FetchLimits.parse(" CDN.Example.com,*.example.org\n *:8443 , *:8443").allowed == ("cdn.example.com", "*.example.org", "*:8443")
    assert FetchLimits.parse("").allowed == ()
    assert FetchLimits.parse("*", max_bytes=5, seconds=6.0, redirects=7, allow_http=True) == FetchLimits(("*",), 5, 6.0, 7, True)


@pytest.mark.parametrize(
    "text",
    [
        "https://cdn.example.com",
        "cdn.example.com/path",
        "127.0.0.1",
        "[::1]",
        "*.1",
        "a.*.com",
        "*example.com",
        "*.",
        "**",
        "host:",
        "host:0",
        "host:70000",
        "ex ample.com:x",
        "büro.example",
        "a..b",
    ],
)
def test_a_pattern_that_can_not_match_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidName, match="VIEWCOMFY_FETCH_ALLOW"):
        FetchLimits.parse(text)


@pytest.mark.parametrize(
    ("pattern", "host", "port", "allowed"),
    [
        ("cdn.example.com", "cdn.example.com", 443, True),
        ("cdn.example.com", "cdn.example.com", 8443, False),
        ("cdn.example.com", "evil-cdn.example.com", 443, False),
        ("cdn.example.com", "cdn.example.com.evil.com", 443, False),
        ("cdn.example.com:8443", "cdn.example.com", 8443, True),
        ("cdn.example.com:8443", "cdn.example.com", 443, False),
        ("*.example.com", "a.b.example.com", 443, True),
        ("*.example.com", "example.com", 443, False),
        ("*.example.com", "evilexample.com", 443, False),
        ("*", "anything.example", 443, True),
        ("*", "anything.example", 22, False),
        ("*", "intranet", 443, False),
        ("intranet", "intranet", 443, True),
        ("*:8443", "anything.example", 8443, True),
    ],
)
def test_a_pattern_matches_its_hosts_and_port_only(pattern: str, host: str, port: int, allowed: bool) -> None:
    assert FetchLimits((pattern,)).allows("https", host, port) is allowed


def test_http_is_let_in_by_a_setting_only_and_on_its_own_port() -> None:
    assert not FetchLimits(("*",)).allows("http", "a.example", 80)
    limits = FetchLimits(("*",), allow_http=True)
    assert limits.allows("http", "a.example", 80)
    assert not limits.allows("http", "a.example", 443)
    assert not limits.allows("ftp", "a.example", 21)


@pytest.mark.parametrize("host", ["a", "a.example", "xn--bcher-kva.example", "a_b.example", "1.2.3.4.example", "a-b.c-d"])
def test_a_plain_name_is_a_host(host: str) -> None:
    assert is_host_name(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "A.example",
        "ä.example",
        "-a.example",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "a.0x",
        "0177.0.0.1",
        "::1",
        "a b",
        "a%2eb",
        "a\n",
        "a" * 64,
        "a." * 127 + "aa",
    ],
)
def test_an_address_or_an_odd_name_is_not(host: str) -> None:
    assert not is_host_name(host)
