"""The sync and the async client over real sockets: every test runs with both."""

from __future__ import annotations

import asyncio
import io
import socket
import threading
import time
import uuid
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from tests.client.conftest import MakeClient
from tests.client.scripted import LOGS, WORKFLOW, ScriptedJob, ScriptedServer, Stream
from viewcomfy import (
    AsyncClient,
    AuthError,
    Client,
    EventKind,
    Forbidden,
    InvalidUpload,
    JobCanceled,
    JobStatus,
    QueueFull,
    ServerUnavailable,
    StillRunning,
    UnknownJob,
    ViewComfyError,
    WorkflowFailed,
)
from viewcomfy.core.errors import BadInput, InvalidJson, KeyNotAllowed

PNG = b"\x89PNG" + bytes(range(256)) * 4000
BUSY = JSONResponse({"code": "queue_full", "detail": "Full."}, 429, {"Retry-After": "0"})
STARTING = JSONResponse({"code": "server_unavailable", "detail": "Starting."}, 503)
GATEWAY = PlainTextResponse("<html>Bad gateway</html>", 502)


# --- submitting -------------------------------------------------------------------------------------------------------
def test_infer_returns_the_result_of_the_job_it_submitted(client: Any, server: ScriptedServer) -> None:
    server.template.outputs = [("a.png", "image/png", PNG)]
    result = client.infer("demo", {"3-inputs-seed": 7}, timeout=20)
    (sent,) = server.asked("POST", "/d/demo/run")
    assert sent.fields["params"] == '{"3-inputs-seed": 7}'
    assert uuid.UUID(sent.fields["prompt_id"]).version == 4
    assert (sent.headers["client_id"], sent.headers["client_secret"]) == ("me", "s3")
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"
    assert (result.prompt_id, result.status, result.execution_time_seconds) == (sent.fields["prompt_id"], JobStatus.SUCCEEDED, 1.5)
    assert result.prompt == WORKFLOW
    (output,) = result.outputs
    assert (output.filename, output.content_type, output.size) == ("a.png", "image/png", len(PNG))
    assert output.read() == PNG


