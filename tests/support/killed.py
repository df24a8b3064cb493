"""Runs Python in a process of its own that is expected to be killed on its way."""

from __future__ import annotations

import signal
import subprocess
import sys


def run_until_killed(code: str, *arguments: str) -> str:
    """What it printed before it killed itself. Fails when it came to its end."""
    done = run_python(code, *arguments)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return done.stdout


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - code of a test
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
