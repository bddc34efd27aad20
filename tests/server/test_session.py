"""A browser signs in: what its cookie is like, what it is good for, and how it can't be abused."""

from __future__ import annotations

import json
import logging
import secrets
import time
from typing import Any

import httpx2
import pytest
from itsdangerous import URLSafeSerializer

from tests.server.browser_kit import admin_of, browser, cookie_of
from tests.server.site_kit import Site, open_site
from viewcomfy.server.session import COOKIE, CSRF_HEADER

pytestmark = pytest.mark.anyio

WEEK = 7 * 86_400


def bare(site: Site, cookie: str, **headers: str) -> dict[str, str]:
    """Return the headers of a request that has nothing but the cookie."""
    return {"cookie": f"other=1; {COOKIE}={cookie}", **headers}


async def test_the_admin_signs_in_and_manages(site: Site) -> None:
    async with browser(site) as opened:
        assert (await opened.get("/api/session")).json()["code"] == "no_session"
        answer = await opened.post("/api/session", json=admin_of(site))
        assert answer.status_code == 201
        assert answer.headers["cache-control"] == "no-store"
        session = answer.json()
        assert (session["role"], session["key_id"], session["name"], session["deployments"]) == ("admin", "admin", "admin", None)
        assert WEEK - 60 < session["expires_at"] - time.time() <= WEEK
        assert (await opened.get("/api/session")).json() == session
        assert (await opened.get("/api/keys")).status_code == 200
        assert (await opened.post("/api/keys", json={"name": "from a browser"})).status_code == 201
        assert (await opened.post("/d/picture/run", json={"inputs": {"color": 1}})).status_code == 202


async def test_a_key_signs_in_for_what_it_may_do(site: Site) -> None:
    limited = await site.make_key(deployments=["picture"], name="me")
    async with browser(site, limited) as opened:
        session = (await opened.get("/api/session")).json()
        assert (session["role"], session["key_id"], session["name"]) == ("key", limited["client_id"], "me")
        assert session["deployments"] == ["picture"]
        run = await opened.post("/d/picture/run", json={"inputs": {"color": 1}})
        assert run.json()["key_id"] == limited["client_id"]
        assert (await opened.get(f"/api/jobs/{run.json()['prompt_id']}", headers=limited)).status_code == 200
        assert (await opened.post("/d/waiting/run", json={"inputs": {"seed": 1}})).json()["code"] == "key_not_allowed"
        assert (await opened.get("/api/keys")).json()["code"] == "forbidden"


async def test_the_cookie_is_kept_from_scripts_and_other_sites(site: Site) -> None:
    async with browser(site) as opened:
        words = (await opened.post("/api/session", json=admin_of(site))).headers["set-cookie"].lower().split("; ")
        assert words[0].startswith(f"{COOKIE}=")
        assert {"httponly", "samesite=strict", "path=/"} <= set(words)
        assert "secure" not in words
        assert any(word.startswith("max-age=6") for word in words)
        assert admin_of(site)["token"] not in cookie_of(opened)


async def test_the_cookie_stays_on_https_where_the_site_is_there(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with open_site(tmp_path_factory.mktemp("data"), public_url="https://comfy.example") as site, browser(site) as opened:
        origin = {"origin": "https://comfy.example"}  # the proxy in front may change the Host header
        answer = await opened.post("/api/session", json=admin_of(site), headers=origin)
        assert answer.status_code == 201
        assert "Secure" in answer.headers["set-cookie"].split("; ")
        again = bare(site, answer.cookies[COOKIE], **{CSRF_HEADER: "1", **origin})
        assert (await opened.post("/api/keys", json={}, headers=again)).status_code == 201


async def test_signing_out_takes_the_cookie_away(site: Site) -> None:
    async with browser(site, admin_of(site)) as opened:
        answer = await opened.delete("/api/session")
        assert (answer.status_code, answer.content) == (204, b"")
        assert "Max-Age=0" in answer.headers["set-cookie"]
        assert COOKIE not in opened.cookies
        assert (await opened.get("/api/session")).json()["code"] == "no_session"
        assert (await opened.delete("/api/session")).json()["code"] == "no_session"
        assert (await opened.get("/api/keys")).json()["code"] == "invalid_admin_token"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"token": "wrong-wrong-wrong-wrong"}, 401, "invalid_admin_token"),
        ({"token": ""}, 401, "invalid_admin_token"),
        ({"token": "\ud800"}, 422, "bad_input"),
        ({"client_id": "vc_nobody", "client_secret": "vcs_x"}, 401, "invalid_key"),
        ({"client_id": "vc_nobody"}, 401, "missing_key"),
        ({"client_id": "\x00", "client_secret": "\x00"}, 401, "invalid_key"),
        ({"client_id": "\udfff", "client_secret": "x"}, 422, "bad_input"),
        ({}, 422, "bad_input"),
        ({"token": "x" * 2000}, 422, "bad_input"),
        ({"token": "a", "client_id": "b", "client_secret": "c"}, 422, "bad_input"),
        ({"token": 1}, 422, "bad_input"),
        ({"token": "a", "role": "admin"}, 422, "bad_input"),
        ([], 422, "bad_input"),
    ],
)
async def test_wrong_credentials_set_no_cookie(site: Site, body: Any, status: int, code: str) -> None:
    async with browser(site) as opened:
        answer = await opened.post("/api/session", content=json.dumps(body))
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert "set-cookie" not in answer.headers