def test_files_of_every_kind_are_sent_under_their_keys(client: Any, server: ScriptedServer, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(PNG)
    with photo.open("rb") as opened:
        client.infer(
            "demo",
            {
                "1-inputs-image": photo,
                "2-inputs-image": b"bytes",
                "3-inputs-image": ("x.jpg", io.BytesIO(b"file")),
                "4-inputs-image": opened,
                "5-inputs-audio": ("y.bin", b"z", "audio/wav"),
                "6-inputs-text": "photo.png",
            },
        )
    (sent,) = server.asked("POST", "/d/demo/run")
    assert sent.files == {
        "1-inputs-image": ("photo.png", "image/png", PNG),
        "2-inputs-image": ("upload", "application/octet-stream", b"bytes"),
        "3-inputs-image": ("x.jpg", "image/jpeg", b"file"),
        "4-inputs-image": ("photo.png", "image/png", PNG),
        "5-inputs-audio": ("y.bin", "audio/wav", b"z"),
    }
    assert sent.fields["params"] == '{"6-inputs-text": "photo.png"}'


def test_a_workflow_may_come_as_a_dict_or_as_a_file(client: Any, server: ScriptedServer, tmp_path: Path) -> None:
    file = tmp_path / "workflow_api.json"
    file.write_text('{"1": {"class_type": "X", "inputs": {}}}')
    client.run("demo", {}, workflow_api=WORKFLOW)
    client.run("demo", {}, workflow_api=file)
    sent = [seen.fields["workflow_api"] for seen in server.asked("POST", "/d/demo/run")]
    assert sent == ['{"3": {"class_type": "KSampler", "inputs": {"seed": 1}}}', '{"1": {"class_type": "X", "inputs": {}}}']
    file.write_text("{")
    with pytest.raises(InvalidJson):
        client.run("demo", {}, workflow_api=file)


def test_an_endpoint_url_names_its_server_too(make_client: MakeClient, server: ScriptedServer) -> None:
    client = make_client(server="http://127.0.0.1:1")
    result = client.infer(f"{server.url}/d/demo/infer", {"3-inputs-seed": 7}, timeout=20)
    assert result.status is JobStatus.SUCCEEDED


@pytest.mark.parametrize("fault", [None, BUSY, STARTING, GATEWAY], ids=["lost answer", "busy", "starting", "gateway"])
def test_a_submission_that_fails_in_passing_is_sent_again_and_makes_one_job(
    client: Any, server: ScriptedServer, tmp_path: Path, fault: Any
) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(PNG)
    server.fail("POST", "/d/demo/run", fault, fault)
    job = client.run("demo", {"1-inputs-image": photo, "2-inputs-image": io.BytesIO(b"again")})
    sent = server.asked("POST", "/d/demo/run")
    assert len(sent) == 3
    assert {seen.fields["prompt_id"] for seen in sent} == {job.prompt_id} == set(server.jobs)
    assert {seen.files["1-inputs-image"][2] for seen in sent} == {PNG}
    assert {seen.files["2-inputs-image"][2] for seen in sent} == {b"again"}


def test_a_pipe_is_sent_once(client: Any, server: ScriptedServer) -> None:
    class Pipe(io.RawIOBase):
        left = b"abc"

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            taken, self.left = self.left[: len(buffer)], self.left[len(buffer) :]
            buffer[: len(taken)] = taken
            return len(taken)

    server.fail("POST", "/d/demo/run", None)
    with pytest.raises(ServerUnavailable):
        client.run("demo", {"1-inputs-image": Pipe()})
    (sent,) = server.asked("POST", "/d/demo/run")
    assert sent.files["1-inputs-image"][2] == b"abc"


def test_tries_are_bounded_and_the_last_error_is_raised(make_client: MakeClient, server: ScriptedServer) -> None:
    server.fail("POST", "/d/demo/run", *[BUSY] * 5)
    with pytest.raises(QueueFull, match=r"Full\."):
        make_client(tries=3).run("demo", {})
    assert len(server.asked("POST", "/d/demo/run")) == 3


def test_a_long_retry_after_is_told_and_not_waited_for(client: Any, server: ScriptedServer) -> None:
    server.fail("POST", "/d/demo/run", JSONResponse({"code": "queue_full", "detail": "Full."}, 429, {"Retry-After": "900"}))
    with pytest.raises(QueueFull) as caught:
        client.run("demo", {})
    assert caught.value.retry_after == 900
    assert len(server.asked("POST", "/d/demo/run")) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (JSONResponse({"code": "invalid_key", "detail": "Wrong key."}, 401), AuthError),
        (JSONResponse({"code": "key_not_allowed", "detail": "Not yours."}, 403), KeyNotAllowed),
        (JSONResponse({"code": "from_the_future", "detail": "No."}, 403), Forbidden),
    ],
)
def test_a_refusal_is_raised_at_once_in_its_class(client: Any, server: ScriptedServer, answer: Any, error: type[Exception]) -> None:
    server.fail("POST", "/d/demo/run", answer)
    with pytest.raises(error):
        client.run("demo", {})
    assert len(server.asked("POST", "/d/demo/run")) == 1


def test_a_server_that_is_not_there_says_where_it_was_looked_for(make_client: MakeClient) -> None:
    with socket.socket() as taken:  # bound and not listening: refused
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ServerUnavailable, match=url):
            make_client(server=url, tries=1).deployments()


def test_a_missing_file_is_named_before_anything_is_sent(client: Any, server: ScriptedServer) -> None:
    with pytest.raises(InvalidUpload, match="'1-inputs-image'"):
        client.run("demo", {"1-inputs-image": Path("nowhere.png")})
    assert server.seen == []


# --- waiting ----------------------------------------------------------------------------------------------------------
def test_logs_and_events_are_told_in_order(client: Any, server: ScriptedServer) -> None:
    lines: list[str] = []
    events: list[Any] = []
    client.infer_with_logs("demo", {"3-inputs-seed": 7}, on_log=lines.append, on_event=events.append)
    assert lines == LOGS
    assert [event.seq for event in events] == [1, 2, 3, 4, 5]
    assert events[-1].kind is EventKind.STATUS
    assert events[-1].data["status"] == "succeeded"
    assert events[0].at == 101.0


BREAKS = {
    "broken after two": [Stream(2, "break")],
    "broken twice": [Stream(0, "break"), Stream(1, "break")],
    "ended early": [Stream(3, "end")],
    "silent after two": [Stream(2, "silence")],
    "silent": [Stream(0, "silence")],
    "pings for ever": [Stream(1, "pings")],
    "busy": [Stream(status=503)],
    "cut into single bytes": [Stream(bytewise=True)],
    "everything": [Stream(1, "silence"), Stream(status=502), Stream(1, "break"), Stream(1, "end")],
}


