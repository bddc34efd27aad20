"""Open the files that a setting names: a folder of this machine, or a bucket."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from viewcomfy.core.errors import InvalidName, MissingExtra
from viewcomfy.files.base import Files
from viewcomfy.files.cloud_url import CloudUrl
from viewcomfy.files.local import LocalFiles

if TYPE_CHECKING:
    from obstore.store import ObjectStore

CONNECT_SECONDS = 5
REQUEST_SECONDS = 3600
"""How long one request may take in all, a slow reader's waiting included; silence ends it much sooner."""
RETRIES = 6
RETRY_SECONDS = 30
"""How long after its beginning a request that failed is tried again."""


def open_files(url: str | None, data_dir: Path) -> Files:
    """Return the files at a URL, or below the data folder where there is none; nothing is asked of a bucket yet.

    `file:///folder` and a plain path are folders, too. Raises InvalidName for a URL that can't be one, MissingExtra where obstore is
    not installed; neither repeats credentials.
    """
    if not url or not url.strip():
        return LocalFiles(data_dir / "files")
    text = url.strip()
    if text.lower().startswith("file://"):
        return LocalFiles(Path(unquote(urlsplit(text).path)))
    if "://" not in text:
        return LocalFiles(Path(text).expanduser())
    return _in_the_cloud(CloudUrl.parse(text), data_dir / "tmp")


def _in_the_cloud(url: CloudUrl, folder: Path) -> Files:
    try:
        from viewcomfy.files.cloud import CloudFiles  # noqa: PLC0415 - obstore is an extra
    except ImportError as missing:
        raise MissingExtra(
            f"Files in {url.scheme}:// need obstore, which is not installed.", hint='Type: pip install "viewcomfy[s3]"'
        ) from missing
    return CloudFiles(_store(url), folder, url.shown)


def _store(url: CloudUrl) -> ObjectStore:
    from obstore.exceptions import BaseError  # noqa: PLC0415 - as above
    from obstore.store import AzureStore, GCSStore, S3Store  # noqa: PLC0415 - as above

    config: dict[str, Any] = dict(url.options)
    if url.scheme == "s3" and "endpoint" in config:
        config.setdefault("region", "us-east-1")  # which those who have no regions expect
    maker: Any = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}[url.scheme]
    named = {"container_name" if url.scheme == "az" else "bucket": url.bucket}
    try:
        made: ObjectStore = maker(
            **named, prefix=url.prefix or None, config=config, client_options=_client(url), retry_config=_retries(url.timeout)
        )
    except (BaseError, ValueError, TypeError):  # their words may hold what was sent along
        raise InvalidName(
            f"{url.shown} can't be opened: an option of its URL is wrong or missing.", hint="docs/files.md shows what each store needs."
        ) from None
    return made


def _client(url: CloudUrl) -> dict[str, Any]:
    return {
        "allow_http": any(value.startswith("http://") for name, value in url.options.items() if name in ("endpoint", "base_url")),
        "connect_timeout": timedelta(seconds=min(CONNECT_SECONDS, url.timeout)),
        "read_timeout": timedelta(seconds=url.timeout),
        "timeout": timedelta(seconds=REQUEST_SECONDS),
    }


def _retries(timeout: float) -> dict[str, Any]:
    backoff = {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=5), "base": 2}
    return {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=max(RETRY_SECONDS, timeout)), "backoff": backoff}
