"""What a fault of the disk means to whoever has sent a file."""

from __future__ import annotations

import errno

from viewcomfy.core.errors import DiskFull, InternalError, ViewComfyError


def disk_fault(fault: OSError) -> ViewComfyError:
    """Return the error to raise for a file that could not be written."""
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull("No space is left for files.", hint="Free some space in the data folder, then try again.")
    return InternalError(f"A file can't be written: {fault.strerror or fault}.")
