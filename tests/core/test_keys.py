"""Keys and secrets."""

from __future__ import annotations

from viewcomfy.core.keys import (
    ADMIN_ID,
    VISITOR_MARK,
    Caller,
    Key,
    KeyLimits,
    hash_secret,
    is_guest_id,
    new_client_id,
    new_secret,
    secret_matches,
)


def test_secrets_are_long_and_never_the_same() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(secret.startswith("vcs_") and len(secret) >= 40 for secret in secrets)
    assert len({new_client_id() for _ in range(100)}) == 100


def test_a_secret_matches_its_hash_and_nothing_else() -> None:
    secret = new_secret()
    stored = hash_secret(secret)
    assert secret not in stored
    assert secret_matches(secret, stored)
    for wrong in ("", secret[:-1], secret + "x", new_secret(), "ä\ud7ff"):
        assert not secret_matches(wrong, stored)


def test_a_key_allows_what_it_names_or_everything() -> None:
    assert Key("vc_1", "", "", 1.0).allows("cats")
    assert Key("vc_1", "", "", 1.0, ("cats",)).allows("cats")
    assert not Key("vc_1", "", "", 1.0, ("cats",)).allows("dogs")
    assert not Key("vc_1", "", "", 1.0, ()).allows("cats")


def test_a_caller_without_a_key_is_the_admin() -> None:
    assert Caller().is_admin
    assert Caller().key_id == ADMIN_ID
    caller = Caller(Key("vc_1", "", "", 1.0))
    assert not caller.is_admin
    assert caller.key_id == "vc_1"


def test_a_visitor_has_an_id_of_its_own() -> None:
    key = Key("vc_1", "", "", 1.0, ("cats",), share=True)
    assert Caller(key, "abc").key_id == "vc_1~abc"
    assert Caller(key).key_id == "vc_1~"  # its secret was sent by a program
    assert Caller(key).is_guest
    assert is_guest_id("vc_1~abc")
    assert not is_guest_id("vc_1")
    assert not Caller(Key("vc_1", "", "", 1.0)).is_guest
    assert not Caller().is_guest
    assert VISITOR_MARK not in new_client_id()


def test_a_key_expires_at_its_time() -> None:
    assert not Key("vc_1", "", "", 1.0).has_expired(9e12)
    key = Key("vc_1", "", "", 1.0, limits=KeyLimits(expires_at=5.0))
    assert [key.has_expired(now) for now in (4.9, 5.0, 5.1)] == [False, True, True]
    assert [limits.counts_jobs for limits in (KeyLimits(5.0), KeyLimits(max_active=1), KeyLimits(max_per_day=1))] == [False, True, True]