# --- cookies that are not ours ---------------------------------------------------------------------------------------
def forgeries(value: str) -> dict[str, str]:
    """Return what somebody might try, given a cookie that is good."""
    body, _, signature = value.rpartition(".")
    flipped = body[:-1] + ("A" if body[-1] != "A" else "B")
    stolen = str(URLSafeSerializer("guessed", salt="viewcomfy.session").dumps(["admin", "v", int(time.time()) + 999, ""]))
    return {
        "empty": "", "nonsense": "nonsense", "unsigned": body, "no signature": f"{body}.", "other body": f"{flipped}.{signature}",
        "other signature": f"{body}.{signature[::-1]}", "other secret": stolen, "long": value + "A" * 5000, "not ascii": "\xff\xfe",
        "signature alone": f".{signature}", "compressed": f".eJwrTS0uUchNTM5OTVEoSS0uAQAxAgXN.{signature}",
    }  # fmt: skip


async def test_a_forged_or_altered_cookie_is_no_session(site: Site) -> None:
    async with browser(site, admin_of(site)) as opened:
        good = cookie_of(opened)
    for name, value in forgeries(good).items():
        for path in ("/api/session", "/api/keys", "/api/jobs", "/d/picture"):
            answer = await site.http.get(path, headers=[(b"cookie", f"{COOKIE}={value}".encode("latin-1"))])
            assert (answer.status_code, answer.json()["code"]) == (401, "no_session"), (name, path)


async def test_a_session_ends_with_its_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async with browser(site, site.key) as opened:
        now = time.time()
        monkeypatch.setattr(site.services.sessions, "_clock", lambda: now + 31 * 86_400)
        assert (await opened.get("/api/session")).json()["code"] == "no_session"
        assert (await opened.get("/api/jobs")).json()["code"] == "no_session"


async def test_a_session_ends_with_its_key(site: Site) -> None:
    key = await site.make_key()
    async with browser(site, key) as opened:
        assert (await opened.get("/api/jobs")).status_code == 200
        await site.http.delete(f"/api/keys/{key['client_id']}", headers=site.admin)
        for path in ("/api/session", "/api/jobs", "/d/picture"):
            assert (await opened.get(path)).json()["code"] == "no_session"


async def test_a_new_admin_token_ends_the_sessions_of_the_old_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with open_site(tmp_path_factory.mktemp("data")) as site, browser(site, admin_of(site)) as opened:
        assert (await opened.get("/api/keys")).status_code == 200
        await site.services.keys.set_admin_token(secrets.token_hex(16))
        assert (await opened.get("/api/keys")).json()["code"] == "no_session"
        assert (await opened.get("/api/session")).json()["code"] == "no_session"


