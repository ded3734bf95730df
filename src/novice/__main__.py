"""`python -m novice` is the command `novice`."""

import sys

from novice.app.cli import main

if __name__ == "__main__":
    sys.exit(main())
