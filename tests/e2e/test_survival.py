"""The server killed, stopped and started anew: every accepted job ends once, and whoever waits gets one answer."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.e2e.pictures import encoded, opened, sample_photo
from tests.e2e.product import COMMAND, Product, environment, parse_sse, until
from tests.e2e.workflows import Workflow, colour, echo_photo, node, sleeping

pytestmark = pytest.mark.e2e


def saving_then_sleeping() -> Workflow:
    """Return a workflow that has saved a file when it begins to wait: "1-inputs-seed"."""
    return {
        "0": node("TKNote", text="early", filename_prefix="early"),
        "1": node("TKWait", seconds=2.0, steps=20, seed=1),
        "9": node("SaveImage", images=["1", 0], filename_prefix="late"),
    }


def final_statuses(product: Product, prompt_id: str) -> list[str]:
    events = parse_sse(product.http.get(f"/api/jobs/{prompt_id}/events").content)
    statuses = [json.loads(data)["status"] for kind, data in events if kind == "status"]
    return [status for status in statuses if status in ("succeeded", "failed", "canceled")]


def wait_for_line(product: Product, prompt_id: str, text: str) -> str:
    """Read a job's events until a line says this; return the id of the event."""
    last = ""
    with product.http.stream("GET", f"/api/jobs/{prompt_id}/events") as events:
        for line in events.iter_lines():
            last = line.removeprefix("id: ") if line.startswith("id: ") else last
            if text in line:
                return last
    raise AssertionError(f"{text!r} did not come")


def test_a_server_killed_in_mid_job_loses_no_job_and_answers_nobody_twice(fragile: Product) -> None:
    fragile.result(fragile.deploy(colour()), {"1-inputs-color": 1})
    [comfyui] = fragile.comfyuis()
    slow, plain, photo = fragile.deploy(saving_then_sleeping()), fragile.deploy(colour(side=40)), fragile.deploy(echo_photo())
    picture = encoded(sample_photo())
    running = fragile.run(slow, {"1-inputs-seed": 41})
    queued = [fragile.run(plain, {"1-inputs-color": color}) for color in (0x0A0000, 0x0B0000)]
    answer = fragile.http.post(f"/d/{photo}/run", data={"params": "{}"}, files={"1-inputs-image": ("photo.png", picture)})
    queued.append(answer.json()["prompt_id"])
    with ThreadPoolExecutor() as threads, fragile.client() as client:
        caller: Future[httpx2.Response] = threads.submit(fragile.infer, plain, {"1-inputs-color": 0x0C0000})
        sdk = threads.submit(lambda: client.job(running).result(timeout=90))
        until(lambda: fragile.http.get("/api/jobs", params={"deployment": plain}).json()["jobs"][2:], "the caller's job")
        seen = wait_for_line(fragile, running, "TKWait 41 step 3/20")
        time.sleep(0.6)  # news are written down twice a second
        fragile.kill()
        with pytest.raises(httpx2.TransportError):
            caller.result()
        until(lambda: not comfyui.is_running(), "its ComfyUI is gone with it", 10)
        fragile.start()
        queued += [job["prompt_id"] for job in fragile.http.get("/api/jobs", params={"deployment": plain}).json()["jobs"]]
        jobs = {prompt_id: fragile.ended(prompt_id) for prompt_id in (running, *queued)}
        assert len(jobs) == 5, "the job of the caller that lost its connection is one of them"
        assert [job["status"] for job in jobs.values()] == ["succeeded"] * 5
        assert sdk.result().prompt_id == running
    assert jobs[running]["attempt"] == 2
    assert {output["filename"] for output in jobs[running]["outputs"]} == {"early_00001_.txt", "late_00001_.png"}
    for prompt_id, job in jobs.items():
        assert final_statuses(fragile, prompt_id) == ["succeeded"]
        assert all(fragile.http.get(output["url"]).is_success for output in job["outputs"])
    colors = {opened(fragile.http.get(jobs[job]["outputs"][0]["url"]).content).getpixel((0, 0)) for job in {*queued} - {queued[2]}}
    assert colors == {(10, 0, 0), (11, 0, 0), (12, 0, 0)}
    with fragile.client() as client:  # a new process knows no more than the prompt_id
        assert [output.read()[:5] for output in client.job(running).result().outputs if output.content_type == "text/plain"] == [b"early"]
    rest = fragile.http.get(f"/api/jobs/{running}/events", headers={"last-event-id": seen}).text
    assert "step 1/20" in rest, "of the second attempt"
    assert rest.index("step 4/20") < rest.index("step 1/20"), "the first attempt's later lines come first"
    assert fragile.tidies_up()
    assert len(fragile.comfyuis()) == 1


