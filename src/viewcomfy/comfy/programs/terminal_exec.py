"""Make the terminal on standard output the controlling one, then become the program named on the command line.

    python terminal_exec.py PROGRAM [ARGUMENT…]

When whoever holds the other end of the terminal is gone, killed with -9 included, the kernel hangs the terminal up and SIGHUP
ends the program. It works whichever thread started us, which cannot be said of Linux's parent-death signal.
"""

import fcntl
import os
import signal
import sys
import termios

if __name__ == "__main__":
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):  # nohup and background shells leave them ignored
        signal.signal(number, signal.SIG_DFL)
    fcntl.ioctl(1, termios.TIOCSCTTY, 0)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606  the whole purpose: no shell is wanted