@pytest.mark.parametrize("plan", BREAKS.values(), ids=BREAKS.keys())
def test_a_stream_that_breaks_goes_on_and_tells_each_line_once(make_client: MakeClient, server: ScriptedServer, plan: list[Stream]) -> None:
    client = make_client(idle=0.5)
    server.streams = list(plan)
    server.template.polls_to_end = 4
    job = client.run("demo", {})
    assert list(job.logs(timeout=30)) == LOGS
    assert client.job(job.prompt_id).result(timeout=20).status is JobStatus.SUCCEEDED


def test_a_stream_resumes_after_the_last_event(client: Any, server: ScriptedServer) -> None:
    server.streams = [Stream(3, "break")]
    server.template.polls_to_end = 1
    assert len(list(client.run("demo", {}).events())) == 5
    assert [seen.headers.get("last-event-id") for seen in server.streams_asked()] == [None, "3"]


@pytest.mark.parametrize("stream", [Stream(status=404), Stream(status=501), Stream(content_type="text/html")])
def test_where_streams_do_not_exist_polls_do(client: Any, server: ScriptedServer, stream: Stream) -> None:
    server.streams = [stream] * 9
    server.template.polls_to_end = 3
    events = list(client.run("demo", {}).events(timeout=20))
    assert [event.data["status"] for event in events] == ["running", "succeeded"]
    assert len(server.streams_asked()) == 1


def test_streams_can_be_left_alone(make_client: MakeClient, server: ScriptedServer) -> None:
    server.template.polls_to_end = 3
    result = make_client(streams=False).infer("demo", {}, timeout=20)
    assert result.status is JobStatus.SUCCEEDED
    assert server.streams_asked() == []


def test_streams_that_are_held_back_are_given_up(make_client: MakeClient, server: ScriptedServer) -> None:
    server.streams = [Stream(0, "silence")] * 9
    server.template.polls_to_end = 4
    make_client(idle=0.1).infer("demo", {}, timeout=20)
    assert len(server.streams_asked()) == 2


def test_a_wait_bears_a_server_that_restarts(client: Any, server: ScriptedServer) -> None:
    job = client.run("demo", {})
    server.streams = [Stream(1, "break"), Stream(status=503), Stream(status=503)]
    server.fail("GET", f"/api/jobs/{job.prompt_id}", None, STARTING, GATEWAY)
    server.jobs[job.prompt_id].polls_to_end = 1
    assert job.result(timeout=20).status is JobStatus.SUCCEEDED


def test_patience_with_a_server_that_is_gone_ends(make_client: MakeClient, server: ScriptedServer) -> None:
    job = make_client(patience=0.2).run("demo", {})
    server.streams = [Stream(0, "break")] * 99
    server.fail("GET", f"/api/jobs/{job.prompt_id}", *[GATEWAY] * 99)
    with pytest.raises(ServerUnavailable):
        job.result(timeout=20)


@pytest.mark.parametrize("then", ["silence", "pings"])
def test_a_wait_ends_when_its_time_is_up_and_the_job_goes_on(client: Any, server: ScriptedServer, then: str) -> None:
    server.streams = [Stream(1, then)] * 99
    server.template.polls_to_end = 999
    started = time.monotonic()
    with pytest.raises(StillRunning) as caught:
        client.infer("demo", {}, timeout=0.5)
    assert 0.4 < time.monotonic() - started < 5
    (prompt_id,) = server.jobs
    assert caught.value.details["prompt_id"] == prompt_id


def test_a_job_of_somebody_else_is_unknown(client: Any) -> None:
    with pytest.raises(UnknownJob):
        client.job(str(uuid.uuid4())).result(timeout=5)


def test_events_can_be_left_early(server: ScriptedServer) -> None:
    server.streams = [Stream(2, "pings")]
    with Client(server.url, admin_token="t") as client:
        for event in client.run("demo", {}).events():
            assert event.seq == 1
            break
        assert client.params("demo")


@pytest.mark.anyio
async def test_events_can_be_left_early_by_closing_them(server: ScriptedServer) -> None:
    server.streams = [Stream(2, "pings"), Stream(2, "pings")]
    async with AsyncClient(server.url, admin_token="t") as client:
        job = await client.run("demo", {})
        async with aclosing(job.events()) as events:
            assert (await anext(events)).seq == 1
        async with aclosing(job.logs()) as lines:
            assert await anext(lines) == LOGS[0]
        assert await client.params("demo")


