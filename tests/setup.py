"""What `./somata test` checks or installs before pytest: what pip cannot bring.

Run as `python -m tests.setup`. Exits with 1 and one sentence where it cannot be done.
"""

import sys

from tests.support.chromium import ChromiumMissing, ensure_chromium
from tests.support.javascript import ToolsMissing, ensure_tools


def main() -> int:
    """Make sure that there is a Chromium to test with, and what checks JavaScript."""
    try:
        ensure_chromium()
        ensure_tools()
    except (ChromiumMissing, ToolsMissing) as error:
        print(f"somata test: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
