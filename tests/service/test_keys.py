"""Keys and the admin token: shown once, kept as hashes, checked and revoked."""

from __future__ import annotations

import pytest

from tests.service.kit import Desk
from viewcomfy.core.errors import BadInput, InvalidAdminToken, InvalidKey, MissingKey, RevokedKey, UnknownKey
from viewcomfy.service.keys import CACHE_SECONDS, KeyService

pytestmark = pytest.mark.anyio


async def test_a_key_lets_its_holder_in(desk: Desk) -> None:
    key, secret = await desk.keys.create("me", None, None)
    caller = await desk.keys.authenticate(key.client_id, secret)
    assert (caller.key, caller.key_id, caller.is_admin) == (key, key.client_id, False)
    assert secret not in repr(await desk.keys.list())
    assert secret not in repr(key)


@pytest.mark.parametrize(("client_id", "client_secret"), [(None, None), ("", ""), ("vc_x", None), (None, "vcs_x")])
async def test_missing_credentials_are_told_apart(desk: Desk, client_id: str | None, client_secret: str | None) -> None:
    with pytest.raises(MissingKey, match="underscores_in_headers"):
        await desk.keys.authenticate(client_id, client_secret)


async def test_wrong_credentials_are_not_explained(desk: Desk) -> None:
    key, secret = await desk.keys.create("me", None, None)
    other, other_secret = await desk.keys.create("other", None, None)
    words = set()
    for client_id, client_secret in (
        (key.client_id, "wrong"),
        ("vc_absent", secret),
        (other.client_id, secret),
        (key.client_id, other_secret),
    ):
        with pytest.raises(InvalidKey) as refused:
            await desk.keys.authenticate(client_id, client_secret)
        words.add(str(refused.value))
    assert len(words) == 1


async def test_a_revoked_key_is_refused_at_once(desk: Desk) -> None:
    key, secret = await desk.keys.create("me", None, None)
    await desk.keys.authenticate(key.client_id, secret)
    assert (await desk.keys.revoke(key.client_id)).revoked_at == desk.clock.now
    with pytest.raises(RevokedKey):
        await desk.keys.authenticate(key.client_id, secret)
    with pytest.raises(InvalidKey):
        await desk.keys.authenticate(key.client_id, "wrong")
    with pytest.raises(UnknownKey):
        await desk.keys.revoke("vc_absent")


async def test_another_server_notices_a_revoked_key_soon(desk: Desk) -> None:
    other = KeyService(desk.store.keys, desk.store.meta, desk.clock)
    key, secret = await desk.keys.create("me", None, None)
    await other.authenticate(key.client_id, secret)
    await desk.keys.revoke(key.client_id)
    desk.clock.now += CACHE_SECONDS + 0.1
    with pytest.raises(RevokedKey):
        await other.authenticate(key.client_id, secret)


async def test_who_may_override_is_decided_by_what_the_key_is_for(desk: Desk) -> None:
    made = [await desk.keys.create("k", deployments, allow) for deployments in (None, ["a"]) for allow in (None, True, False)]
    assert [key.allow_override for key, _ in made] == [True, True, False, False, True, False]
    assert made[3][0].deployments == ("a",)


async def test_the_last_use_shows_at_once_and_is_written_down_later(desk: Desk) -> None:
    key, secret = await desk.keys.create("me", None, None)
    desk.clock.now += 50
    await desk.keys.authenticate(key.client_id, secret)
    assert [found.last_used_at for found in await desk.keys.list()] == [desk.clock.now]
    await desk.keys.write_last_used()
    fresh = KeyService(desk.store.keys, desk.store.meta, desk.clock)
    assert [found.last_used_at for found in await fresh.list()] == [desk.clock.now]


async def test_the_admin_token_is_made_once(desk: Desk) -> None:
    token = await desk.keys.ensure_admin_token(None)
    assert token
    assert (await desk.keys.authenticate_admin(token)).is_admin
    assert await desk.keys.ensure_admin_token(None) is None
    for wrong in (None, "", "wrong", token[:-1]):
        with pytest.raises(InvalidAdminToken):
            await desk.keys.authenticate_admin(wrong)


async def test_the_owner_sets_another_admin_token(desk: Desk) -> None:
    old = await desk.keys.ensure_admin_token(None)
    wanted = "a token of my own choosing"
    assert await desk.keys.ensure_admin_token(wanted) == wanted
    assert (await desk.keys.authenticate_admin(wanted)).is_admin
    with pytest.raises(InvalidAdminToken):
        await desk.keys.authenticate_admin(old)
    with pytest.raises(BadInput, match="16 characters"):
        await desk.keys.ensure_admin_token("short")


async def test_without_an_admin_token_nobody_is_the_admin(desk: Desk) -> None:
    for token in (None, "", "x" * 40):
        with pytest.raises(InvalidAdminToken):
            await desk.keys.authenticate_admin(token)
