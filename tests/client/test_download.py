from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewcomfy.client._download import Download, Place
from viewcomfy.core.errors import ServerUnavailable


def download() -> Download:
    return Download(60.0, 0.0)


def test_a_download_is_complete_when_all_its_bytes_are_there() -> None:
    state = download()
    assert state.headers() == {"Accept-Encoding": "identity"}
    assert state.opened(200, {"content-length": "10", "etag": '"a"'})
    state.got(4, 0.0)
    state.ended()
    assert not state.complete
    assert state.headers() == {"Accept-Encoding": "identity", "Range": "bytes=4-", "If-Range": '"a"'}
    assert state.opened(206, {"content-range": "bytes 4-9/10", "etag": '"a"'})
    assert state.received == 4
    state.got(6, 0.0)
    state.ended()
    assert state.complete


def test_an_answer_that_starts_elsewhere_starts_again() -> None:
    state = download()
    state.opened(200, {"content-length": "10"})
    state.got(4, 0.0)
    assert state.opened(200, {"content-length": "10"})
    assert state.received == 0
    state.got(4, 0.0)
    assert not state.opened(206, {"content-range": "bytes 0-9/10"})
    assert state.received == 0


def test_without_a_length_the_end_is_the_end() -> None:
    state = download()
    state.opened(200, {})
    state.got(4, 0.0)
    state.ended()
    assert state.complete


def test_a_weak_tag_is_not_asked_for() -> None:
    state = download()
    state.opened(200, {"content-length": "10", "etag": 'W/"a"'})
    state.got(4, 0.0)
    assert "If-Range" not in state.headers()


def test_patience_counts_from_the_last_byte() -> None:
    state = download()
    assert [state.broke(None, 0.0) for _ in range(3)] == [0.2, 0.4, 0.8]
    state.got(1, 100.0)
    assert state.broke(None, 159.0) == 0.2
    with pytest.raises(ServerUnavailable, match="byte 1"):
        state.broke(None, 161.0)


@given(st.text())
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    place = Place.within("/out", name)
    path = place.folder / place.filename
    assert path.parent == Path("/out")
    assert path.name == place.filename
    assert path.name not in ("", ".", "..")


def test_a_path_is_the_file_and_a_folder_holds_it(tmp_path: Path) -> None:
    assert Place.of(tmp_path / "x.png", "a.png") == Place(tmp_path, "x.png", exact=True)
    assert Place.of(tmp_path, "a.png") == Place(tmp_path, "a.png", exact=False)
    assert Place.of(f"{tmp_path}/new/", "a.png") == Place(tmp_path / "new", "a.png", exact=False)


def put(place: Place, data: bytes) -> Path:
    with place.part() as (path, file):
        file.write(data)
        file.close()
        return place.put(path)


def test_a_path_replaces_what_is_there(tmp_path: Path) -> None:
    place = Place.of(tmp_path / "new" / "x.png", "a.png")
    assert put(place, b"1") == put(place, b"2") == tmp_path / "new" / "x.png"
    assert (tmp_path / "new" / "x.png").read_bytes() == b"2"


def test_many_that_save_at_once_get_a_name_each(tmp_path: Path) -> None:
    place = Place.of(tmp_path, "a.png")
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda n: put(place, b"%d" % n), range(40)))
    assert sorted(path.read_bytes() for path in paths) == sorted(b"%d" % n for n in range(40))
    assert len(set(paths)) == len(list(tmp_path.iterdir())) == 40


def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "out"
    folder.mkdir()
    (folder / "a.png").symlink_to(outside)
    assert put(Place.of(folder, "a.png"), b"1") == folder / "a (2).png"
    assert put(Place.of(folder / "a.png", "b"), b"2") == folder / "a.png"
    assert not outside.exists()


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Place.of(tmp_path, "a.png").part():
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []
