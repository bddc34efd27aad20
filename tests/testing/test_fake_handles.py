"""What a test can do to the fake, and what its callers then see."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from viewcomfy.testing.fake_comfy import FakeComfy, ServedFake

pytestmark = pytest.mark.anyio

Run = Callable[..., Awaitable[list[dict[str, Any]]]]
Submit = Callable[..., Awaitable[str]]


def failing(mode: str) -> dict[str, Any]:
    return {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}},
        "2": {"class_type": "TKFail", "inputs": {"image": ["1", 0], "mode": mode}},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    }


def showing(color: int = 0) -> dict[str, Any]:
    workflow = failing("raise")
    workflow["1"]["inputs"]["color"] = color
    return {"1": workflow["1"], "3": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}


IMPATIENT = httpx2.Timeout(10, read=0.05)


async def drain(socket: ClientConnection) -> None:
    """Read until the socket ends, which raises where it ends without a word."""
    async for _ in socket:
        pass


async def ask_for_ever(http: httpx2.AsyncClient) -> None:
    while True:
        await http.get("/queue", timeout=IMPATIENT)


async def test_a_paused_fake_accepts_jobs_and_runs_them_after_the_pause(fake: ServedFake, submit: Submit, hear: Run) -> None:
    fake.pause()
    await submit(showing(), prompt_id="held")
    assert [job.prompt_id for job in fake.jobs.waiting] == ["held"]
    fake.resume()
    await hear()
    assert fake.executed == [("held", "1"), ("held", "3")]


async def test_a_frozen_fake_answers_nothing_until_it_thaws(fake: ServedFake, http: httpx2.AsyncClient) -> None:
    fake.freeze()
    with pytest.raises(httpx2.ReadTimeout):
        await http.get("/queue", timeout=IMPATIENT)
    fake.thaw()
    assert (await http.get("/queue")).status_code == 200


async def test_what_a_frozen_fake_was_asked_is_lost_in_its_crash(fake: ServedFake, http: httpx2.AsyncClient) -> None:
    fake.freeze()
    asked = asyncio.create_task(http.post("/prompt", json={"prompt": showing()}))
    async with asyncio.timeout(5):
        while not fake.requests["POST /prompt"]:  # noqa: ASYNC110 - a frozen fake tells nobody
            await asyncio.sleep(0.001)
    await fake.crash()
    with pytest.raises(httpx2.TransportError):
        await asked
    await fake.restart()
    assert (await http.get("/prompt")).json() == {"exec_info": {"queue_remaining": 0}}
    assert fake.submitted == []


async def test_a_socket_can_be_refused(fake: ServedFake) -> None:
    fake.fail("GET /ws")
    with pytest.raises(InvalidStatus):
        await connect(f"{fake.url.replace('http', 'ws', 1)}/ws?clientId=me", proxy=None)


async def test_a_route_fails_as_often_as_asked(fake: ServedFake, http: httpx2.AsyncClient) -> None:
    fake.fail("GET /queue", status=503, times=2)
    assert [(await http.get("/queue")).status_code for _ in range(3)] == [503, 503, 200]
    assert fake.requests["GET /queue"] == 3


async def test_dropped_sockets_end_without_a_word_and_the_job_goes_on(
    fake: ServedFake, socket: ClientConnection, submit: Submit, http: httpx2.AsyncClient
) -> None:
    fake.pause()
    await submit(showing(), prompt_id="mine")
    fake.drop_sockets()
    with pytest.raises(ConnectionClosedError):
        await drain(socket)
    fake.resume()
    await fake.until_idle()
    assert (await http.get("/history/mine")).json()["mine"]["status"]["completed"]


async def test_a_crashed_fake_refuses_connections_and_comes_back_empty(
    fake: ServedFake, socket: ClientConnection, run: Run, http: httpx2.AsyncClient
) -> None:
    await run(showing(), prompt_id="before")
    await fake.crash()
    with pytest.raises(ConnectionClosedError):
        await socket.recv()
    with pytest.raises(httpx2.ConnectError):
        await http.get("/queue")
    await fake.restart()
    assert (await http.get("/history/before")).json() == {}
    assert [job.prompt_id for job in fake.submitted] == ["before"]


async def test_a_node_can_take_the_whole_process_down(
    fake: ServedFake, socket: ClientConnection, submit: Submit, http: httpx2.AsyncClient
) -> None:
    await submit(failing("exit"))
    with pytest.raises(ConnectionClosedError):
        await drain(socket)
    with pytest.raises(httpx2.ConnectError):
        await http.get("/queue")
    await fake.restart()
    answer = await http.post("/prompt", json={"prompt": showing(), "prompt_id": "after"})
    assert answer.json()["number"] == 0
    await fake.until_idle()
    assert (await http.get("/history/after")).json()["after"]["status"]["completed"]


async def test_a_hanging_node_ignores_the_interrupt(fake: ServedFake, submit: Submit, hear: Run, http: httpx2.AsyncClient) -> None:
    await submit(failing("hang"), prompt_id="stuck")
    await hear(lambda message: message["type"] == "executing" and message["data"]["node"] == "2")
    await http.post("/interrupt", json={"prompt_id": "stuck"})
    assert [job[1] for job in (await http.get("/queue")).json()["queue_running"]] == ["stuck"]
    await fake.crash()
    await fake.restart()
    assert (await http.get("/queue")).json() == {"queue_running": [], "queue_pending": []}


async def test_a_freezing_node_stops_every_answer_for_a_while(fake: ServedFake, submit: Submit, http: httpx2.AsyncClient) -> None:
    workflow = failing("freeze")
    workflow["2"]["inputs"]["seconds"] = 0.2
    await submit(workflow, prompt_id="frozen")
    with pytest.raises(httpx2.ReadTimeout):
        await ask_for_ever(http)
    await fake.until_idle()
    assert (await http.get("/history/frozen")).json()["frozen"]["status"]["completed"]


async def test_the_stats_name_the_port_and_the_restart_keeps_it(fake: ServedFake, http: httpx2.AsyncClient) -> None:
    argv = (await http.get("/system_stats")).json()["system"]["argv"]
    assert argv[argv.index("--port") + 1] == str(fake.port)
    url = fake.url
    await fake.crash()
    await fake.restart()
    assert fake.url == url
    assert (await http.get("/system_stats")).status_code == 200


async def test_a_failure_inside_the_block_is_raised_as_it_is() -> None:
    fake = FakeComfy()
    with pytest.raises(KeyError):
        async with fake.running():
            raise KeyError


async def test_the_application_works_without_a_port() -> None:
    fake = FakeComfy()
    async with fake.running(), httpx2.AsyncClient(transport=httpx2.ASGITransport(fake.asgi), base_url="http://fake") as http:
        await http.post("/prompt", json={"prompt": showing(), "prompt_id": "mine"})
        await fake.until_idle()
        assert (await http.get("/api/history/mine")).json()["mine"]["status"]["completed"]


async def test_many_jobs_from_many_callers_get_their_own_outputs(fake: ServedFake) -> None:
    async def one_caller(number: int) -> list[str]:
        seen = []
        url = f"{fake.url.replace('http', 'ws', 1)}/ws?clientId=caller{number}"
        async with httpx2.AsyncClient(base_url=fake.url, trust_env=False) as http, connect(url, proxy=None) as socket:
            for turn in range(10):
                name = f"{number}/{turn}"
                await http.post("/prompt", json={"prompt": showing(number * 100 + turn), "client_id": f"caller{number}", "prompt_id": name})
                async with asyncio.timeout(20):
                    while f'"node": null, "prompt_id": "{name}"' not in str(await socket.recv()):
                        pass
                seen.append(name)
        return seen

    seen = await asyncio.gather(*(one_caller(number) for number in range(4)))
    assert sorted(name for names in seen for name in names) == sorted(job.prompt_id for job in fake.submitted)
    assert len(fake.executed) == 80
