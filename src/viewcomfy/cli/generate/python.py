"""The Python client of one deployment: a typed module on the SDK."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from viewcomfy.cli.generate.names import argument_names, class_name, unique
from viewcomfy.core.inputs import InputKind
from viewcomfy.wire.examples import FILENAMES, example_value
from viewcomfy.wire.input_schema import in_words, plain, sentence, spelled_out, visible
from viewcomfy.wire.inputs import InputOut

WIDTH = 88
"""Columns of comments and docstrings: the usual formatters leave such text alone."""
TAKEN = {"BinaryIO", "FileInput", "Literal", "Path", "DEPLOYMENT", "VERSION", "SERVER"}
OPTIONS = {
    "run": (
        "prompt_id",
        "str | None",
        "A UUID 4 of yours: the same one again gives the same job.",
    ),
    "infer": (
        "timeout",
        "float | None",
        "Seconds to wait; then StillRunning is raised, and the job goes on.",
    ),
}
"""What each method takes beside the inputs: name, type, meaning. No input of a deployment has such a name."""
TYPES = {
    InputKind.TEXT: "str",
    InputKind.INTEGER: "int",
    InputKind.SEED: "int",
    InputKind.NUMBER: "float",
    InputKind.BOOLEAN: "bool",
    InputKind.ANY: "object",
    InputKind.CHOICE: "object",
}
RUN = "Submit a run and return its job without waiting for it."
INFER = "Run, wait for the end and return the result; raise what the job failed with."
FILE_INPUT = '''
FileInput = Path | bytes | BinaryIO | tuple[str, Path | bytes | BinaryIO] | str
"""A path, bytes or a binary file, alone or after a file name; text is a URL.

A URL is `data:…`, or `https://…` where the server allows that host.
"""
'''
GIVEN = """

