"""Attribution: which job a log line belongs to, told from the order in which prompts were queued, started and ended."""

from __future__ import annotations

QUEUED_LINE = "got prompt"
SUMMARY_LINE = "Prompt executed in"


class LineOwner:
    """Follow one ComfyUI's prompts, which run one after the other.

    `exclusive`: nobody else uses this ComfyUI, so a line before a prompt's start message belongs to the prompt that is next.
    """

    def __init__(self, *, exclusive: bool) -> None:
        self._exclusive = exclusive
        self._waiting: list[str] = []
        self._arrived: set[str] = set()
        self._running: str | None = None
        self._ended: str | None = None

    @property
    def running(self) -> str | None:
        """The prompt that runs now, if it is one of ours."""
        return self._running

    def queued(self, prompt_id: str) -> None:
        """Take in that the prompt is about to be queued."""
        self._waiting.append(prompt_id)

    def started(self, prompt_id: str) -> None:
        """Take in that ComfyUI began with the prompt."""
        self._remove(prompt_id)
        self._running = prompt_id

    def ended(self, prompt_id: str) -> None:
        """Take in that the prompt is over."""
        self._remove(prompt_id)
        if self._running == prompt_id:
            self._running = None
        self._ended = prompt_id

    def owner(self, line: str) -> str | None:
        """Return the prompt_id that the line belongs to, or None."""
        if line.startswith(SUMMARY_LINE):  # printed after the prompt's last message
            return self._ended
        if line == QUEUED_LINE:  # printed when a prompt arrives, maybe while another one runs
            return self._greet()
        if self._running is not None:
            return self._running
        if not self._exclusive:
            return None
        return self._waiting[0] if self._waiting else self._ended

    def _greet(self) -> str | None:
        """Return the first prompt that was not yet seen to arrive."""
        prompt_id = next((waiting for waiting in self._waiting if waiting not in self._arrived), None)
        if prompt_id is not None:
            self._arrived.add(prompt_id)
        return prompt_id

    def _remove(self, prompt_id: str) -> None:
        self._arrived.discard(prompt_id)
        if prompt_id in self._waiting:
            self._waiting.remove(prompt_id)
