"""Sessions: begun with a secret, known again by a signed value, ended by time, by revoking and by a new admin token."""

from __future__ import annotations

from typing import Any

import pytest
from itsdangerous import URLSafeSerializer

from tests.service.kit import Desk
from viewcomfy.core.errors import BadInput, ExpiredKey, NoSession
from viewcomfy.core.keys import Caller, Key, KeyLimits
from viewcomfy.service.sessions import ADMIN_SECONDS, KEY_SECONDS, Sessions

pytestmark = pytest.mark.anyio

SECRET = "s" * 64


@pytest.fixture
def sessions(desk: Desk) -> Sessions:
    return Sessions(desk.keys, SECRET, desk.clock)


async def made(desk: Desk, **options: Any) -> Key:
    share = options.pop("share", False)
    return (await desk.keys.create("me", None, None, limits=KeyLimits(**options), share=share))[0]


async def test_a_session_is_known_again(desk: Desk, sessions: Sessions) -> None:
    for caller, role, seconds in (
        (Caller(), "admin", ADMIN_SECONDS),
        (Caller(await made(desk)), "key", KEY_SECONDS),
        (Caller(await made(desk, share=True)), "share", KEY_SECONDS),
    ):
        value, begun = await sessions.begin(caller)
        found = await sessions.open(value)
        assert found == begun
        assert (found.role, found.caller.key, found.expires_at) == (role, caller.key, desk.clock.now + seconds)
        assert bool(found.caller.visitor) == (role == "share")
        desk.clock.now += seconds - 1
        assert (await sessions.open(value)) == begun
        desk.clock.now += 1
        with pytest.raises(NoSession):
            await sessions.open(value)


async def test_a_session_ends_no_later_than_its_key(desk: Desk, sessions: Sessions) -> None:
    key = await made(desk, expires_at=desk.clock.now + 60)
    value, begun = await sessions.begin(Caller(key))
    assert begun.expires_at == desk.clock.now + 60
    desk.clock.now += 60
    with pytest.raises(NoSession):
        await sessions.open(value)


async def test_a_revoked_key_ends_its_sessions_at_once(desk: Desk, sessions: Sessions) -> None:
    key = await made(desk)
    value, _ = await sessions.begin(Caller(key))
    await sessions.open(value)
    await desk.keys.revoke(key.client_id)
    with pytest.raises(NoSession):
        await sessions.open(value)


async def test_a_new_admin_token_ends_the_sessions_of_the_admin_only(desk: Desk, sessions: Sessions) -> None:
    await desk.keys.set_admin_token("the first token of mine")
    admin, _ = await sessions.begin(Caller())
    key, _ = await sessions.begin(Caller(await made(desk)))
    await desk.keys.set_admin_token("the second token of mine")
    with pytest.raises(NoSession):
        await sessions.open(admin)
    await sessions.open(key)


async def test_another_secret_or_another_kind_of_link_makes_no_session(desk: Desk, sessions: Sessions) -> None:
    value, _ = await sessions.begin(Caller())
    with pytest.raises(NoSession):
        await Sessions(desk.keys, "another", desk.clock).open(value)
    claim = ["admin", "v", int(desk.clock.now) + 99, await sessions._mark(Caller())]
    for salt in ("viewcomfy.files", "viewcomfy.session"):  # the second one with another digest
        with pytest.raises(NoSession):
            await sessions.open(str(URLSafeSerializer(SECRET, salt=salt).dumps(claim)))


@pytest.mark.parametrize(
    "claim", [[], ["admin"], {"a": 1}, 5, "admin", [1, 2, 3, 4, 5], None, ["admin", "v", 9e12, ""], ["vc_no", "v", 9e12, ""]]
)
async def test_a_signed_value_that_says_something_else_is_no_session(sessions: Sessions, claim: Any) -> None:
    with pytest.raises(NoSession):
        await sessions.open(str(sessions._serializer.dumps(claim)))


async def test_a_browser_stays_the_same_visitor_over_links_and_time(desk: Desk, sessions: Sessions) -> None:
    one, two = Caller(await made(desk, share=True)), Caller(await made(desk, share=True))
    value, first = await sessions.begin(one)
    visitor = first.caller.visitor
    assert first.caller.key_id == f"{one.key_id}{visitor}"
    desk.clock.now += 2 * KEY_SECONDS
    for caller in (two, Caller(), one):
        value, session = await sessions.begin(caller, value)
    assert session.caller.visitor == visitor
    for other in (None, "", "nonsense", value[:-1] + "x", "x" * 9999):
        assert (await sessions.begin(one, other))[1].caller.visitor != visitor


async def test_a_key_that_has_expired_is_refused(desk: Desk) -> None:
    key, secret = await desk.keys.create("short", None, None, limits=KeyLimits(expires_at=desk.clock.now + 5))
    assert (await desk.keys.authenticate(key.client_id, secret)).key == key
    desk.clock.now += 5
    with pytest.raises(ExpiredKey):
        await desk.keys.authenticate(key.client_id, secret)
    assert [found.limits.expires_at for found in await desk.keys.list()] == [desk.clock.now]
    with pytest.raises(BadInput, match="in the past"):
        await desk.keys.create("late", None, None, limits=KeyLimits(expires_at=desk.clock.now))
