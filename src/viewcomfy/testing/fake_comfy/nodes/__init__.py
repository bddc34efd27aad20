"""The node classes that the fake executes."""

from __future__ import annotations

from viewcomfy.testing.fake_comfy.node import NodeClass
from viewcomfy.testing.fake_comfy.nodes.images import IMAGE_NODES
from viewcomfy.testing.fake_comfy.nodes.media import MEDIA_NODES
from viewcomfy.testing.fake_comfy.nodes.sampling import SAMPLING_NODES
from viewcomfy.testing.fake_comfy.nodes.testkit import TESTKIT_NODES

BUILTIN_NODES: dict[str, NodeClass] = {node.name: node for node in (*IMAGE_NODES, *SAMPLING_NODES, *MEDIA_NODES, *TESTKIT_NODES)}
