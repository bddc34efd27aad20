"""What may be asked of a backend."""

from __future__ import annotations

from enum import StrEnum


class BackendAction(StrEnum):
    """An order to a backend."""

    START = "start"
    """Bring it up, and claim jobs again."""
    STOP = "stop"
    """End its process now; its jobs go back to the queue, and the next job starts it again."""
    DRAIN = "drain"
    """Claim nothing more; end its process when the running jobs have ended. It stays so until it is started."""
    RESTART = "restart"
    """Let the running jobs end, then stop and start it."""
