"""`python -m app`."""

import os
import sys

# Read once, when numpy is loaded. Labelers, trainings and refits share the cores by threads of
# ours; numpy's own would only get in their way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from app.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
