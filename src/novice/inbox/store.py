"""Keep every question and every answer in one file, and hand questions out."""

import json
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from novice.errors import NoviceError
from novice.experts.question import Answer, Question
from novice.inbox.asked import add_visit
from novice.inbox.audit import audit
from novice.inbox.content import (
    NO_DIGEST,
    AskedEpisode,
    KeptAnswer,
    Leased,
    NewQuestion,
    SavedClip,
    Tally,
    answer_fields,
    compact,
    digest_of,
    kept_answer,
    question_of,
    unpacked,
)
from novice.inbox.file import InboxFile
from novice.inbox.queue import (
    NOT_RESERVED,
    OPEN,
    asker,
    comes_late,
    counts,
    hand_out,
    open_for,
    renew,
)
from novice.inbox.schema import (
    BrokenInboxError,
    NewerInboxError,
)
from novice.inbox.silent import (
    Moments,
    measuring,
    repeats,
    reserved,
    right_answers,
)
from novice.inbox.standing import (
    Standing,
    answered,
    let_stand,
    rate,
    standings,
    stored,
)

if TYPE_CHECKING:
    from novice.evaluation.agreement import Opinions

__all__ = [
    "AskedEpisode",
    "BrokenInboxError",
    "Inbox",
    "KeptAnswer",
    "Leased",
    "NewQuestion",
    "NewerInboxError",
    "SavedClip",
    "Tally",
    "UnknownQuestionError",
]

_QUESTION = "id, visit, episode, step, observation, action"


class UnknownQuestionError(NoviceError):
    """There is no question with this number."""


