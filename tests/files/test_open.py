"""Files are opened by a URL or a path."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from viewcomfy.core.errors import InvalidName
from viewcomfy.files.cloud import CloudFiles
from viewcomfy.files.local import LocalFiles
from viewcomfy.files.open import open_files


@pytest.mark.parametrize(
    ("url", "folder"), [(None, "data/files"), ("", "data/files"), ("{}/elsewhere", "elsewhere"), ("file://{}/a%20b", "a b")]
)
def test_a_folder_is_made_where_it_is_named(tmp_path: Path, url: str | None, folder: str) -> None:
    files = open_files(url and url.format(tmp_path), tmp_path / "data")
    assert isinstance(files, LocalFiles)
    assert (tmp_path / folder).is_dir()


@pytest.mark.parametrize(
    "url", ["s3://bucket/prefix?endpoint=http://127.0.0.1:9", "gs://bucket", "az://account:a2V5@container/prefix", "s3://KEY:SECRET@bucket"]
)
def test_a_bucket_is_opened_without_asking_it(tmp_path: Path, url: str) -> None:
    assert isinstance(open_files(url, tmp_path), CloudFiles)


@pytest.mark.parametrize("url", ["ftp://bucket", "az://container", "az://account:SECRET$@container", "s3://bucket?nonsense=1"])
def test_what_can_not_be_opened_is_refused_without_secrets(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidName) as refusal:
        open_files(url, tmp_path)
    assert "SECRET" not in str(refusal.value)
    assert refusal.value.__cause__ is None


WITHOUT_OBSTORE = """
import sys
sys.modules["obstore"] = None
from pathlib import Path
from viewcomfy.core.errors import MissingExtra
from viewcomfy.files.open import open_files
open_files(None, Path(sys.argv[1]))
try:
    open_files("s3://bucket", Path(sys.argv[1]))
except MissingExtra as missing:
    print(missing)
"""


def test_without_obstore_folders_work_and_buckets_say_what_to_type(tmp_path: Path) -> None:
    said = subprocess.run([sys.executable, "-c", WITHOUT_OBSTORE, str(tmp_path)], capture_output=True, text=True, check=True)
    assert 'pip install "viewcomfy[s3]"' in said.stdout
