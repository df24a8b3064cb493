"""The browser that end-to-end tests drive; `python -m tests.support.browser` installs one where it may."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def browser_path() -> str | None:
    """The machine's Chromium, else the one that Playwright installed, else None."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def as_root() -> list[str] | None:
    """What to put before a command that needs root; None when that is not ours to do."""
    if os.name == "nt":
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    allowed = sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0  # noqa: S603
    return [str(sudo), "-n"] if allowed else None


def is_debian() -> bool:
    release = Path("/etc/os-release")
    return release.exists() and "ID=debian" in release.read_text().splitlines()


def install() -> None:
    """From the distribution on Debian, else from Playwright."""
    root = as_root()
    if is_debian() and root is not None:
        for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-q", "-y", "chromium"]):
            subprocess.run([*root, *command], stdout=sys.stderr, check=False)  # noqa: S603 - the commands are ours
        if browser_path():
            return
    with_libraries = ["--with-deps"] if root is not None else []
    command = [sys.executable, "-m", "playwright", "install", *with_libraries, "chromium"]
    subprocess.run(command, stdout=sys.stderr, check=False)  # noqa: S603 - the command is ours


def main() -> None:
    if browser_path() is None:
        install()
    if browser_path() is None:
        sys.exit(
            "The end-to-end tests need Chromium and it could not be installed. Install it, e.g. by "
            "`sudo apt-get install chromium` or `.venv/bin/playwright install --with-deps chromium`, and try again."
        )


if __name__ == "__main__":
    main()
