"""URLs taken apart, and URLs that are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.core.errors import FetchFailed
from viewcomfy.files.fetch_limits import is_host_name
from viewcomfy.files.fetch_url import FetchUrl


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://cdn.example.com", FetchUrl("https", "cdn.example.com", 443, "/", "")),
        (" HTTPS://CDN.Example.com:8443/A%2Fb.png?Key=%2B+~#part ", FetchUrl("https", "cdn.example.com", 8443, "/A%2Fb.png", "Key=%2B+~")),
        ("http://a.example/my cat.png?q=ü", FetchUrl("http", "a.example", 80, "/my%20cat.png", "q=%C3%BC")),
        ("https://bücher.example/ä", FetchUrl("https", "xn--bcher-kva.example", 443, "/%C3%A4", "")),
        ("https://a。example/", FetchUrl("https", "a.example", 443, "/", "")),
        ("https://a.example?x", FetchUrl("https", "a.example", 443, "/", "x")),
    ],
)
def test_a_url_is_taken_apart(text: str, url: FetchUrl) -> None:
    assert FetchUrl.parse(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cat.png",
        "/cat.png",
        "//a.example/x",
        "ftp://a.example/x",
        "file:///etc/passwd",
        "data:text/plain,x",
        "https:a.example",
        "https:///x",
        "https://user@a.example/",
        "https://user:pass@a.example/",
        "https://@a.example/",
        "https://a.example@b.example/",
        "https://a.example:@b.example/",
        "https://a.example\\@b.example/",
        "https:\\\\a.example/",
        "https://a.example/\\x",
        "https://a.example/\r\nHost: b",
        "https://a\t.example/",
        "\x00https://a.example/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://１２７.0.0.1/",
        "https://①②⑦.⓪.⓪.①/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://[v1.a]/",
        "https://[a.example]/",
        "https://a.example./",
        "https://.a.example/",
        "https://a..example/",
        "https://a%2eexample/",
        "https://a example/",
        "https://*.example/",
        "https://a.example:/",
        "https://a.example:x/",
        "https://a.example:-1/",
        "https://a.example:65536/",
        "https://a.example:８443/",
        "https://\ud800.example/",
        "https://a.example/\ud800",
        "https://xn--\u00fc.example/",
        "https://a.example℀b/",
        "https://a.example/" + "x" * 9000,
    ],
)
def test_an_odd_url_is_refused(text: str) -> None:
    with pytest.raises(FetchFailed):
        FetchUrl.parse(text)


@given(st.text(st.characters(), max_size=60))
def test_whatever_the_text_the_host_is_a_plain_name_or_the_url_is_refused(text: str) -> None:
    for attempt in (text, f"https://{text}", f"https://a.example/{text}", f"https://{text}/x"):
        try:
            url = FetchUrl.parse(attempt)
        except FetchFailed:
            continue
        assert is_host_name(url.host)
        assert (url.path + url.query).isascii()
        assert not set(url.path + url.query) & set(" \r\n\t\x00\\#")


def test_what_is_shown_of_a_url_is_its_scheme_and_host() -> None:
    url = FetchUrl.parse("https://cdn.example.com/secret?secret")
    assert url.origin == "https://cdn.example.com"
    assert "secret" not in repr(url)


def test_a_redirect_is_joined_to_where_it_came_from() -> None:
    url = FetchUrl.parse("https://a.example:8443/x/y?key=1")
    assert url.joined("z.png?k=2") == FetchUrl("https", "a.example", 8443, "/x/z.png", "k=2")
    assert url.joined("//b.example/c") == FetchUrl("https", "b.example", 443, "/c", "")
