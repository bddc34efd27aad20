"""Fetching models from servers that break, lie, change and ask."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.broken_files import BrokenFiles
from tests.models.conftest import safetensors, with_options
from viewcomfy.comfy.installation import Installation
from viewcomfy.core.errors import BadInput, BadModel, Conflict, DiskFull, FetchFailed, JobCanceled
from viewcomfy.core.models import Model
from viewcomfy.models.download import Progress
from viewcomfy.models.shelf import Added, Shelf
from viewcomfy.models.tokens import Tokens

DATA = safetensors()
SHA = hashlib.sha256(DATA).hexdigest()
SECRET = "hf_averysecrettokenofmine1234567890"


def model(url: str, file: str = "m.safetensors", sha256: str = "", folder: str = "checkpoints") -> Model:
    return Model(folder, file, url, sha256)


def left(installation: Installation) -> list[str]:
    """Return the names of all files in the folder of checkpoints."""
    return sorted(path.name for path in (installation.models / "checkpoints").iterdir())


def whole(installation: Installation, added: Added, data: bytes = DATA) -> None:
    """Check that a model has come whole, and nothing else."""
    assert added.held.path.read_bytes() == data
    assert left(installation) == [added.held.path.name]


def wanted(site: BrokenFiles, since: int) -> int:
    """Return how many bytes were asked for from that request on, the first look included."""
    spans = [asked.headers["range"].removeprefix("bytes=").split("-") for asked in site.asked[since:]]
    return sum(int(last) + 1 - int(first) for first, last in spans)


# --- what goes well ---------------------------------------------------------------------------------------------------
def test_a_model_comes_in_parts_and_is_remembered(shelf: Shelf, site: BrokenFiles, installation: Installation) -> None:
    url = site.put("/m.safetensors", DATA)
    seen: list[Progress] = []
    added = shelf.add(model(url), report=seen.append)
    whole(installation, added)
    assert len(site.ranges("/m.safetensors")) == 5, "a look, and four parts"
    assert (added.held.model.sha256, added.held.model.url, added.held.fetched, added.was_there) == (SHA, url, True, False)
    assert (seen[-1].stage, seen[-1].received) == ("checking", len(DATA))
    [held] = shelf.list()
    assert held == added.held


def test_a_model_that_is_there_is_not_fetched_again(shelf: Shelf, site: BrokenFiles) -> None:
    url = site.put("/m.safetensors", DATA)
    shelf.add(model(url))
    asked = len(site.asked)
    assert shelf.add(model(url)).was_there
    assert shelf.add(model(url, sha256=SHA)).was_there
    assert len(site.asked) == asked


def test_nothing_is_ever_overwritten(shelf: Shelf, site: BrokenFiles, installation: Installation) -> None:
    mine = installation.models / "checkpoints" / "m.safetensors"
    mine.write_bytes(safetensors(1000, 7))
    with pytest.raises(Conflict, match=r"Another file named checkpoints/m\.safetensors is there"):
        shelf.add(model(site.put("/m.safetensors", DATA), sha256=SHA))
    assert shelf.add(model(f"{site.url}/m.safetensors")).was_there, "what nobody has hashed is taken for it"
    assert mine.read_bytes() == safetensors(1000, 7)


def test_a_file_that_comes_from_elsewhere_meanwhile_stays(shelf: Shelf, site: BrokenFiles, installation: Installation) -> None:
    gate = threading.Event()
    url = site.put("/m.safetensors", DATA, ranges=False, gate=gate, gate_at=100_000)
    path = installation.models / "checkpoints" / "m.safetensors"

    def put_another(_: Progress) -> None:
        if site.held.is_set() and not gate.is_set():
            path.write_bytes(b"mine")
            gate.set()

    with pytest.raises(Conflict, match="from somewhere else"):
        shelf.add(model(url), report=put_another)
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("how", "name"),
    [
        ({"disposition": 'attachment; filename="base.safetensors"'}, "base.safetensors"),
        ({"disposition": "attachment; filename*=UTF-8''b%C3%A4se.safetensors"}, "bäse.safetensors"),
        ({"disposition": 'attachment; filename="../../evil.safetensors"'}, "evil.safetensors"),
        ({}, "my model.safetensors"),
    ],
)
def test_a_model_gets_the_name_that_its_server_gives(shelf: Shelf, site: BrokenFiles, how: dict[str, str], name: str) -> None:
    site.put("/dir/my model.safetensors", DATA)
    url = site.put("/dir/my%20model.safetensors", DATA, **how)
    assert shelf.add(model(url, file="")).held.path.name == name


def test_a_url_without_a_name_wants_one(shelf: Shelf, site: BrokenFiles) -> None:
    with pytest.raises(BadInput, match="no name") as told:
        shelf.add(model(site.put("/download", DATA), file=""))
    assert "--name" in str(told.value.hint)


def test_a_model_may_lie_in_a_subfolder_and_an_unknown_length_is_no_obstacle(shelf: Shelf, site: BrokenFiles) -> None:
    url = site.put("/m.safetensors", DATA, ranges=False, no_length=True)
    added = shelf.add(model(url, file="xl/base.safetensors"))
    assert added.held.path.read_bytes() == DATA
    assert added.held.path.parent.name == "xl"


# --- what breaks ------------------------------------------------------------------------------------------------------
def test_a_connection_that_breaks_again_and_again_costs_no_byte_twice(shelf: Shelf, site: BrokenFiles, installation: Installation) -> None:
    url = site.put("/m.safetensors", DATA, cuts=[None, *([10_000] * 12)])
    whole(installation, shelf.add(model(url)))
    assert site.sent <= len(DATA) + 2048


def test_a_server_without_ranges_is_asked_for_all_of_it_again(shelf: Shelf, site: BrokenFiles, installation: Installation) -> None:
    url = site.put("/m.safetensors", DATA, ranges=False, cuts=[None, 200_000, 100_000])
    whole(installation, shelf.add(model(url)))


def test_a_server_that_only_ever_breaks_is_given_up_and_gone_on_with_later(shelf: Shelf, site: BrokenFiles) -> None:
    url = site.put("/m.safetensors", DATA, cuts=[None, 50_000, 50_000, 50_000, 50_000, *([0] * 40)])
    with pytest.raises(FetchFailed, match="broke the connection") as told:
        shelf.add(model(url))
    assert "goes on where it stopped" in str(told.value.hint)
    [unfinished] = shelf.check()
    assert (unfinished.path, unfinished.state) == ("checkpoints/m.safetensors", "unfinished")
    site.files["/m.safetensors"].cuts.clear()
    sent = site.sent
    assert shelf.add(model(url)).held.path.read_bytes() == DATA
    assert site.sent - sent <= len(DATA) - 100_000


@pytest.mark.parametrize("certain", [{"etag": True}, {"etag": False, "modified": "Mon, 01 Jan 2024 00:00:00 GMT"}])
def test_a_killed_process_is_gone_on_with(shelf: Shelf, site: BrokenFiles, installation: Installation, certain: dict[str, Any]) -> None:
    gate = threading.Event()
    url = site.put("/m.safetensors", DATA, gate=gate, gate_at=60_000, **certain)
    process = _fetching(installation, url)
    assert site.held.wait(30)
    _until(lambda: sum(span[2] - span[0] for span in _note(installation).get("spans", [])) >= 200_000)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    gate.set()
    asked = len(site.asked)
    whole(installation, shelf.add(model(url)))
    assert 1024 < wanted(site, asked) <= len(DATA) - 200_000 + 1024


def _fetching(installation: Installation, url: str) -> subprocess.Popen[bytes]:
    """Have another process fetch it."""
    script = (
        "import sys; from pathlib import Path; from viewcomfy.comfy.installation import Installation\n"
        "from tests.models.conftest import QUICK; from viewcomfy.models.shelf import Shelf; from viewcomfy.core.models import Model\n"
        "base = Path(sys.argv[1]); shelf = Shelf(Installation(base, base, base, '', ''), pace=QUICK)\n"
        "print(shelf.add(Model('checkpoints', 'm.safetensors', sys.argv[2])).was_there)"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, str(installation.base), url], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )


def _note(installation: Installation) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((installation.models / "checkpoints" / ".m.safetensors.part.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


def _until(found: Callable[[], Any]) -> None:
    for _ in range(3000):
        if found():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not happen within 30 s")


def test_two_processes_fetch_a_model_once(shelf: Shelf, site: BrokenFiles, installation: Installation) -> None:
    gate = threading.Event()
    url = site.put("/m.safetensors", DATA, gate=gate, gate_at=30_000)
    process = _fetching(installation, url)
    assert site.held.wait(30)

    def open_gate(progress: Progress) -> None:
        if progress.stage == "waiting":
            gate.set()

    added = shelf.add(model(url), report=open_gate)
    assert added.was_there
    whole(installation, added)
    assert process.communicate(timeout=30)[0].decode().strip() == "False"
    assert site.sent <= len(DATA) + 4096


def test_what_is_stopped_goes_on_where_it_stopped(shelf: Shelf, site: BrokenFiles, installation: Installation) -> None:
    gate = threading.Event()
    url = site.put("/m.safetensors", DATA, gate=gate, gate_at=40_000)
    with pytest.raises(JobCanceled, match="stopped"):
        shelf.add(model(url), stopped=site.held.is_set)
    gate.set()
    asked = len(site.asked)
    whole(installation, shelf.add(model(url)))
    assert wanted(site, asked) < len(DATA)


# --- another file behind the same URL -----------------------------------------------------------------------------------
@pytest.mark.parametrize("how", [{}, {"etag": False, "modified": "Mon, 01 Jan 2024 00:00:00 GMT"}, {"etag": False}])
def test_another_file_is_never_glued_on(shelf: Shelf, site: BrokenFiles, installation: Installation, how: dict[str, Any]) -> None:
    other = safetensors(seed=2)
    assert len(other) == len(DATA)
    url = site.put("/m.safetensors", DATA, cuts=[None, *([40_000] * 4), *([0] * 30)], **how)
    with pytest.raises(FetchFailed):
        shelf.add(model(url))
    site.put("/m.safetensors", other, **{**how, **({"modified": "Tue, 02 Jan 2024 00:00:00 GMT"} if "modified" in how else {})})
    whole(installation, shelf.add(model(url)), other)


def test_a_file_that_changes_while_it_is_fetched_is_begun_anew(shelf: Shelf, site: BrokenFiles, installation: Installation) -> None:
    other = safetensors(200_000, seed=3)
    url = site.put("/m.safetensors", DATA, turns=[DATA, DATA, other])
    whole(installation, shelf.add(model(url)), other)


def test_a_file_that_never_stops_changing_is_given_up(shelf: Shelf, site: BrokenFiles, installation: Installation) -> None:
    url = site.put("/m.safetensors", DATA, turns=[safetensors(seed=number) for number in range(60)])
    with pytest.raises(FetchFailed, match="changes while it is fetched"):
        shelf.add(model(url))


def test_ranges_that_are_offered_and_not_given_are_done_without(shelf: Shelf, site: BrokenFiles, installation: Installation) -> None:
    url = site.put("/m.safetensors", DATA)
    file = site.files["/m.safetensors"]

    def take_ranges_away(_: Progress) -> None:
        file.ranges = len(site.asked) < 2 or site.asked[-1].headers["range"] == "bytes=0-1023"

    file.ranges = True
    whole(installation, shelf.add(model(url), report=take_ranges_away))


# --- what is refused --------------------------------------------------------------------------------------------------
def test_a_hash_that_does_not_fit_throws_the_file_away(shelf: Shelf, site: BrokenFiles, installation: Installation) -> None:
    with pytest.raises(BadModel, match=f"its SHA-256 is {SHA}, not {'0' * 64}"):
        shelf.add(model(site.put("/m.safetensors", DATA), sha256="0" * 64))
    assert left(installation) == []


@pytest.mark.parametrize("name", ["m.ckpt", "m.pt", "m.PTH", "m.bin", "m.pkl"])
def test_formats_that_can_run_code_are_refused_unless_they_are_allowed(shelf: Shelf, site: BrokenFiles, name: str) -> None:
    url = site.put(f"/{name}", b"\x80\x04 some pickle" * 100)
    with pytest.raises(BadModel, match="can run code") as told:
        shelf.add(model(url, name))
    assert "--allow-pickle" in str(told.value.hint)
    assert site.asked == [], "not even asked for"
    assert shelf.add(model(url, name), allow_pickle=True).held.path.name == name


def test_a_pickle_under_another_name_is_refused(shelf: Shelf, site: BrokenFiles) -> None:
    url = site.put("/m.onnx", b"\x80\x04" + bytes(5000))
    with pytest.raises(BadModel, match="can run code"):
        shelf.add(model(url, "m.onnx"))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (DATA[:-1000], "cut off"),
        (DATA + b"more", "4 bytes too many"),
        (b"\x10" + bytes(7) + b"not json not json" + bytes(4000), "header is not JSON"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "no safetensors file"),
        (b"", "empty"),
    ],
)
def test_a_damaged_model_is_refused_and_leaves_nothing(
    shelf: Shelf, site: BrokenFiles, installation: Installation, data: bytes, told: str
) -> None:
    with pytest.raises((BadModel, FetchFailed), match=told):
        shelf.add(model(site.put("/m.safetensors", data)))
    assert left(installation) == []


def test_a_gguf_must_be_one(shelf: Shelf, site: BrokenFiles) -> None:
    assert shelf.add(model(site.put("/a.gguf", b"GGUF" + bytes(4000)), "a.gguf")).held.size == 4004
    with pytest.raises(BadModel, match="no GGUF"):
        shelf.add(model(site.put("/b.gguf", bytes(4000)), "b.gguf"))


@pytest.mark.parametrize("how", [{"content_type": "text/html; charset=utf-8"}, {}])
def test_a_page_that_asks_to_sign_in_is_told_from_a_model(shelf: Shelf, site: BrokenFiles, how: dict[str, str]) -> None:
    url = site.put("/m.safetensors", b"\n<!DOCTYPE html><html>Please sign in" + bytes(3000), **how)
    with pytest.raises(FetchFailed, match=r"a web page instead of m\.safetensors") as told:
        shelf.add(model(url))
    assert "VIEWCOMFY_MODEL_TOKENS" in str(told.value.hint)


def test_a_length_that_is_a_lie_is_found_out(shelf: Shelf, site: BrokenFiles) -> None:
    for path, claimed in (("/long.safetensors", len(DATA) + 5000), ("/short.safetensors", len(DATA) - 5000)):
        url = site.put(path, DATA, claimed=claimed)
        with pytest.raises((FetchFailed, BadModel)):
            shelf.add(model(url, path[1:]))
        url = site.put(path, DATA, claimed=claimed, ranges=False)
        with pytest.raises((FetchFailed, BadModel)):
            shelf.add(model(url, path[1:]))


def test_a_compressed_answer_is_refused(shelf: Shelf, site: BrokenFiles) -> None:
    with pytest.raises(FetchFailed, match="compressed"):
        shelf.add(model(site.put("/m.safetensors", DATA, encoding="gzip")))


def test_a_disk_without_room_is_told_before_anything_comes(
    shelf: Shelf, site: BrokenFiles, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(installation.models)._replace(free=100_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    with pytest.raises(DiskFull, match="GB left"):
        shelf.add(model(site.put("/m.safetensors", DATA)))
    assert site.sent <= 1024
    assert left(installation) == []


def test_what_is_not_there_or_not_said_is_told(shelf: Shelf, site: BrokenFiles) -> None:
    with pytest.raises(FetchFailed, match="There is no file at"):
        shelf.add(model(f"{site.url}/absent.safetensors"))
    with pytest.raises(FetchFailed, match="Nobody has said where"):
        shelf.add(model(""))
    with pytest.raises(FetchFailed, match="can't be reached"):
        shelf.add(model("http://127.0.0.1:9/m.safetensors"))


def test_a_busy_server_is_asked_again(shelf: Shelf, site: BrokenFiles, installation: Installation) -> None:
    whole(installation, shelf.add(model(site.put("/m.safetensors", DATA, statuses=[503, 429]))))


def test_a_misspelt_folder_is_refused_and_a_new_one_made(shelf: Shelf, site: BrokenFiles) -> None:
    url = site.put("/m.safetensors", DATA)
    with pytest.raises(BadInput, match="chekpoints") as told:
        shelf.add(model(url, folder="chekpoints"))
    assert "'checkpoints'" in str(told.value.hint)
    assert shelf.add(model(url, folder="ipadapter")).held.path.read_bytes() == DATA


# --- tokens -----------------------------------------------------------------------------------------------------------
def host(site: BrokenFiles) -> str:
    return site.url.removeprefix("http://")


def test_a_token_goes_to_its_own_host_only(site: BrokenFiles, elsewhere: BrokenFiles, installation: Installation) -> None:
    shelf = with_options(installation, tokens=Tokens({host(site): SECRET, host(elsewhere): "another"}))
    target = elsewhere.put("/cdn/m.safetensors", DATA)
    url = site.put("/m.safetensors", DATA, token=SECRET, redirect=target)
    whole(installation, shelf.add(model(url)))
    assert {asked.headers["authorization"] for asked in site.asked} == {f"Bearer {SECRET}"}
    assert not any("authorization" in asked.headers for asked in elsewhere.asked)


def test_a_token_does_not_come_back_by_way_of_another_host(site: BrokenFiles, elsewhere: BrokenFiles, installation: Installation) -> None:
    shelf = with_options(installation, tokens=Tokens({host(site): SECRET}))
    site.put("/b.safetensors", DATA)
    url = site.put("/a.safetensors", DATA, redirect=elsewhere.put("/there", DATA, redirect=f"{site.url}/b.safetensors"))
    shelf.add(model(url))
    assert not any("authorization" in asked.headers for asked in site.asked if asked.path == "/b.safetensors")


def test_no_secret_is_said_or_written_down(site: BrokenFiles, installation: Installation) -> None:
    shelf = with_options(installation, tokens=Tokens({host(site): SECRET}))
    query = f"?token={SECRET}&type=Model&X-Amz-Signature=abcdef1234"
    site.put("/m.safetensors", DATA, statuses=[], cuts=[None, *([0] * 60)])
    site.put("/gone.safetensors", b"", statuses=[404])
    site.put("/refused.safetensors", b"", token="other")
    said = []
    for path in ("/m.safetensors", "/gone.safetensors", "/refused.safetensors"):
        with pytest.raises(FetchFailed) as told:
            shelf.add(model(f"{site.url}{path}{query}"))
        fault: BaseException | None = told.value
        while fault is not None:
            said.append(f"{fault!r} {getattr(fault, 'hint', '')}")
            fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
    site.files["/m.safetensors"].cuts.clear()
    shelf.add(model(f"{site.url}/m.safetensors{query}"))
    for folder, _, names in os.walk(installation.base):
        said += [Path(folder, name).read_text(errors="replace") for name in names if not name.endswith(".safetensors")]
    assert not any(SECRET in text or "abcdef1234" in text for text in said)
    assert shelf.list()[0].model.url == f"{site.url}/m.safetensors?type=Model"


def test_what_wants_a_token_says_which_variable_to_set(shelf: Shelf, site: BrokenFiles, installation: Installation) -> None:
    url = site.put("/m.safetensors", DATA, token=SECRET)
    with pytest.raises(FetchFailed, match="answered 401") as told:
        shelf.add(model(url))
    assert f"VIEWCOMFY_MODEL_TOKENS={host(site)}=TOKEN" in str(told.value.hint)
    with pytest.raises(FetchFailed) as told:
        with_options(installation, tokens=Tokens({host(site): "wrong"})).add(model(url))
    assert "was refused" in str(told.value.hint)