def test_a_server_that_is_asked_to_stop_lets_the_running_job_end_and_keeps_the_others(fragile: Product) -> None:
    slow = fragile.deploy(sleeping(2))
    fragile.result(fragile.deploy(colour()), {"1-inputs-color": 2})
    with ThreadPoolExecutor() as threads:
        caller = threads.submit(fragile.infer, slow, {"1-inputs-seed": 51})
        [running] = until(lambda: fragile.http.get("/api/jobs", params={"deployment": slow}).json()["jobs"], "accepted")
        wait_for_line(fragile, running["prompt_id"], "TKWait 51 step 2/10")
        queued = fragile.run(slow, {"1-inputs-seed": 52})
        fragile.process.send_signal(signal.SIGTERM)
        answer = caller.result()
    assert (answer.status_code, answer.json()["status"]) == (201, "success")
    assert fragile.stop() == 0
    assert fragile.comfyuis() == []
    fragile.start()
    assert fragile.job(running["prompt_id"])["status"] == "succeeded"
    job = fragile.ended(queued)
    assert (job["status"], job["attempt"]) == ("succeeded", 1)


def test_a_second_signal_stops_at_once_and_the_job_is_not_held_responsible(fragile: Product) -> None:
    long = fragile.run(fragile.deploy(sleeping(60, steps=600)), {"1-inputs-seed": 53})
    wait_for_line(fragile, long, "TKWait 53 step 1/600")
    begun, told = time.monotonic(), fragile.log().count("Stopping")
    fragile.process.send_signal(signal.SIGTERM)
    until(lambda: fragile.log().count("Stopping") > told, "it has heard the first", 10)
    fragile.stop()
    assert time.monotonic() - begun < 4.5, "well before the grace of 5 s is over"
    assert fragile.comfyuis() == []
    fragile.start()
    assert fragile.job(long)["status"] in ("queued", "running")
    assert fragile.http.post(f"/api/jobs/{long}/cancel").json()["status"] == "canceled"
    fragile.result(fragile.deploy(colour()), {"1-inputs-color": 3})


def refused(*options: str) -> tuple[int, str]:
    """Return the exit code and the words of a server that does not start."""
    ended = subprocess.run([*COMMAND, "serve", *options], capture_output=True, text=True, timeout=60, env=environment(), check=False)
    return ended.returncode, ended.stdout + ended.stderr


def test_a_data_folder_has_one_server(product: Product) -> None:
    code, words = refused("--port", "0", "--data-dir", str(product.data_dir))
    assert code == 2
    assert f"process {product.process.pid}" in words
    assert "--data-dir" in words
    assert "Traceback" not in words
    assert product.http.get("/healthz").is_success


def test_a_port_has_one_server(product: Product, tmp_path: Path) -> None:
    code, words = refused("--port", product.url.rpartition(":")[2], "--data-dir", str(tmp_path))
    assert code == 7
    assert "--port" in words
    assert "Traceback" not in words


def test_keys_deployments_and_results_outlive_the_server(serve: Callable[..., Product]) -> None:
    product = serve(backends=0)
    name = product.deploy(colour())
    [before] = product.admin.get("/api/deployments").json()
    assert product.stop() == 0
    product.start()
    assert product.http.get(f"/d/{name}").json()["workflow_api"] == colour()
    [after] = product.admin.get("/api/deployments").json()
    assert after == before
    assert product.infer(name, {"1-inputs-color": 1}).json()["code"] == "no_backend"
