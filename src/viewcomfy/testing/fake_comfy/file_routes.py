"""The routes that take uploads and give files out."""

from __future__ import annotations

import json
import mimetypes
import posixpath
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from viewcomfy.testing.fake_comfy import pictures
from viewcomfy.testing.fake_comfy.answers import Json, empty
from viewcomfy.testing.fake_comfy.folders import Folder, inside

if TYPE_CHECKING:
    from viewcomfy.testing.fake_comfy.fake import FakeComfy

UNSAFE_TYPES = {"text/html", "text/html-sandboxed", "application/xhtml+xml", "text/javascript", "text/css"}


async def upload_image(fake: FakeComfy, request: Request) -> Response:
    """Store an upload; the same bytes keep their name, other bytes under the same name get a number."""
    async with request.form() as form:
        return await _store(fake, form, lambda data: data)


async def upload_mask(fake: FakeComfy, request: Request) -> Response:
    """Store a picture that exists already with the alpha channel of the upload."""
    async with request.form() as form:
        original = json.loads(str(form["original_ref"]))
        folder = fake.folders.by_type(original.get("type", "output"))
        path = inside(original.get("subfolder", ""), original["filename"])
        known = folder.read(path) if folder is not None and path is not None else None
        return await _store(fake, form, lambda data: pictures.put_alpha(known or data, data))


async def view(fake: FakeComfy, request: Request) -> Response:
    """Give a file out, or a preview or a channel of a picture."""
    query = request.query_params
    if "filename" not in query:
        return empty(404)
    folder, filename = fake.folders.locate(query["filename"])
    if not filename or filename.startswith("/") or ".." in filename:
        return empty(400)
    folder = folder or fake.folders.by_type(query.get("type", "output"))
    if folder is None:
        return empty(400)
    path = inside(query.get("subfolder", ""), posixpath.basename(filename))
    return empty(403) if path is None else _give(folder, path, request)


def _give(folder: Folder, path: str, request: Request) -> Response:
    query = request.query_params
    channel = query.get("channel", "")
    name = posixpath.basename(path)
    headers = {"Content-Disposition": f'filename="{name}"'}
    if "preview" not in query and channel not in {"rgb", "a"}:
        return _whole(folder, path, headers)
    data = folder.read(path)
    if data is None:
        return empty(404)
    if "preview" not in query:
        return Response(pictures.to_channel(data, channel), media_type="image/png", headers=headers)
    form, *rest = query["preview"].split(";")
    form = form if form in {"webp", "jpeg"} and "a" not in channel else "webp"
    quality = int(rest[-1]) if rest and rest[-1].isdigit() else 90
    return Response(pictures.to_preview(data, form, quality, channel), media_type=f"image/{form}", headers=headers)


def _whole(folder: Folder, path: str, headers: dict[str, str]) -> Response:
    guessed = mimetypes.guess_type(path)[0] or "application/octet-stream"
    headers = headers | {"Content-Type": "application/octet-stream" if guessed in UNSAFE_TYPES else guessed}
    if folder.path is not None:
        file = folder.path / path
        return FileResponse(file, headers=headers) if file.is_file() else empty(404)
    data = folder.read(path)
    return empty(404) if data is None else Response(data, headers=headers)


async def _store(fake: FakeComfy, form: FormData, change: Callable[[bytes], bytes]) -> Response:
    upload = form.get("image")
    kind = str(form.get("type", "input"))
    folder = fake.folders.by_type(kind)
    if folder is None:
        raise ValueError(f"no such folder: {kind}")
    if not isinstance(upload, UploadFile) or not upload.filename:
        return empty(400)
    subfolder = str(form.get("subfolder", ""))
    path = inside(subfolder, upload.filename)
    if path is None:
        return empty(400)
    data = await upload.read()
    name = upload.filename if form.get("overwrite") in {"true", "1"} else _free_name(folder, posixpath.dirname(path), upload.filename, data)
    folder.write(posixpath.normpath(posixpath.join(subfolder, name)), change(data))
    return Json({"name": name, "subfolder": subfolder, "type": kind})


def _free_name(folder: Folder, subfolder: str, filename: str, data: bytes) -> str:
    stem, extension = posixpath.splitext(filename)
    name, number = filename, 1
    while (known := folder.read(posixpath.join(subfolder, name))) is not None and known != data:
        name = f"{stem} ({number}){extension}"
        number += 1
    return name


ROUTES = {
    "POST /upload/image": upload_image,
    "POST /upload/mask": upload_mask,
    "GET /view": view,
}
