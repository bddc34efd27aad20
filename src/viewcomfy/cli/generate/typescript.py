"""The TypeScript client of one deployment: one typed file without dependencies, for browsers and Node 20."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Sequence
from importlib.resources import files

from viewcomfy.cli.generate.names import class_name
from viewcomfy.core.inputs import InputKind
from viewcomfy.wire.input_schema import in_words, plain, sentence, spelled_out, visible
from viewcomfy.wire.inputs import InputOut

WIDTH = 110
EXACT = 2**53 - 1
"""The largest integer that a number of JavaScript holds exactly."""
RUNTIME = "runtime.ts"
OURS = (
    "ClientOptions DeploymentClient EventReader FileInput Job JobError JobEvent JobStatus Json Output Problem RunOptions ViewComfyError "
    "WaitOptions DEPLOYMENT SERVER VERSION"
)
BROWSERS = (
    "AbortController AbortSignal Array ArrayBuffer Blob Date Error File FormData Map Math Number Object Promise RequestInit Response "
    "String TextDecoder Uint8Array"
)
TAKEN = frozenset(f"{OURS} {BROWSERS}".split())
TYPES = {
    InputKind.TEXT: "string",
    InputKind.INTEGER: "number",
    InputKind.SEED: "number",
    InputKind.NUMBER: "number",
    InputKind.BOOLEAN: "boolean",
    InputKind.ANY: "Json",
    InputKind.CHOICE: "Json",
}
BARE_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*", re.ASCII)


def generate_typescript(name: str, url: str, version: int, inputs: Sequence[InputOut], description: str = "") -> str:
    """Return a TypeScript file with the inputs of a deployment and a class that runs it.

    `url` is the server's, without `/d/…`. The same arguments give the same text. Strict compilers take it, with and without
    `exactOptionalPropertyTypes` and `erasableSyntaxOnly`.
    """
    cls = class_name(name, TAKEN)
    fields = "".join(_field(declared) for declared in visible(inputs))
    about = _comment(f"{sentence(description)} The inputs of `{name}`; one left out is as the deployment has it.".strip())
    runtime = files("viewcomfy.cli.generate").joinpath(RUNTIME).read_text("utf-8")
    return (
        f"{_head(name, cls, url, version)}\n"
        f"export const DEPLOYMENT = {string(name)};\nexport const VERSION = {version};\nexport const SERVER = {string(url)};\n\n"
        f"{about}export interface {cls}Inputs {{\n{fields}}}\n\n{runtime}\n"
        f"{_comment(f'The deployment `{name}`.')}export class {cls} extends DeploymentClient<{cls}Inputs> {{\n"
        "  constructor(options: ClientOptions = {}) {\n    super(DEPLOYMENT, SERVER, options);\n  }\n}\n"
    )


def string(text: str) -> str:
    """Return a string literal."""
    return "".join(char if char.isprintable() else _escaped(char) for char in json.dumps(text, ensure_ascii=False))


def _escaped(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\u{{{ord(char):x}}}"


def _head(name: str, cls: str, url: str, version: int) -> str:
    return _lines(
        "// ",
        f"A typed client of the deployment `{name}`, for browsers and Node 20.",
        "",
        f"    const client = new {cls}({{ clientId, clientSecret }});",
        "    const job = await client.infer(inputs, { onEvent: console.log });",
        "    const file = await client.download(job.outputs[0]);",
        "",
        f"Made from version {version} of the deployment at {plain(url)} by `viewcomfy client {name} --typescript`.",
        "Run that again rather than edit this.",
    )


def _field(declared: InputOut) -> str:
    key = declared.name if BARE_KEY.fullmatch(declared.name) else string(declared.name)
    mark = "" if declared.required else "?"
    doc = textwrap.indent(_comment(in_words(declared)), "  ")
    return f"{doc}  {key}{mark}: {_type(declared)};\n"


def _type(declared: InputOut) -> str:
    if declared.kind.is_file:
        return "FileInput"
    values = [choice.value for choice in declared.choices or ()]
    if spelled_out(declared) and all(isinstance(value, str | int | float) for value in values):
        return " | ".join(dict.fromkeys(string(value) if isinstance(value, str) else json.dumps(value) for value in values))
    if values and all(isinstance(value, str) for value in values):
        return "string"
    large = any(limit is not None and abs(limit) > EXACT for limit in (declared.minimum, declared.maximum))
    is_whole = declared.kind in (InputKind.INTEGER, InputKind.SEED)
    return "number | bigint" if large and is_whole else TYPES[declared.kind]


def _comment(text: str) -> str:
    """Return a comment for documentation; nothing in the text can end it."""
    words = text.replace("*/", "*\\/")
    if len(words) + 7 <= WIDTH:
        return f"/** {words} */\n"
    return f"/**\n{_lines(' * ', *textwrap.wrap(words, WIDTH, break_long_words=False, break_on_hyphens=False))} */\n"


def _lines(start: str, *lines: str) -> str:
    return "".join(f"{start}{line}".rstrip() + "\n" for line in lines)
