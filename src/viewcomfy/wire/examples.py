"""Examples of calling a deployment that work when they are pasted: bodies with real values, and the same in curl and in code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from viewcomfy.core.inputs import InputKind
from viewcomfy.wire.input_schema import default_fits, finite, spelled_out, visible
from viewcomfy.wire.inputs import InputOut

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mOIjr4GAAKhAY16VM0WAAAAAElFTkSuQmCC"
"""One violet pixel."""
MP4 = (
    "AAAAGGZ0eXBpc29tAAACAGlzb21hdmMxAAAAEm1kYXQAAAAGZYiEOieAAAACV21vb3YAAABsbXZoZAAAAAAAAAAAAAAAAAAAAAEAAAABAAEAAAEAAAAAAAAAAAAAAAAB"
    "AAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIAAAHjdHJhawAAAFx0a2hkAAAAAwAAAAAAAAAAAAAAAQAA"
    "AAAAAAABAAAAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAQAAAAAAQAAAAEAAAAAABf21kaWEAAAAgbWRoZAAAAAAAAAAAAAAAAAAA"
    "AAEAAAABVcQAAAAAACFoZGxyAAAAAAAAAAB2aWRlAAAAAAAAAAAAAAAAAAAAATZtaW5mAAAAFHZtaGQAAAABAAAAAAAAAAAAAAAkZGluZgAAABxkcmVmAAAAAAAAAAEA"
    "AAAMdXJsIAAAAAEAAAD2c3RibAAAAJJzdHNkAAAAAAAAAAEAAACCYXZjMQAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAQABAASAAAAEgAAAAAAAAAAQAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAABj//wAAACxhdmNDAULACv/hABRnQsAK2noQAAADABAAAAMAIPEiagEABWjOAZcgAAAAGHN0dHMAAAAAAAAAAQAAAAEAAAABAAAA"
    "HHN0c2MAAAAAAAAAAQAAAAEAAAABAAAAAQAAABRzdHN6AAAAAAAAAAoAAAABAAAAFHN0Y28AAAAAAAAAAQAAACA="
)
"""One grey second, 16 by 16 pixels: H.264, which every node that saves videos takes."""
WAV = "UklGRkQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YSAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
"""Two silent milliseconds, 16 bits each sample: ComfyUI does not read 8."""
DATA_URLS = {
    InputKind.IMAGE: f"data:image/png;base64,{PNG}",
    InputKind.VIDEO: f"data:video/mp4;base64,{MP4}",
    InputKind.AUDIO: f"data:audio/wav;base64,{WAV}",
    InputKind.FILE: "data:text/plain;base64,aGVsbG8K",
}
FILENAMES = {InputKind.IMAGE: "photo.png", InputKind.VIDEO: "video.mp4", InputKind.AUDIO: "sound.wav", InputKind.FILE: "file.bin"}
TEXT = "a cat in the rain"
LONGEST = 300
"""Characters of a text that an example shows."""
KEY_HEADERS = '-H "client_id: $VIEWCOMFY_CLIENT_ID" -H "client_secret: $VIEWCOMFY_CLIENT_SECRET"'


def example_inputs(inputs: Sequence[InputOut], *, least: bool = False) -> dict[str, Any]:
    """Return a value for every input that callers are told of, or with `least` for those that a sensible call sets."""
    shown = visible(inputs)
    return {declared.name: example_value(declared) for declared in (_sensible(shown) if least else shown)}


def example_value(declared: InputOut) -> Any:
    """Return a value that the input takes: its default where that is one."""
    if declared.kind.is_file:
        return DATA_URLS[declared.kind]
    if declared.required and declared.default == "" and not declared.choices:
        return TEXT
    if default_fits(declared):
        return declared.default[:LONGEST] if declared.kind is InputKind.TEXT and not declared.choices else declared.default
    if spelled_out(declared):
        return (declared.choices or [])[0].value
    return _made_up(declared)


def curl_json(name: str, server_url: str, inputs: Sequence[InputOut]) -> str:
    """Return a curl command, on one line, that runs the deployment with JSON."""
    body = _shell_json({"inputs": example_inputs(inputs, least=True)})
    return f"curl {_url(server_url, name)} {KEY_HEADERS} -H 'Prefer: wait=30' -H 'Content-Type: application/json' -d {body}"


def curl_form(name: str, server_url: str, inputs: Sequence[InputOut]) -> str | None:
    """Return a curl command, on one line, that sends the files of the deployment from disk; None where it takes none."""
    files = _files(inputs)
    if not files:
        return None
    values = {name: value for name, value in example_inputs(inputs, least=True).items() if name not in {file.name for file in files}}
    parts = " ".join(f"-F {_quoted(f'{file.name}=@{FILENAMES[file.kind]}')}" for file in files)
    return f"curl {_url(server_url, name)} {KEY_HEADERS} -H 'Prefer: wait=30' --form-string inputs={_shell_json(values)} {parts}"


def python_code(name: str, server_url: str, inputs: Sequence[InputOut]) -> str:
    """Return Python that runs the deployment through the SDK and saves what it made."""
    kinds = {file.name: file.kind for file in _files(inputs)}
    values = {
        name: f'Path("{FILENAMES[kinds[name]]}")' if name in kinds else repr(value)
        for name, value in (example_inputs(inputs, least=True)).items()
    }
    params = ", ".join(f"{name!r}: {value}" for name, value in values.items())
    return (
        "import os\nfrom pathlib import Path\n\nfrom viewcomfy import Client\n\n"
        'key = {name: os.environ[f"VIEWCOMFY_{name.upper()}"] for name in ("client_id", "client_secret")}\n'
        f"with Client({server_url!r}, **key) as client:\n"
        f"    print(client.infer({name!r}, {{{params}}}).save())\n"
    )


def typescript_code(name: str, server_url: str, inputs: Sequence[InputOut]) -> str:
    """Return TypeScript that runs the deployment through fetch."""
    body = json.dumps({"inputs": example_inputs(inputs, least=True)})
    return (
        f"const answer = await fetch({json.dumps(run_url(server_url, name))}, {{\n"
        '  method: "POST",\n'
        "  headers: {\n"
        "    client_id: process.env.VIEWCOMFY_CLIENT_ID!,\n"
        "    client_secret: process.env.VIEWCOMFY_CLIENT_SECRET!,\n"
        '    "Content-Type": "application/json",\n'
        '    Prefer: "wait=30",\n'
        "  },\n"
        f"  body: JSON.stringify({body}),\n"
        "});\n"
        "console.log(await answer.json());\n"
    )


def run_url(server_url: str, name: str) -> str:
    """Return the URL that runs a deployment."""
    return f"{server_url.rstrip('/')}/d/{quote(name, safe='')}/run"


def _sensible(shown: Sequence[InputOut]) -> list[InputOut]:
    """Return the inputs that must be set and the one that people would set first: what is to be made, else what makes a call new.

    A basic file must be sent too: the one that the workflow names is rarely where it runs.
    """
    needed = [declared for declared in shown if declared.required or (declared.kind.is_file and not declared.advanced)]
    free = [declared for declared in shown if declared not in needed]
    texts = [declared for declared in free if declared.kind is InputKind.TEXT]
    first = next((declared for declared in texts if not declared.advanced), None)
    if first is None and not needed:
        seeds = [declared for declared in free if declared.kind is InputKind.SEED]
        first = next(iter([*texts, *seeds, *free]), None)
    return [declared for declared in shown if declared in needed or declared is first]


def _made_up(declared: InputOut) -> Any:
    if declared.kind in (InputKind.INTEGER, InputKind.SEED, InputKind.NUMBER):
        low, high = finite(declared.minimum), finite(declared.maximum)
        lowest = low or 0
        return lowest if high is None or lowest <= high else high
    if declared.kind is InputKind.BOOLEAN:
        return False
    return declared.choices[0].value if declared.choices else TEXT


def _files(inputs: Sequence[InputOut]) -> list[InputOut]:
    return [declared for declared in visible(inputs) if declared.kind.is_file]


def _url(server_url: str, name: str) -> str:
    return _quoted(run_url(server_url, name))


def _shell_json(value: Mapping[str, Any]) -> str:
    """Return JSON that a shell takes as one word, in ASCII: quotes and backticks as JSON's own escapes."""
    return "'" + json.dumps(value).replace("'", "\\u0027").replace("`", "\\u0060") + "'"


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"
