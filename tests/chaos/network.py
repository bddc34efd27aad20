"""A network namespace that can be cut off from the rest of the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

SUBNET = "10.213.77"


def may_make_namespaces() -> bool:
    """Tell whether there can be one here: it takes root and iproute2."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    probe = subprocess.run(["ip", "netns", "add", "vc-chaos-probe"], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "del", "vc-chaos-probe"], capture_output=True, check=False)
    return probe.returncode == 0


class Namespace:
    """A namespace with one cable to the machine; `host` is the machine's end of it."""

    host = f"{SUBNET}.1"

    def __init__(self, name: str) -> None:
        self._name = name
        self._cable = f"vcc{os.getpid() % 100000}"

    def __enter__(self) -> Self:
        _ip("netns", "add", self._name)
        try:
            _ip("link", "add", self._cable, "type", "veth", "peer", "name", "inside", "netns", self._name)
            _ip("address", "add", f"{self.host}/30", "dev", self._cable)
            _ip("link", "set", self._cable, "up")
            for command in (
                ("address", "add", f"{SUBNET}.2/30", "dev", "inside"),
                ("link", "set", "inside", "up"),
                ("link", "set", "lo", "up"),
            ):
                _ip("-n", self._name, *command)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for command in (("netns", "del", self._name), ("link", "del", self._cable)):
            with suppress(subprocess.CalledProcessError):
                _ip(*command)

    def inside(self, command: Sequence[str]) -> list[str]:
        """Return the command that runs another one in the namespace."""
        return ["ip", "netns", "exec", self._name, *command]

    def cut(self) -> None:
        """Pull the cable: nothing comes through, and nobody is told."""
        _ip("link", "set", self._cable, "down")

    def mend(self) -> None:
        """Put the cable in again."""
        _ip("link", "set", self._cable, "up")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
