"""The settings over HTTP: every one of them, and no secret."""

from __future__ import annotations

import pytest

from tests.server.site_kit import Site, open_site
from viewcomfy.settings import Settings

pytestmark = pytest.mark.anyio


async def test_every_setting_is_told_with_what_it_means(site: Site) -> None:
    rows = (await site.http.get("/api/settings", headers=site.admin)).json()
    assert [row["name"] for row in rows] == [f"VIEWCOMFY_{name.upper()}" for name in Settings.model_fields]
    assert all(row["description"] for row in rows)
    by_name = {row["name"]: row for row in rows}
    port, heartbeat = by_name["VIEWCOMFY_PORT"], by_name["VIEWCOMFY_HEARTBEAT"]
    assert (port["value"], port["default"], port["changed"]) == (8000, 8000, False)
    assert (heartbeat["value"], heartbeat["default"], heartbeat["changed"]) == (0.2, 15.0, True)
    assert by_name["VIEWCOMFY_FAST_START"]["value"] is True
    assert by_name["VIEWCOMFY_DATA_DIR"]["value"] == str(site.settings.data_dir)


async def test_secrets_are_not_told(site: Site) -> None:
    answer = await site.http.get("/api/settings", headers=site.admin)
    assert site.admin["authorization"].removeprefix("Bearer ") not in answer.text
    token = next(row for row in answer.json() if row["name"] == "VIEWCOMFY_ADMIN_TOKEN")
    assert (token["value"], token["default"], token["changed"]) == ("set", None, True)


async def test_the_password_in_a_url_is_not_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with open_site(tmp_path_factory.mktemp("data"), public_url="https://me:hunter2@comfy.example/x@y") as site:
        answer = await site.http.get("/api/settings", headers=site.admin)
        assert "hunter2" not in answer.text
        assert "https://comfy.example/x@y" in answer.text


async def test_only_the_admin_is_told(site: Site) -> None:
    assert (await site.http.get("/api/settings")).json()["code"] == "invalid_admin_token"
    assert (await site.http.get("/api/settings", headers=site.key)).json()["code"] == "forbidden"