@pytest.mark.anyio
async def test_callbacks_may_be_coroutine_functions(server: ScriptedServer) -> None:
    lines: list[str] = []

    async def hear(line: str) -> None:
        await asyncio.sleep(0)
        lines.append(line)

    async with AsyncClient(server.url, admin_token="t") as client:
        await client.infer_with_logs("demo", {}, on_log=hear)
    assert lines == LOGS


@pytest.mark.anyio
async def test_a_callbacks_own_timeout_is_not_taken_for_ours(server: ScriptedServer) -> None:
    async def fail(line: str) -> None:
        raise TimeoutError("mine")

    async with AsyncClient(server.url, admin_token="t") as client:
        with pytest.raises(TimeoutError, match="mine"):
            await client.infer_with_logs("demo", {}, on_log=fail, timeout=20)


# --- failing ----------------------------------------------------------------------------------------------------------
def test_a_failed_job_raises_its_error_with_the_node(client: Any, server: ScriptedServer) -> None:
    server.template.status = "failed"
    server.template.error = {"code": "workflow_failed", "message": "KSampler: boom", "details": {"node_id": "3"}}
    with pytest.raises(WorkflowFailed, match="KSampler: boom") as caught:
        client.infer("demo", {})
    assert caught.value.details == {"node_id": "3", "prompt_id": next(iter(server.jobs))}


def test_a_canceled_job_says_so(client: Any, server: ScriptedServer) -> None:
    job = client.run("demo", {})
    server.jobs[job.prompt_id].polls_to_end = 1
    assert job.status() is JobStatus.RUNNING
    assert client.cancel(job.prompt_id) is JobStatus.CANCELED
    with pytest.raises(JobCanceled):
        job.result(timeout=10)


# --- outputs ----------------------------------------------------------------------------------------------------------
def test_a_download_that_breaks_goes_on_where_it_was(client: Any, server: ScriptedServer, tmp_path: Path) -> None:
    server.template.outputs = [("a.png", "image/png", PNG)]
    server.cuts = [600_000, 300_000, 0]
    (output,) = client.infer("demo", {}).outputs
    path = output.save(tmp_path)
    assert path.read_bytes() == PNG
    starts = [seen.headers.get("range") for seen in server.seen if seen.path.startswith("/files/")]
    assert starts[0] is None
    assert all(start is not None for start in starts[1:])
    assert list(tmp_path.iterdir()) == [path]


def test_a_download_starts_again_where_the_file_has_changed(client: Any, server: ScriptedServer) -> None:
    server.template.outputs = [("a.png", "image/png", PNG)]
    server.cuts = [600_000]
    (output,) = client.infer("demo", {}).outputs
    server.fail("GET", "/files/good/0", JSONResponse({}, 503), None)
    assert output.read() == PNG


