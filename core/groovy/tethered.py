"""Becomes another program that the kernel ends when its parent does: `python -I -S tethered.py PARENT COMMAND…`.

Between fork and exec of a process with threads only C may run safely, hence a process of its own for these few lines.
The signal is SIGTERM: what the program was asked before its parent died it may still answer.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)

if __name__ == "__main__":
    parent, command = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() == parent:  # else it ended before the kernel knew what to do then
        os.execv(command[0], command)
