"""One server per file (row S17)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backtalk.errors import Conflict
from backtalk.storage.lock import FileLock

HOLD = """
import sys
from pathlib import Path
from backtalk.storage.lock import FileLock
lock = FileLock.take(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_s17_held_once_and_free_again(tmp_path: Path) -> None:
    path = tmp_path / "x.db.lock"
    lock = FileLock.take(path)
    with pytest.raises(Conflict, match=rf"Another server \(process {os.getpid()}\) runs on x\.db"):
        FileLock.take(path)
    lock.release()
    FileLock.take(path).release()


def test_s17_a_server_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.db.lock"
    with subprocess.Popen(  # noqa: S603 - code of this test
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Conflict, match=f"process {other.pid}"):
            FileLock.take(path)
        other.send_signal(signal.SIGKILL)
        other.wait(10)
    FileLock.take(path).release()