def test_a_download_that_never_gets_on_is_given_up_and_leaves_nothing(
    make_client: MakeClient, server: ScriptedServer, tmp_path: Path
) -> None:
    server.template.outputs = [("a.png", "image/png", PNG)]
    server.fail("GET", "/files/good/0", *[None] * 99)
    (output,) = make_client(patience=0.3).infer("demo", {}).outputs
    with pytest.raises(ServerUnavailable):
        output.save(tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []


def test_no_credentials_go_with_a_download(client: Any, server: ScriptedServer) -> None:
    server.template.outputs = [("a.png", "image/png", PNG)]
    client.infer("demo", {}).outputs[0].read()
    (fetched,) = [seen for seen in server.seen if seen.path.startswith("/files/")]
    assert not {"client_id", "client_secret", "authorization"} & fetched.headers.keys()


def test_an_expired_link_is_renewed(client: Any, server: ScriptedServer) -> None:
    server.template.outputs = [("a.png", "image/png", PNG)]
    server.links = "expired"
    assert client.infer("demo", {}).outputs[0].read() == PNG


def test_outputs_never_leave_their_folder_nor_replace_anything_in_it(client: Any, server: ScriptedServer, tmp_path: Path) -> None:
    server.template.outputs = [("../../evil.png", "image/png", b"1"), ("a.png", "image/png", b"2"), ("..", "text/plain", b"3")]
    folder = tmp_path / "out"
    result = client.infer("demo", {})
    saved = result.save(folder) + result.save(folder)
    names = ["evil.png", "a.png", "output", "evil (2).png", "a (2).png", "output (2)"]
    assert saved == [folder / name for name in names]
    assert [path.read_bytes() for path in saved] == [b"1", b"2", b"3"] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


# --- the rest ---------------------------------------------------------------------------------------------------------
def test_jobs_are_listed_over_all_pages(client: Any, server: ScriptedServer) -> None:
    server.jobs = {str(n): ScriptedJob(str(n)) for n in range(5)}
    jobs = list(client.jobs(deployment="demo", status="succeeded", page_size=2))
    assert [job.prompt_id for job in jobs] == ["0", "1", "2", "3", "4"]
    assert server.seen[0].query == {"deployment": "demo", "status": "succeeded", "limit": "2"}


def test_params_are_the_flattened_workflow(client: Any) -> None:
    assert client.params("demo") == {"3-inputs-seed": 1}


def test_management_goes_with_the_admin_token(make_client: MakeClient, server: ScriptedServer) -> None:
    client = make_client(admin_token="t0")
    assert client.deploy("demo", WORKFLOW, time_limit=5).version == 1
    assert [deployment.name for deployment in client.deployments()] == ["demo"]
    assert client.create_key("n", deployments=["demo"]).client_secret == "s"
    assert client.keys()[0].client_id == "k 1"
    assert client.create_key("n", expires_at=9.0, max_active=1, max_per_day=2, max_running=3).client_id == "k 1"
    assert server.seen[-1].body == {"name": "n", "expires_at": 9.0, "max_active": 1, "max_per_day": 2, "max_running": 3}
    assert client.share("demo", "n", max_per_day=5).url == "http://x/s"
    assert server.seen[-1].body == {"name": "n", "max_per_day": 5}
    assert client.usage(since=1.0, by="key").bucket_seconds == 3600
    assert server.seen[-1].query == {"since": "1.0", "by": "key"}
    assert client.revoke_key("k 1").revoked_at == 2.0
    assert client.workers().queued == 3
    assert client.order_backend("w 1", "comfyui-0", "drain").draining is True
    assert client.backend_logs("w 1", "comfyui-0", 7).lines[0].text == "hi"
    assert server.seen[-1].query == {"after": "7"}
    with pytest.raises(BadInput, match="explode"):
        client.order_backend("w 1", "comfyui-0", "explode")
    client.remove_deployment("demo")
    assert {seen.headers.get("authorization") for seen in server.seen} == {"Bearer t0"}
    assert all("client_secret" not in seen.headers for seen in server.seen)
    assert server.seen[0].body == {"workflow_api": WORKFLOW, "time_limit": 5.0}
    assert server.seen[2].body == {"name": "n", "deployments": ["demo"]}


@pytest.mark.parametrize("fault", [None, GATEWAY], ids=["lost answer", "gateway"])
def test_what_is_not_safe_to_repeat_is_sent_once(client: Any, server: ScriptedServer, fault: Any) -> None:
    server.fail("POST", "/api/keys", fault)
    with pytest.raises(ServerUnavailable):
        client.create_key("n")
    assert len(server.seen) == 1
    server.fail("POST", "/api/jobs/1/retry", fault)
    with pytest.raises(ServerUnavailable):
        client.job("1").retry()
    assert len(server.seen) == 2


def test_a_page_that_is_no_answer_of_ours_is_told_apart(make_client: MakeClient, server: ScriptedServer) -> None:
    server.fail("GET", "/d/demo", PlainTextResponse("<html>Welcome</html>"))
    with pytest.raises(ServerUnavailable, match="not answered as a viewcomfy server"):
        make_client(tries=1).params("demo")


def test_a_redirect_is_not_followed_with_credentials(client: Any, server: ScriptedServer) -> None:
    server.fail("GET", "/d/demo", PlainTextResponse("", 307, {"Location": "https://elsewhere.example/"}))
    with pytest.raises(ViewComfyError, match=r"redirect to https://elsewhere\.example/"):
        client.params("demo")


def test_threads_share_a_client(client: Any, server: ScriptedServer) -> None:
    results: list[str] = []

    def work() -> None:
        results.append(client.infer("demo", {}, timeout=20).prompt_id)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted(server.jobs)
    assert len(results) == 8
