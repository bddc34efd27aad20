"""Packs from the registry: a server that answers in the registry's shapes."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.packs.kit import GOOD
from viewcomfy.comfy.installation import Installation
from viewcomfy.core.errors import Conflict, FetchFailed, PackBroken, UnknownPack
from viewcomfy.packs.install import Installer
from viewcomfy.packs.registry import Registry, unpack
from viewcomfy.packs.source import RegistrySource, parse_source


def archive(files: Mapping[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return data.getvalue()


class FakeRegistry:
    """Entries with versions, the last of which is the newest; `asked` are the paths that were asked for."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, bytes]] = {}
        self.status = "NodeVersionStatusActive"
        self.repository = ""
        self.asked: list[str] = []
        self.url = ""

    def answer(self, path: str) -> tuple[int, bytes]:
        """Return the status and the body of a GET."""
        self.asked.append(path)
        place, _, query = path.partition("?")
        parts = place.strip("/").split("/")
        if parts[0] == "archives":
            return 200, self.entries[parts[1]][parts[2]]
        versions = self.entries.get(parts[1]) if parts[0] == "nodes" else None
        wanted = query.removeprefix("version=") or (list(versions)[-1] if versions else "")
        if versions is None or wanted not in versions:
            return 404, json.dumps({"error": "NotFound", "message": "no such node"}).encode()
        release = {
            "id": "5ac2…", "version": wanted, "dependencies": [], "deprecated": False, "changelog": "", "status": self.status,
            "downloadUrl": f"{self.url}/archives/{parts[1]}/{wanted}",
        }  # fmt: skip
        if parts[-1] == "install":
            return 200, json.dumps(release).encode()
        entry = {"id": parts[1], "name": parts[1], "description": "", "repository": self.repository, "latest_version": release}
        return 200, json.dumps(entry).encode()


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    """A registry with one entry."""
    fake = FakeRegistry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = fake.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        fake.url = f"http://127.0.0.1:{server.server_address[1]}"
        fake.entries["kit-nodes"] = {version: archive({"__init__.py": GOOD.format(name=f"Kit{version[0]}"), f"v{version}.txt": "x"})
                                     for version in ("1.0.0", "2.0.0")}  # fmt: skip
        yield fake
        server.shutdown()
        thread.join()


@pytest.fixture
def installer(comfyui: Installation, registry: FakeRegistry) -> Installer:
    return Installer(comfyui, Registry(f"{registry.url}/"), limit=60)


def test_the_newest_version_comes_or_the_one_that_was_named(registry: FakeRegistry) -> None:
    known = Registry(registry.url)
    assert known.release(RegistrySource("kit-nodes")).version == "2.0.0"
    assert known.release(RegistrySource("kit-nodes", "1.0.0")).download_url.endswith("/1.0.0")
    assert registry.asked == ["/nodes/kit-nodes/install", "/nodes/kit-nodes/install?version=1.0.0"]


def test_a_pack_of_the_registry_is_installed_updated_and_kept_where_it_was_pinned(
    installer: Installer, registry: FakeRegistry, comfyui: Installation
) -> None:
    added = installer.add(parse_source("kit-nodes@1.0.0")).pack
    folder = comfyui.base / "custom_nodes" / "kit-nodes"
    assert (added.id, added.version, added.pinned, added.classes) == ("kit-nodes", "1.0.0", True, ("Kit1",))
    assert (folder / ".tracking").read_text().split() == ["__init__.py", "v1.0.0.txt"]
    assert "pinned" in installer.update("kit-nodes").notes[0]
    (folder / "mine.txt").write_text("mine")
    (folder / "v1.0.0.txt").write_text("changed")
    with pytest.raises(Conflict, match="changed by hand"):
        installer.update("kit-nodes", "2.0.0")
    (folder / "v1.0.0.txt").write_text("x")
    updated = installer.update("kit-nodes", "2.0.0")
    assert (updated.before, updated.pack.version, updated.pack.classes) == ("1.0.0", "2.0.0", ("Kit2",))
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == [".tracking", "__init__.py", "mine.txt", "v2.0.0.txt"]


def test_what_follows_the_newest_version_does(installer: Installer, registry: FakeRegistry) -> None:
    installer.add(parse_source("kit-nodes"))
    assert installer.update("kit-nodes").is_same
    registry.entries["kit-nodes"]["3.0.0"] = archive({"__init__.py": "raise ValueError('three')\n"})
    with pytest.raises(PackBroken, match="three"):
        installer.update("kit-nodes")
    registry.entries["kit-nodes"]["3.0.1"] = archive({"__init__.py": GOOD.format(name="Kit3")})
    assert installer.update("kit-nodes").pack.version == "3.0.1"


def test_what_the_registry_does_not_have_or_warns_of_is_refused(
    installer: Installer, registry: FakeRegistry, comfyui: Installation
) -> None:
    with pytest.raises(UnknownPack, match="no-such"):
        installer.add(parse_source("no-such"))
    with pytest.raises(UnknownPack, match=r"9\.9"):
        installer.add(parse_source("kit-nodes@9.9"))
    with pytest.raises(UnknownPack, match="no repository"):
        installer.add(parse_source("kit-nodes@nightly"))
    registry.status = "NodeVersionStatusFlagged"
    with pytest.raises(PackBroken, match="suspicious"):
        installer.add(parse_source("kit-nodes"))
    assert list((comfyui.base / "custom_nodes").iterdir()) == []


def test_a_registry_that_is_not_there_is_named(comfyui: Installation) -> None:
    with pytest.raises(FetchFailed, match=r"127\.0\.0\.1:9"):
        Installer(comfyui, Registry("http://127.0.0.1:9")).add(parse_source("kit-nodes"))


@pytest.mark.parametrize("name", ["../evil.py", "/etc/evil", "a/../../evil", "a\\..\\evil"])
def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.zip").write_bytes(archive({"__init__.py": "", name: "evil"}))
    with pytest.raises(PackBroken, match="outside"):
        unpack(tmp_path / "a.zip", tmp_path / "pack")
    assert not (tmp_path / "pack").exists()


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("<html>sign in</html>")
    with pytest.raises(PackBroken, match="can't be unpacked"):
        unpack(tmp_path / "a.zip", tmp_path / "pack")