# --- requests from elsewhere -----------------------------------------------------------------------------------------
async def test_a_request_that_changes_something_shows_that_it_is_ours(site: Site) -> None:
    async with browser(site, admin_of(site)) as opened:
        cookie = cookie_of(opened)
    host = site.url.removeprefix("http://")
    wanted: list[tuple[dict[str, str], int]] = [
        ({}, 403),
        ({CSRF_HEADER: ""}, 403),
        ({"origin": site.url}, 403),
        ({CSRF_HEADER: "1"}, 201),
        ({CSRF_HEADER: "1", "origin": site.url}, 201),
        ({CSRF_HEADER: "1", "origin": f"https://{host}"}, 201),  # a proxy may speak https for us
        ({CSRF_HEADER: "1", "origin": "https://evil.example"}, 403),
        ({CSRF_HEADER: "1", "origin": "null"}, 403),
        ({CSRF_HEADER: "1", "origin": "null", "sec-fetch-site": "cross-site"}, 403),
        ({CSRF_HEADER: "1", "origin": "null", "sec-fetch-site": "same-origin"}, 201),
        ({CSRF_HEADER: "1", "origin": "https://evil.example", "sec-fetch-site": "same-origin"}, 403),
        ({CSRF_HEADER: "1", "origin": ""}, 403),
        ({CSRF_HEADER: "1", "origin": "http://["}, 403),
        ({CSRF_HEADER: "1", "origin": f"http://{host}.evil.example"}, 403),
        ({CSRF_HEADER: "1", "origin": f"http://x@{host}"}, 403),
        ({CSRF_HEADER: "1", "origin": "http://127.0.0.1:1"}, 403),
    ]
    for headers, status in wanted:
        answer = await site.http.post("/api/keys", json={}, headers=bare(site, cookie, **headers))
        assert answer.status_code == status, headers
        assert status == 201 or answer.json()["code"] == "csrf"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/d/picture/run"),
        ("POST", "/d/picture/infer"),
        ("POST", "/d/picture/batch"),
        ("POST", "/api/jobs/x/cancel"),
        ("PUT", "/api/deployments/x"),
        ("DELETE", "/api/deployments/x"),
        ("DELETE", "/api/keys/x"),
        ("DELETE", "/api/session"),
    ],
)
async def test_nothing_is_changed_by_the_cookie_alone(site: Site, method: str, path: str) -> None:
    async with browser(site, admin_of(site)) as opened:
        answer = await site.http.request(method, path, headers=bare(site, cookie_of(opened)))
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")


async def test_looking_needs_no_more_than_the_cookie(site: Site) -> None:
    async with browser(site, admin_of(site)) as opened:
        headers = bare(site, cookie_of(opened), origin="https://evil.example")
    answer = await site.http.get("/api/jobs", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"  # and so no browser hands the answer to a page that sent cookies
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("where", ["same-site", "cross-site"])  # another port of this host is the same site
async def test_a_page_of_another_site_shows_nothing_of_ours_in_itself(site: Site, where: str) -> None:
    async with browser(site, admin_of(site)) as opened:
        cookie = cookie_of(opened)
    for mode, status in (("no-cors", 403), ("cors", 403), ("navigate", 200)):
        answer = await site.http.get("/api/keys", headers=bare(site, cookie, **{"sec-fetch-site": where, "sec-fetch-mode": mode}))
        assert answer.status_code == status, mode
    for ours in ("same-origin", "none"):
        headers = bare(site, cookie, **{"sec-fetch-site": ours, "sec-fetch-mode": "cors"})
        assert (await site.http.get("/api/keys", headers=headers)).status_code == 200
    headers = {**site.admin, "sec-fetch-site": where, "sec-fetch-mode": "cors"}  # a key or token counts from everywhere
    assert (await site.http.get("/api/keys", headers=headers)).status_code == 200


async def test_nobody_is_signed_in_by_another_site(site: Site) -> None:
    async with httpx2.AsyncClient(base_url=site.url, trust_env=False) as stranger:
        answer = await stranger.post("/api/session", json=admin_of(site), headers={"origin": "https://evil.example"})
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
        assert "set-cookie" not in answer.headers


async def test_headers_win_over_the_cookie(site: Site) -> None:
    async with browser(site, admin_of(site)) as opened:
        cookie = cookie_of(opened)
    assert (await site.http.get("/api/keys", headers={**bare(site, cookie), **site.key})).json()["code"] == "forbidden"
    assert (await site.http.get("/api/keys", headers=bare(site, cookie, authorization="Bearer x"))).json()["code"] == "invalid_admin_token"
    assert (await site.http.get("/api/jobs", headers=bare(site, cookie, client_id="vc_x"))).json()["code"] == "missing_key"
    # with headers no proof is needed: no other site can make a browser send them
    assert (await site.http.post("/api/keys", json={}, headers={**bare(site, cookie), **site.admin})).status_code == 201
    # what a browser sends after /d/<name>/docs has asked for a password is nothing that counts here
    assert (await site.http.get("/api/keys", headers=bare(site, cookie, authorization="Basic eDp5"))).status_code == 200


async def test_the_pages_of_a_deployment_know_the_session(site: Site) -> None:
    async with browser(site, admin_of(site)) as opened:
        assert (await opened.get("/d/picture/docs")).status_code == 200
        assert (await opened.get("/d/picture/openapi.json")).status_code == 200


async def test_what_signs_in_is_never_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with browser(site, admin_of(site)) as opened:
            value = cookie_of(opened)
            await opened.post("/api/session", json={"token": "not-the-token-at-all"})
            await site.http.get("/api/session", headers=bare(site, value + "x"))
    told = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpcore", "httpx"))]
    assert not [line for line in told if value in line or admin_of(site)["token"] in line or "not-the-token-at-all" in line]
