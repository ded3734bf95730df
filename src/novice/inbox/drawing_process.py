"""Keep the process that draws, start it when it is needed, and ask it for pictures."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from novice.envs.display import drawn_without_display
from novice.errors import NoviceError
from novice.inbox.messages import LENGTHS

# How long one drawing may take, in seconds; longer is a task that hangs.
PATIENCE = 20.0
# What the drawing process finds in its environment, unless it is set.
SURROUNDINGS = {
    "SDL_VIDEODRIVER": "dummy",
    "SDL_AUDIODRIVER": "dummy",
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
}


class DarkroomFailedError(NoviceError):
    """The process that draws broke down over a picture."""


class DrawingProcess:
    """One other process, started anew when it broke down or took too long.

    `patience` is how long one drawing may take, in seconds.
    """

    def __init__(self, patience: float):
        self._patience = patience
        self.process: asyncio.subprocess.Process | None = None

    async def drawn(
        self, request: bytes, what: str, folder: str
    ) -> tuple[dict[str, Any], bytes]:
        """What it replies to a request, working in this folder; `what` it is about.

        Raises DarkroomFailedError when there is no reply.
        """
        try:
            async with asyncio.timeout(self._patience):
                process = await self._running(folder)
                assert process.stdin is not None and process.stdout is not None
                process.stdin.write(request)
                await process.stdin.drain()
                lengths = await process.stdout.readexactly(LENGTHS.size)
                words, body = LENGTHS.unpack(lengths)
                content = json.loads(await process.stdout.readexactly(words))
                return content, await process.stdout.readexactly(body)
        except TimeoutError:
            await self.end()
            raise DarkroomFailedError(
                f"the task did not draw {what} within {self._patience:.0f} seconds; it"
                " was stopped, and is started again for the next one"
            ) from None
        except (asyncio.IncompleteReadError, OSError):
            how = await self.end()
            raise DarkroomFailedError(
                f"the task ended the process that draws ({how}) over {what}; it is"
                " started again for the next one"
            ) from None
        except asyncio.CancelledError:
            await self.end()
            raise

    async def _running(self, folder: str) -> asyncio.subprocess.Process:
        if self.process is None or self.process.returncode is not None:
            await self.end()
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "novice.inbox.drawing",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=folder if os.path.isdir(folder) else None,
                env=surroundings(os.environ),
                # A Ctrl-C is for the server, which then ends this.
                start_new_session=True,
            )
        return self.process

    async def end(self) -> str:
        """Stop it, if it runs, and say how it had ended."""
        process, self.process = self.process, None
        if process is None:
            return "it was not there"
        with contextlib.suppress(TimeoutError):
            # One that has just broken down says so within moments.
            async with asyncio.timeout(0.2):
                if process.stdin is not None:
                    process.stdin.close()
                await process.wait()
        if process.returncode is None:
            process.kill()
        await process.wait()
        if process.stdout is not None:
            # What it still said is read, so that the pipe is closed.
            await process.stdout.read()
        return ending(process.returncode or 0)


def ending(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"exit status {code}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"


def surroundings(environment: Mapping[str, str]) -> dict[str, str]:
    """What the process that draws finds in its environment: no window, few threads."""
    found = {**SURROUNDINGS, **environment, "SDL_VIDEODRIVER": "dummy"}
    return found | drawn_without_display(found)
