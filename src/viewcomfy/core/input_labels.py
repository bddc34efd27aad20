"""Labels are what people read over the fields of a form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from viewcomfy.core.titles import spoken, title_name


def label_inputs(names: Mapping[tuple[str, str], str], titles: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """Return a label for every named input, by (node_id, input_name), each one different; `titles` are the authors'.

    An author's title is the label where the node has one input, or where the input is named after it; it stands before the
    input's own name otherwise. Without such a title the name is the label.
    """
    inputs_of = Counter(node_id for node_id, _ in names)
    labels: dict[tuple[str, str], str] = {}
    seen: Counter[str] = Counter()
    for (node_id, input_name), name in names.items():
        title = titles[node_id]
        if not title:
            label = spoken(name)
        elif inputs_of[node_id] == 1 or title_name(title) == name:
            label = title
        else:
            label = f"{title}: {spoken(input_name)}"
        seen[label] += 1
        labels[node_id, input_name] = label if seen[label] == 1 else f"{label} {seen[label]}"
    return labels