class Inbox:
    """The questions of a run and what people answered, in one SQLite file.

    Several threads may use one Inbox, and several processes one file. What a method
    has added when it returns survives a kill and a loss of power.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = InboxFile(path)
        self._moments = Moments()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def check(self) -> None:
        """Read everything and raise BrokenInboxError unless it is as it was written."""
        with self._file.reading() as connection:
            audit(connection, self.path)

    def add_visit(
        self,
        visit: int,
        episodes: Sequence[AskedEpisode],
        questions: Sequence[NewQuestion],
    ) -> None:
        """Ask about a visit, all of it at once; one that is there stays as it is."""
        with self._file.writing():
            add_visit(self._file, visit, episodes, questions)

    def visits(self) -> int:
        """The number of the newest visit + 1, 0 before the first."""
        (newest,) = self._file.one("SELECT max(id) FROM visits")
        return 0 if newest is None else newest + 1

    def unanswered(self, visit: int) -> int:
        """How many questions of a visit nobody has said anything to; no repeats."""
        found = self._file.one(
            "SELECT count(*) FROM queue WHERE visit = ? AND people = 0"
            " AND question NOT IN (SELECT question FROM repeats)",
            (visit,),
        )
        return int(found[0])

    def retire(self, *, before: int) -> int:
        """Ask no more about visits before this one; how many open questions that ends.

        They are kept, and an answer that comes nevertheless is kept too. What chance
        alone chose is asked on, unless no visit is left to ask about.
        """
        with self._file.writing() as connection:
            ended = connection.execute(
                f"UPDATE queue AS q SET retired = 1 WHERE {OPEN} AND q.visit < :before"
                f" AND ({NOT_RESERVED} OR"
                " NOT EXISTS (SELECT 1 FROM queue WHERE visit >= :before))",
                {"before": before},
            ).rowcount
            if ended:
                last = self._file.last("questions"), self._file.last("answers")
                number = self._file.last("retirements") + 1
                self._file.insert("retirements", (number, before, *last))
            return ended

    def question(self, id: int) -> Question:
        """The question with this number; raises UnknownQuestionError."""
        with self._file.reading():
            return self._question(id)

    def _question(self, id: int) -> Question:
        query = f"SELECT {_QUESTION} FROM questions WHERE id = ?"
        row = self._file.connection.execute(query, (id,)).fetchone()
        if row is None:
            raise self._unknown(id)
        return question_of(row)

    def _unknown(self, question: int) -> UnknownQuestionError:
        return UnknownQuestionError(f"{self.path} holds no question {question}")

    def episode(self, id: int) -> AskedEpisode:
        """The episode with this number; raises UnknownQuestionError."""
        row = self._file.one(
            "SELECT id, visit, episode, seed, actions, replays FROM episodes"
            " WHERE id = ?",
            (id,),
        )
        if row is None:
            raise UnknownQuestionError(f"{self.path} holds no episode {id}")
        id, visit, episode, seed, actions, replays = row
        return AskedEpisode(id, visit, episode, seed, unpacked(actions), bool(replays))

    def clip_of(self, question: int) -> SavedClip | None:
        """The frames saved with a question; None where the task is to replay them."""
        row = self._file.one(
            "SELECT image, media, frames, width, height, frames_per_second FROM clips"
            " WHERE question = ?",
            (question,),
        )
        return None if row is None else SavedClip(*row)

    def answers_after(self, id: int, most: int | None = None) -> list[KeptAnswer]:
        """The answers that came after number `id`, in order of arrival."""
        limit = -1 if most is None else most
        query = "SELECT * FROM answers WHERE id > ? ORDER BY id LIMIT ?"
        return [kept_answer(row[:-1]) for row in self._file.all(query, (id, limit))]

    def answer_count(self) -> int:
        """How many answers are kept, corrected ones too."""
        return self.last_answer()

    def last_answer(self) -> int:
        """The number of the newest answer, 0 when there is none."""
        with self._file.reading():
            return self._file.last("answers")

    def tell(self, name: str, value: Any) -> None:
        """Replace a fact that the page shows by this JSON value."""
        content = compact(value, finite=True)
        row = (name, content, digest_of((name, content)))
        with self._file.writing() as connection:
            connection.execute("REPLACE INTO facts VALUES (?, ?, ?)", row)

    def told(self, name: str) -> Any:
        """A fact as it was told last, None when it never was."""
        row = self._file.one("SELECT content FROM facts WHERE name = ?", (name,))
        return None if row is None else json.loads(row[0])

    def facts(self) -> dict[str, Any]:
        """Every fact by its name."""
        rows = self._file.all("SELECT name, content FROM facts ORDER BY name")
        return {name: json.loads(content) for name, content in rows}

    def announce(self, content: Mapping[str, Any]) -> int:
        """Add to the news that the page shows; the number of this one."""
        text = compact(dict(content), finite=True)
        with self._file.writing():
            number = self._file.last("news") + 1
            self._file.insert("news", (number, text))
            return number

    def news(self, after: int) -> list[dict[str, Any]]:
        """What was announced after number `after`, each with its number as "id"."""
        query = "SELECT id, content FROM news WHERE id > ? ORDER BY id"
        rows = self._file.all(query, (after,))
        return [{**json.loads(content), "id": number} for number, content in rows]

    def lease(
        self,
        who: str,
        *,
        want: int,
        holding: Collection[int] = (),
        seconds: float = 60.0,
    ) -> list[Leased]:
        """Hand out up to `want` open questions for some seconds, and renew those held.

        The newest visit comes first. A question is with no more people at once than
        are wanted, and with nobody twice who answered or skipped it.
        """
        held, want = set(holding), max(want, 0)
        with self._file.writing() as connection:
            person = asker(who)
            renew(connection, person, held, seconds=seconds)
            leased = hand_out(connection, person, held, want=want, seconds=seconds)
            return [Leased(self._question(id), number) for id, number in leased]

    def release(self, who: str, questions: Collection[int]) -> None:
        """Give leased questions back, for others to have them at once."""
        with self._file.writing() as connection:
            connection.executemany(
                "DELETE FROM leases WHERE question = ? AND who = ?",
                [(question, who) for question in questions],
            )

    def store(self, answers: Sequence[Answer]) -> list[int]:
        """Keep answers durably, all or none; their numbers, of a repeated one its old.

        Raises UnknownQuestionError, BadAnswerError for a keyframe before the episode's
        beginning, and CannotWriteError when there is no room.
        """
        with self._file.writing():
            return [self._store_one(answer) for answer in answers]

    def _store_one(self, answer: Answer) -> int:
        connection = self._file.connection
        query = "SELECT id FROM answers WHERE uuid = ?"
        repeated = connection.execute(query, (answer.uuid,)).fetchone()
        if repeated:
            return int(repeated[0])
        late = comes_late(connection, asker(answer.who), answer.question)
        if late is None:
            raise self._unknown(answer.question)
        if answer.steps:
            answer.check_reach(self._question(answer.question).step)
        newest = "SELECT id, digest FROM answers ORDER BY id DESC LIMIT 1"
        last, digest = connection.execute(newest).fetchone() or (0, NO_DIGEST)
        kept = KeptAnswer(last + 1, answer, time.time(), late)
        self._file.insert("answers", answer_fields(kept), previous=digest)
        let_stand(connection, kept)
        return kept.id

    def history(
        self, who: str, *, before: int | None = None, most: int = 20
    ) -> list[tuple[Question, KeptAnswer]]:
        """What a person's standing answers are, newest first, one a question."""
        query = (
            f"SELECT q.{_QUESTION.replace(', ', ', q.')}, a.* FROM standing s"
            " JOIN questions q ON q.id = s.question JOIN answers a ON a.id = s.answer"
            " WHERE s.who = ? AND s.answer < ? ORDER BY s.answer DESC LIMIT ?"
        )
        limit = 2**63 - 1 if before is None else before
        rows = self._file.all(query, (who, limit, most))
        return [(question_of(row[:6]), kept_answer(row[6:-1])) for row in rows]

    def opinions(self) -> "Opinions":
        """Everybody's standing answers that name one action, by their moments."""
        from novice.inbox.opinions import opinions_in

        with self._file.reading() as connection:
            return opinions_in(connection, self._moments.known(connection))

    def golds(self) -> dict[int, tuple[float, ...]]:
        """The right action of every moment where it is known.

        A moment is called by the first question about it; a gold question that is not
        the first stands here under its own number as well.
        """
        with self._file.reading() as connection:
            known, moments = right_answers(connection), self._moments.known(connection)
            return {moments[each]: right for each, right in known.items()} | known

    def repeats(self) -> dict[int, int]:
        """The question that each silent repeat asks again."""
        with self._file.reading() as connection:
            return repeats(connection)

    def reserved(self) -> dict[int, float]:
        """The questions that chance alone chose from all that was visited.

        With each, the probability with which every visited state was.
        """
        with self._file.reading() as connection:
            return reserved(connection)

    def people(self) -> dict[str, Standing]:
        """How much everybody has answered, by their names."""
        with self._file.reading() as connection:
            return standings(connection)

    def queue_counts(self) -> dict[str, int]:
        """How many questions were asked, and what became of them."""
        with self._file.reading() as connection:
            return counts(connection)

    def measuring(self) -> dict[str, int]:
        """How many questions measure the people who answer them, by kind."""
        with self._file.reading() as connection:
            return measuring(connection)

    def tally(self, who: str, *, now: float) -> Tally:
        """How far the answering is at Unix time `now`, as one person sees it."""
        with self._file.reading() as connection:
            people = answered(connection)
            return Tally(
                answered=sum(count for count, _ in people.values()),
                mine=people.get(who, (0, 0.0))[0],
                stored=stored(connection, who),
                seconds=sum((seconds for _, seconds in people.values()), 0.0),
                open=open_for(connection, asker(who)),
                rate=rate(connection, who, now=now),
            )
