"""A page that shows the OpenAPI document, made here: nothing on it comes from another host."""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #5b5bd6; }
body { font: 15px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0 } h2 { margin: 2.2rem 0 .6rem; font-size: 1.05rem; } h2::first-letter { text-transform: uppercase }
details { border: 1px solid var(--line); border-radius: 8px; margin: .4rem 0; padding: .55rem .8rem }
summary { cursor: pointer; overflow-wrap: anywhere } summary b { display: inline-block; min-width: 4.2rem; color: var(--accent) }
summary span { opacity: .7; margin-left: .6rem } table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
pre { background: var(--soft); padding: .7rem; border-radius: 8px; overflow: auto; max-height: 24rem }
code { font: 13px ui-monospace, monospace } a { color: var(--accent) }
"""


def docs_page(document: dict[str, Any], home: str = "./") -> str:
    """Return HTML with every route, its parameters, bodies and answers, and every schema; `home` leads to the start page."""
    info = document["info"]
    routes = [(path, method, operation) for path, methods in document["paths"].items() for method, operation in methods.items()]
    tags = list(dict.fromkeys(_tag(operation) for *_, operation in routes))
    sections = "".join(
        f"<h2>{escape(tag)}</h2>" + "".join(_route(path, method, op) for path, method, op in routes if _tag(op) == tag) for tag in tags
    )
    schemas = "".join(
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>{_json(schema)}</details>'
        for name, schema in document["components"].get("schemas", {}).items()
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(info['title'])} API</title><style>{STYLE}</style><h1>{escape(info['title'])} API</h1>"
        f'<p>version {escape(info["version"])} · <a href="openapi.json">openapi.json</a> · <a href="{home}">start</a></p>'
        f"<p>{_text(info.get('description', ''))}</p>{_inputs(routes)}{_credentials(document)}{sections}<h2>schemas</h2>{schemas}</html>"
    )


def _inputs(routes: list[tuple[str, str, dict[str, Any]]]) -> str:
    """Return what people look for first in the document of a deployment: its inputs, and calls to paste."""
    for _, _, operation in routes:
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        inputs = body.get("properties", {}).get("inputs", {}).get("properties")
        if inputs and "x-codeSamples" in operation:
            basic = {name: schema for name, schema in inputs.items() if not schema.get("x-advanced")}
            more = {name: schema for name, schema in inputs.items() if name not in basic}
            advanced = f"<details><summary>{len(more)} advanced inputs</summary>{_input_table(more)}</details>" if more else ""
            samples = "".join(_sample(number, sample) for number, sample in enumerate(operation["x-codeSamples"]))
            return f"<h2>inputs</h2>{_input_table(basic)}{advanced}<h2>calls to paste</h2>{samples}"
    return ""


def _input_table(inputs: dict[str, Any]) -> str:
    rows = [(name, schema.get("x-kind", ""), schema.get("description", "")) for name, schema in inputs.items()]
    return _table(("name", "type", ""), rows)


def _sample(number: int, sample: dict[str, str]) -> str:
    code = f"<pre><code>{escape(sample['source'])}</code></pre>"
    return f"<details{'' if number else ' open'}><summary>{escape(sample['label'])}</summary>{code}</details>"


def _text(text: str) -> str:
    """Return HTML of a text with `code` in it."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _credentials(document: dict[str, Any]) -> str:
    schemes = document["components"]["securitySchemes"]
    rows = [(name, str(scheme.get("in", "Authorization header")), scheme["description"]) for name, scheme in schemes.items()]
    return "<h2>credentials</h2>" + _table(("name", "where", ""), rows)


def _tag(operation: dict[str, Any]) -> str:
    tags = operation.get("tags") or ["other"]
    return str(tags[0])


def _route(path: str, method: str, operation: dict[str, Any]) -> str:
    text = str(operation.get("description") or operation.get("summary", ""))
    parts = [f"<details><summary><b>{escape(method.upper())}</b><code>{escape(path)}</code><span>{_text(text)}</span></summary>"]
    if security := operation.get("security"):
        parts.append(f"<p>Credentials: {escape(' or '.join(' + '.join(way) for way in security))}</p>")
    if parameters := operation.get("parameters"):
        rows = [(p["name"], p["in"] + (", required" if p.get("required") else ""), str(p.get("description", ""))) for p in parameters]
        parts.append(_table(("parameter", "in", ""), rows))
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>Body: <code>{escape(kind)}</code></p>{_json(media['schema'])}")
    for status, answer in operation["responses"].items():
        kinds = " ".join(_kind(kind, media) for kind, media in answer.get("content", {}).items())
        parts.append(f"<p><b>{escape(str(status))}</b> {escape(answer['description'])} {kinds}</p>")
    return "".join(parts) + "</details>"


def _kind(kind: str, media: dict[str, Any]) -> str:
    name = str(media.get("schema", {}).get("$ref", "")).rpartition("/")[2]
    link = f' <a href="#{escape(name)}">{escape(name)}</a>' if name else ""
    return f"<code>{escape(kind)}</code>{link}"


def _table(heads: tuple[str, ...], rows: list[tuple[str, str, str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _json(value: Any) -> str:
    return f"<pre><code>{escape(json.dumps(value, indent=2))}</code></pre>"
