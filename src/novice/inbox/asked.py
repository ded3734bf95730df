"""Write down what is asked about a visit."""

from collections.abc import Sequence

from novice.inbox.content import AskedEpisode, NewQuestion, packed
from novice.inbox.file import InboxFile
from novice.inbox.silent import add_silent


def add_visit(
    file: InboxFile,
    visit: int,
    episodes: Sequence[AskedEpisode],
    questions: Sequence[NewQuestion],
) -> None:
    """Add a visit's episodes and questions, unless the visit is there already."""
    clips = sum(question.clip is not None for question in questions)
    known = "SELECT 1 FROM visits WHERE id = ?"
    if file.connection.execute(known, (visit,)).fetchone():
        return
    file.insert("visits", (visit, len(episodes), len(questions), clips))
    numbers = [_add_episode(file, visit, episode) for episode in episodes]
    added = [
        _add_question(file, visit, numbers[question.episode], question)
        for question in questions
    ]
    add_silent(file.connection, visit, questions, added)


def _add_episode(file: InboxFile, visit: int, asked: AskedEpisode) -> int:
    number = file.last("episodes") + 1
    actions = packed(asked.actions)
    replays = int(asked.replays)
    row = (number, visit, asked.episode, asked.seed, actions, replays)
    file.insert("episodes", row)
    return number


def _add_question(file: InboxFile, visit: int, episode: int, asked: NewQuestion) -> int:
    number = file.last("questions") + 1
    seen, did = packed(asked.observation), packed(asked.action)
    rank, wanted = asked.rank, asked.wanted
    row = (number, visit, episode, asked.step, seen, did, rank, wanted)
    file.insert("questions", row)
    file.connection.execute(
        "INSERT INTO queue (question, visit, rank, wanted) VALUES (?, ?, ?, ?)",
        (number, visit, rank, wanted),
    )
    if (clip := asked.clip) is not None:
        shape = (clip.frames, clip.width, clip.height, clip.frames_per_second)
        file.insert("clips", (number, clip.image, clip.media, *shape))
    return number
