"""Store the answers that arrive together in one commit."""

import asyncio
from collections.abc import Sequence

from novice.experts.question import Answer
from novice.files import CannotWriteError
from novice.inbox.beside import Beside
from novice.inbox.store import Inbox

# What somebody handed in, and where they wait for its numbers.
Waiting = tuple[Sequence[Answer], "asyncio.Future[list[int]]"]


class Clerk:
    """Takes answers in an event loop while a thread of its own commits them.

    What arrives during a commit goes into the next one, all in one transaction.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._beside = Beside("clerk")
        self._waiting: list[Waiting] = []
        self._work: asyncio.Task[None] | None = None

    async def store(self, answers: Sequence[Answer]) -> list[int]:
        """Keep answers; returns their numbers when they are durable, or raises why not.

        Raises what Inbox.store does, for these answers only.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[int]] = loop.create_future()
        self._waiting.append((answers, future))
        if self._work is None or self._work.done():
            self._work = loop.create_task(self._commit_all())
        return await future

    async def close(self) -> None:
        """Finish what was handed in, and end the thread."""
        if self._work is not None:
            await self._work
        self._beside.close()

    async def _commit_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await self._commit(batch)

    async def _commit(self, batch: list[Waiting]) -> None:
        """Commit a batch; where one of it is at fault, each by itself."""
        answers = [answer for each, _ in batch for answer in each]
        try:
            ids = await self._beside.call(lambda: self._inbox.store(answers))
        except Exception as error:
            if len(batch) == 1 or isinstance(error, CannotWriteError):
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
            else:
                for waiting in batch:
                    await self._commit([waiting])
        else:
            for each, future in batch:
                mine, ids = ids[: len(each)], ids[len(each) :]
                if not future.done():
                    future.set_result(mine)
