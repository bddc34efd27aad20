"""Deployments, keys and workers, for the admin only."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.server.site_kit import PICTURE, Site

pytestmark = pytest.mark.anyio

MANAGEMENT = [
    ("PUT", "/api/deployments/x"),
    ("GET", "/api/deployments"),
    ("GET", "/api/deployments/x"),
    ("DELETE", "/api/deployments/x"),
    ("POST", "/api/keys"),
    ("GET", "/api/keys"),
    ("DELETE", "/api/keys/x"),
    ("GET", "/api/workers"),
]


@pytest.mark.parametrize(("method", "path"), MANAGEMENT)
async def test_management_needs_the_admin_token(site: Site, method: str, path: str) -> None:
    pair = {"authorization": f"Bearer {site.key['client_id']}:{site.key['client_secret']}"}
    wanted: list[tuple[dict[str, str], int, str]] = [
        ({}, 401, "invalid_admin_token"),
        ({"authorization": "Bearer wrong-wrong-wrong"}, 401, "invalid_admin_token"),
        (site.key, 403, "forbidden"),
        (pair, 403, "forbidden"),
        ({**site.key, "client_secret": "x"}, 401, "invalid_key"),
    ]
    for headers, status, code in wanted:
        answer = await site.http.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_each_deploy_is_a_new_version(site: Site) -> None:
    for version in (1, 2):
        answer = await site.http.put("/api/deployments/poster.v-1", json={"workflow_api": PICTURE, "time_limit": 9}, headers=site.admin)
        assert answer.status_code == 201
        body = answer.json()
        assert (body["name"], body["version"], body["nodes"], body["time_limit"]) == ("poster.v-1", version, 2, 9)
        assert body["url"] == f"{site.url}/d/poster.v-1/infer"
    assert "poster.v-1" in [deployment["name"] for deployment in (await site.http.get("/api/deployments", headers=site.admin)).json()]
    detail = (await site.http.get("/api/deployments/poster.v-1", headers=site.admin)).json()
    assert detail["workflow_api"] == PICTURE
    assert detail["params"]["1-inputs-width"] == 8
    assert (await site.http.delete("/api/deployments/poster.v-1", headers=site.admin)).status_code == 204
    assert (await site.http.get("/api/deployments/poster.v-1", headers=site.admin)).json()["code"] == "unknown_deployment"
    assert (await site.infer("poster.v-1")).json()["code"] == "unknown_deployment"


async def test_a_deployment_says_where_its_jobs_run(site: Site) -> None:
    place = {"pool": "a100", "priority": 0, "memory": 20.5}
    made = (await site.http.put("/api/deployments/placed", json={"workflow_api": PICTURE, **place}, headers=site.admin)).json()
    assert {name: made[name] for name in place} == place
    assert made["notes"] == ["No worker of the pool 'a100' is there, and its jobs need one."]
    again = (await site.http.put("/api/deployments/placed", json={"workflow_api": PICTURE}, headers=site.admin)).json()
    assert {name: again[name] for name in place} == place  # a new version stays where the one before was
    moved = await site.http.patch("/api/deployments/placed/inputs", json={"pool": "default", "memory": 0}, headers=site.admin)
    assert (moved.status_code, moved.json()["pool"], moved.json()["priority"], moved.json()["notes"]) == (201, "default", 0, [])
    wrong = await site.http.patch("/api/deployments/placed/inputs", json={"priority": 9}, headers=site.admin)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "bad_input")


async def test_a_call_is_refused_where_its_pool_has_no_worker(site: Site) -> None:
    await site.http.put("/api/deployments/far", json={"workflow_api": PICTURE, "pool": "a100"}, headers=site.admin)
    answer = await site.infer("far", {"1-inputs-color": 1})
    assert (answer.status_code, answer.json()["code"]) == (503, "no_backend")
    assert "a100" in answer.text


async def test_a_key_reads_the_params_of_what_it_may_call(site: Site) -> None:
    limited = await site.make_key(deployments=["picture"])
    assert (await site.http.get("/d/picture", headers=limited)).json()["params"]["1-inputs-color"] == 0
    assert (await site.http.get("/d/waiting", headers=limited)).json()["code"] == "key_not_allowed"
    assert (await site.http.get("/d/picture")).json()["code"] == "missing_key"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"\xff", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b'{"workflow_api": {"1": NaN}}', "invalid_json"),
        (b"[]", "bad_input"),
        (b"{}", "bad_input"),
        (b'{"workflow_api": {}, "time_limit": -1}', "bad_input"),
        (b'{"workflow_api": {}, "time_limit": "9"}', "bad_input"),
        (b'{"workflow_api": {}, "tmie_limit": 1}', "bad_input"),
        (b'{"workflow_api": {}, "pool": "a b"}', "bad_input"),
        (b'{"workflow_api": {}, "pool": ""}', "bad_input"),
        (b'{"workflow_api": {}, "priority": 3}', "bad_input"),
        (b'{"workflow_api": {}, "priority": -1}', "bad_input"),
        (b'{"workflow_api": {}, "memory": -1}', "bad_input"),
        (b'{"workflow_api": {}, "memory": 1e9}', "bad_input"),
        (b'{"workflow_api": {}}', "invalid_workflow"),
        (b'{"workflow_api": {"nodes": []}}', "invalid_workflow"),
    ],
)
async def test_a_bad_deploy_answers_422(site: Site, body: bytes, code: str) -> None:
    answer = await site.http.put("/api/deployments/bad", content=body, headers=site.admin)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert (await site.http.get("/api/deployments/bad", headers=site.admin)).status_code == 404


@pytest.mark.parametrize("name", ["Upper", "-x", "a..b", "x" * 64, "a%20b", "%e2%80%ae"])
async def test_a_bad_name_answers_422(site: Site, name: str) -> None:
    answer = await site.http.put(f"/api/deployments/{name}", json={"workflow_api": PICTURE}, headers=site.admin)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_name")


async def test_a_body_over_the_limit_answers_413(site: Site) -> None:
    answer = await site.http.post("/api/keys", content=b" " * 70_000, headers=site.admin)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("name", ["\ud800", "x" * 101])
async def test_a_key_for_a_name_that_can_not_be_is_refused(site: Site, name: str) -> None:
    answer = await site.http.post("/api/keys", content=json.dumps({"deployments": [name]}), headers=site.admin)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")


async def test_half_a_character_in_a_title_breaks_no_list(site: Site) -> None:
    file = (await site.http.get("/api/deployments/picture/app", headers=site.admin)).json()
    file["workflows"][0]["viewComfyJSON"]["title"] = "half \ud83d"
    made = await site.http.put("/api/deployments/half", content=json.dumps({"app_file": file}), headers=site.admin)
    assert made.status_code == 201
    for path in ("/api/deployments", "/api/deployments/half", "/d/half", "/d/half/docs", "/d/half/openapi.json"):
        answer = await site.http.get(path, headers=site.admin)
        assert answer.status_code == 200
        assert "half" in answer.text
    await site.http.delete("/api/deployments/half", headers=site.admin)


async def test_a_secret_is_shown_once(site: Site) -> None:
    answer = await site.http.post("/api/keys", json={"name": "ci", "deployments": ["picture"]}, headers=site.admin)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    assert made["allow_override"] is False
    keys: list[dict[str, Any]] = (await site.http.get("/api/keys", headers=site.admin)).json()
    (listed,) = [key for key in keys if key["client_id"] == made["client_id"]]
    assert made["client_secret"] not in json.dumps(keys)
    assert listed == {name: value for name, value in made.items() if name != "client_secret"}


async def test_a_revoked_key_stays_in_the_list(site: Site) -> None:
    key = await site.make_key(name="old")
    answer = await site.http.delete(f"/api/keys/{key['client_id']}", headers=site.admin)
    assert answer.json()["revoked_at"] is not None
    keys = (await site.http.get("/api/keys", headers=site.admin)).json()
    assert [found["revoked_at"] is not None for found in keys if found["client_id"] == key["client_id"]] == [True]
    assert (await site.http.delete("/api/keys/vc_nothing", headers=site.admin)).json()["code"] == "unknown_key"


async def test_workers_show_their_backends(site: Site) -> None:
    body = (await site.http.get("/api/workers", headers=site.admin)).json()
    assert body["queued"] == 0
    (worker,) = body["workers"]
    assert [backend["name"] for backend in worker["backends"]] == ["comfyui-0"]
