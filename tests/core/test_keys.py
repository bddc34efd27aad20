"""Keys and secrets."""

from __future__ import annotations

from viewcomfy.core.keys import ADMIN_ID, Caller, Key, hash_secret, new_client_id, new_secret, secret_matches


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