def _given(inputs: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in inputs.items() if value is not None}
"""


def generate_python(name: str, url: str, version: int, inputs: Sequence[InputOut], description: str = "") -> str:
    """Return a module with the classes of a deployment, for sync and async code, formatted and clean under mypy --strict.

    `url` is the server's, without `/d/…`. The same arguments give the same text.
    """
    return _Module(name, url, version, visible(inputs), description).text()


class _Module:
    """The module while it is written."""

    def __init__(self, name: str, url: str, version: int, inputs: Sequence[InputOut], description: str) -> None:
        self.name, self.url, self.version, self.description = name, url, version, sentence(description)
        self.inputs = inputs
        self.cls = class_name(name, TAKEN)
        self.arguments = argument_names((declared.name for declared in inputs), ("self", *(name for name, *_ in OPTIONS.values())))
        self.aliases: dict[str, str] = {}
        for declared in inputs:
            if _literals(declared):
                taken = {*TAKEN, self.cls, f"Async{self.cls}", *self.aliases.values()}
                self.aliases[declared.name] = unique(class_name(f"{self.cls} {declared.name}", ()), taken)

    def text(self) -> str:
        """Return the module."""
        given = GIVEN if self.inputs else ""
        aliases = "".join(self._alias(declared) for declared in self.inputs if declared.name in self.aliases)
        takes_files = any(declared.kind.is_file for declared in self.inputs)
        return (
            f"{self._head()}\nfrom __future__ import annotations\n\n{self._imports(takes_files)}"
            f"\nDEPLOYMENT = {string(self.name)}\nVERSION = {self.version}\nSERVER = {string(self.url)}\n"
            f"{FILE_INPUT if takes_files else ''}{aliases}\n{self._class(asynchronous=False)}\n{self._class(asynchronous=True)}{given}"
        )

    def _head(self) -> str:
        made = (
            f"Made from version {self.version} of the deployment at {plain(self.url)} by `viewcomfy client {self.name}`. "
            "Run that again rather than edit this."
        )
        about = f"{_wrapped(_safe(self.description))}\n\n" if self.description else ""
        use = (
            '    with viewcomfy.Client(SERVER, client_id="…", client_secret="…") as client:\n'
            f"        {self.cls}(client).infer({self._example()}).save()\n"
        )
        return f'"""A typed client of the deployment `{self.name}`.\n\n{about}{use}\n{_wrapped(_safe(made))}\n"""\n'

    def _example(self) -> str:
        shown = [declared for declared in self.inputs if declared.required] or self.inputs[:1]
        values = {declared.name: f'Path("{FILENAMES[declared.kind]}")' for declared in shown if declared.kind.is_file}
        return _safe(", ".join(f"{self.arguments[one.name]}={values.get(one.name) or repr(example_value(one))}" for one in shown))

    def _imports(self, takes_files: bool) -> str:
        typing = sorted((["BinaryIO"] if takes_files else []) + (["Literal"] if self.aliases else []))
        path = "from pathlib import Path\n" if takes_files else ""
        names = f"from typing import {', '.join(typing)}\n" if typing else ""
        return f"{path}{names}{chr(10) if path or names else ''}import viewcomfy\n"

    def _alias(self, declared: InputOut) -> str:
        literals = _literals(declared)
        values = f"\n{''.join(f'    {literal},{chr(10)}' for literal in literals)}" if len(literals) > 1 else literals[0]
        return f"\n{self.aliases[declared.name]} = Literal[{values}]\n"

    # --- the classes --------------------------------------------------------------------------------------------------
    def _class(self, *, asynchronous: bool) -> str:
        word = "Async" if asynchronous else ""
        return (
            f"\nclass {word}{self.cls}:\n"
            f'    """The deployment `{self.name}`, in its current version or in the one you name.\n\n'
            '    None leaves an input as the deployment has it.\n    """\n\n'
            f"    def __init__(\n        self,\n        client: viewcomfy.{word}Client,\n"
            "        version: int | None = None,\n    ) -> None:\n"
            "        self._deployment = client.deployment(DEPLOYMENT, version=version)\n\n"
            f"{self._method('run', f'{word}JobHandle', RUN, asynchronous)}\n"
            f"{self._method('infer', f'{word}Result', INFER, asynchronous)}"
        )

    def _method(self, method: str, answer: str, doc: str, asynchronous: bool) -> str:
        option, kind, meaning = OPTIONS[method]
        arguments = "".join(f"        {self.arguments[one.name]}: {self._annotation(one)},\n" for one in self.inputs)
        define, wait = ("async def", "await ") if asynchronous else ("def", "")
        return (
            f"    {define} {method}(\n        self,\n        *,\n{arguments}        {option}: {kind} = None,\n"
            f"    ) -> viewcomfy.{answer}:\n{self._docstring(doc, f'{option}: {meaning}')}"
            f"        return {wait}self._deployment.{method}(\n{self._values()}"
            f"            {option}={option},\n        )\n"
        )

    def _values(self) -> str:
        if not self.inputs:
            return ""
        lines = [f"                    {string(name)}: {argument},\n" for name, argument in self.arguments.items()]
        return f"            _given(\n                {{\n{''.join(lines)}                }}\n            ),\n"

    def _docstring(self, doc: str, option: str) -> str:
        about = [f"{self.arguments[one.name]}: {_safe(in_words(one) or sentence(one.label))}" for one in self.inputs]
        lines = [textwrap.indent(_wrapped(text, WIDTH - 12, "    "), " " * 12) + "\n" for text in [*about, option]]
        return f'        """{doc}\n\n        Args:\n{"".join(lines)}        """\n'

    def _annotation(self, declared: InputOut) -> str:
        kind = self.aliases.get(declared.name) or ("FileInput" if declared.kind.is_file else _type(declared))
        return kind if declared.required else f"{kind} | None = None"


def string(text: str) -> str:
    """Return a string literal, quoted as formatters do."""
    body = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text.replace("\\", "\\\\"))
    quote = "'" if body.count('"') > body.count("'") else '"'
    return f"{quote}{body.replace(quote, f'{chr(92)}{quote}')}{quote}"


def _literals(declared: InputOut) -> list[str]:
    """Return the choices as they stand in a Literal; none where one of them can't."""
    if not spelled_out(declared):
        return []
    values = [choice.value for choice in declared.choices or ()]
    if not all(isinstance(value, str | int) for value in values):  # Python has no literal floats; true and false are ints
        return []
    return list(dict.fromkeys(string(value) if isinstance(value, str) else repr(value) for value in values))


def _type(declared: InputOut) -> str:
    values = [choice.value for choice in declared.choices or ()]
    if declared.kind is not InputKind.CHOICE or not values:
        return TYPES[declared.kind]
    for kind, word in ((str, "str"), (bool, "bool"), (int, "int"), (int | float, "float")):
        if all(isinstance(value, kind) for value in values):
            return word
    return "object"


def _safe(text: str) -> str:
    """Return text that ends no docstring and escapes nothing."""
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _wrapped(text: str, width: int = WIDTH, indent: str = "") -> str:
    return textwrap.fill(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
