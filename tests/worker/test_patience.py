"""What does not answer is asked again, for a while."""

from __future__ import annotations

import pytest

from viewcomfy.core.errors import DiskFull, ServerUnavailable
from viewcomfy.worker.patience import patiently

pytestmark = pytest.mark.anyio


class Away:
    """Answers from the third time on."""

    def __init__(self) -> None:
        self.asked = 0

    async def ask(self) -> str:
        self.asked += 1
        if self.asked < 3:
            raise ServerUnavailable("Nobody is there.")
        return "here"


async def test_what_is_away_for_a_moment_is_asked_again() -> None:
    assert await patiently(Away().ask) == "here"


async def test_patience_ends() -> None:
    away = Away()
    with pytest.raises(ServerUnavailable):
        await patiently(away.ask, seconds=0.1)
    assert away.asked == 1


async def test_any_other_fault_is_told_at_once() -> None:
    async def fail() -> None:
        raise DiskFull("No space is left.")

    with pytest.raises(DiskFull):
        await patiently(fail)
