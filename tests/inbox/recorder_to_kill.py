"""Record steps as fast as they come, and say of each when it is durable."""

import os
import sys
import time
from pathlib import Path
from typing import Any

from inbox.played import HEAD, SHAPES, record
from novice.inbox.recorder import Recorder


def main(folder: Path) -> None:
    """Play episode after episode until the process is killed."""
    really = os.pwrite

    def slowly(*what: Any) -> int:
        # A disk that takes its time: whoever speaks too early is found out.
        time.sleep(0.002)
        return really(*what)

    os.pwrite = slowly

    def tell() -> None:
        # A write to a pipe is there for the reader even when the writer is killed.
        os.write(1, f"{recorder.saved}\n".encode())

    recorder = Recorder(folder, changed=tell)
    while True:
        recorder.begin({**HEAD, **SHAPES})
        for step in range(40):
            record(recorder, steps=1, first=step)
            if step == 20:
                # What is taken back and what is thrown away are written down, too.
                recorder.rewound(15)
                record(recorder, steps=6, first=15)
                recorder.fumbled(3)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
