"""Starts servers fast: the imports are done once, then each server is forked off.

Each line on standard input is the name of a file; the server forked for it writes there what
`serve` prints. Its process id is answered on standard output. It is a process of its own: SIGKILL
takes it as it takes any other.
"""

import os
import signal
import sys
from pathlib import Path

from app.cli import main


def fork_server(said: Path) -> int:
    """A process that serves; returns its id."""
    child = os.fork()
    if child:
        return child
    out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(out, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os._exit(main(["serve", "--no-worker"]))


if __name__ == "__main__":
    # Nobody waits for the killed ones.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        print(fork_server(Path(line.strip())), flush=True)
