"""Declared inputs for tests: those of a small poster workflow, and any that there could be."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from viewcomfy.core.inputs import InputKind
from viewcomfy.wire.inputs import ChoiceOut, InputOut

HUGE = 2**64 - 1
NASTY = [
    "*/ alert(1) /*",
    '""" + exit() + """',
    'ends with a quote"',
    "ends with a backslash\\",
    "two\nlines\r\nand\u2028more",
    "提示词：一只猫",
    "`back` ${ticks} 'and' \"quotes\"",
    "nothing \x00 to \x1b see",
    "// # @ts-ignore",
]
"""Words that break code which is written without care."""

texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=40))
deployment_names = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,20}[a-z0-9])?", fullmatch=True)
limits = st.one_of(st.none(), st.integers(-HUGE, HUGE), st.floats())
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-HUGE, HUGE),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
    st.lists(st.integers(), max_size=2),
)


def declared(name: str, kind: InputKind, **facts: Any) -> InputOut:
    """Return an input of node 3."""
    given: dict[str, Any] = {"key": f"3-inputs-{name}", "label": "", "node_id": "3", "node_title": "", "class_type": "X", **facts}
    return InputOut(name=name, kind=kind, **given)


def choices(*among: Any) -> list[ChoiceOut]:
    """Return choices that are labelled with themselves."""
    return [ChoiceOut(value=value, label=str(value)) for value in among]


POSTER = [
    declared("prompt", InputKind.TEXT, label="Prompt", description="What to paint", default="a cat's tail", multiline=True, order=0),
    declared("image", InputKind.IMAGE, label="Photo", required=True, default="example.png", order=1),
    declared("seed", InputKind.SEED, label="Seed", default=7, minimum=0, maximum=HUGE, order=2),
    declared("steps", InputKind.INTEGER, label="Steps", default=20, minimum=1, maximum=150, step=1, order=3),
    declared("cfg", InputKind.NUMBER, label="CFG", default=7.5, minimum=0.0, maximum=100.0, step=0.1, advanced=True, order=4),
    declared("sampler", InputKind.CHOICE, label="Sampler", default="euler", choices=choices("euler", "ddim"), order=5),
    declared("model", InputKind.CHOICE, default="9.safetensors", choices=choices(*(f"{n}.safetensors" for n in range(300))), order=6),
    declared("upscale", InputKind.BOOLEAN, label="Upscale", default=False, order=7),
    declared("clip", InputKind.VIDEO, order=8),
    declared("voice", InputKind.AUDIO, order=9),
    declared("mesh", InputKind.FILE, order=10),
    declared("anything", InputKind.ANY, order=11),
    declared("hidden", InputKind.TEXT, hidden=True, order=12),
    declared("locked", InputKind.TEXT, locked=True, order=13),
]
"""Every kind of input; `image` is required, `hidden` and `locked` are not told of."""


@st.composite
def any_input(draw: st.DrawFn) -> InputOut:
    """Draw an input, sensible or not."""
    among = draw(st.none() | st.lists(values, max_size=5))
    return declared(
        draw(texts.filter(bool)),
        draw(st.sampled_from(InputKind)),
        label=draw(texts),
        description=draw(texts),
        default=draw(values),
        minimum=draw(limits),
        maximum=draw(limits),
        step=draw(limits),
        choices=None if among is None else [ChoiceOut(value=value, label=draw(texts)) for value in among],
        required=draw(st.booleans()),
        order=draw(st.integers(0, 9)),
    )


any_inputs = st.lists(any_input(), max_size=6, unique_by=lambda one: one.name)


def nasty_inputs() -> list[InputOut]:
    """Return an input for each nasty text, which has it everywhere, and for names that no identifier can be."""
    names = [*NASTY, "lone \ud800", "class", "self", "3d", "a b", "a_b", "timeout", "_given", "constructor", "__proto__"]
    return [
        declared(
            name,
            InputKind.CHOICE if number % 3 else InputKind.TEXT,
            label=name,
            description=name,
            default=name,
            choices=choices(name, "other"),
            required=number % 2 == 0,
            order=number,
        )
        for number, name in enumerate(names)
    ]
