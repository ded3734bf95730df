"""Choose what people are asked about a visit, in which order, and of how many."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, PRNGKeyArray

from novice.algorithms.settings import PeopleSettings
from novice.datasets.dataset import Answers, Origin
from novice.envs.moment import CLIP_FRAMES, CLIP_SECONDS, Clip
from novice.envs.photographed import Album
from novice.envs.task import Task
from novice.experts.asking.bursts import stretch_numbers
from novice.experts.asking.strategies import Asked
from novice.experts.asking.visited import generator_of
from novice.experts.expert import AbstractExpert, UnknownExpertError
from novice.experts.question import Question
from novice.inbox.drawing import developed_clip
from novice.inbox.store import AskedEpisode, NewQuestion, SavedClip
from novice.types import Trajectories

# How many questions lie between one and its silent repeat, at least.
BETWEEN_REPEATS = 12
# How many people are asked where their agreement is to be measured.
ENOUGH_TO_AGREE = 2


def distinct(seen: Trajectories) -> Bool[np.ndarray, "episodes time"]:
    """The visited states, each observation only where it was met first.

    Nobody likes to be asked the same thing twice, and small tasks come by the same
    places again and again.
    """
    valid = np.asarray(seen.valid)
    rows = np.asarray(seen.observation)[:, :-1][valid]
    _, first = np.unique(rows, axis=0, return_index=True)
    met_first = np.zeros(len(rows), bool)
    met_first[first] = True
    found = np.zeros_like(valid)
    found[valid] = met_first
    return found


def episodes_of(seen: Trajectories, visit: int, *, replays: bool) -> list[AskedEpisode]:
    """The episodes of a visit as the inbox keeps them."""
    return [
        AskedEpisode(
            id=None,
            visit=visit,
            episode=episode,
            seed=int(seen.seed[episode]),
            actions=np.asarray(seen.action_executed)[episode, :length],
            replays=replays,
        )
        for episode, length in enumerate(np.asarray(seen.length).tolist())
    ]


def questions_of(
    seen: Trajectories,
    asked: Asked,
    album: Album | None,
    *,
    at_a_time: int,
    in_stretches: bool = False,
    key: PRNGKeyArray,
) -> list[NewQuestion]:
    """The states asked about, in an order in which any beginning is a fair choice.

    They are dealt out at random, as many `at_a_time` as a round needs; among these the
    episodes take turns and each goes forward, so that it is replayed only once. What
    chance alone chose is in the first deal. Where states were chosen `in_stretches`,
    these are dealt out whole, and nothing comes between their steps.
    """
    drawn = generator_of(key).permutation(int(asked.states.sum()))
    if in_stretches:
        order = whole_stretches(asked, drawn, at_a_time)
    else:
        order = taking_turns(asked, drawn, at_a_time)
    chances = np.where(asked.reserved, asked.chance, 0.0)
    return [
        NewQuestion(
            episode=episode,
            step=step,
            rank=rank,
            observation=np.asarray(seen.observation)[episode, step],
            action=np.asarray(seen.action_executed)[episode, step],
            clip=None
            if album is None
            else album_clip(album, int(seen.seed[episode]), step),
            chance=float(chances[episode, step]) or None,
        )
        for rank, (episode, step) in enumerate(order)
    ]


def taking_turns(
    asked: Asked, drawn: Int[np.ndarray, " places"], at_a_time: int
) -> list[tuple[int, int]]:
    """Episodes and steps, dealt out as they were drawn, the reserved ones first."""
    reserved = asked.reserved[asked.states]
    dealt = np.argsort(np.lexsort([drawn, ~reserved])) // at_a_time
    turns: Counter[tuple[int, int]] = Counter()
    order = []
    places = np.argwhere(asked.states).tolist()
    for (episode, step), deal in zip(places, dealt.tolist(), strict=True):
        order.append((deal, turns[deal, episode], episode, step))
        turns[deal, episode] += 1
    return [(episode, step) for _, _, episode, step in sorted(order)]


def whole_stretches(
    asked: Asked, drawn: Int[np.ndarray, " places"], at_a_time: int
) -> list[tuple[int, int]]:
    """Stretches as they were drawn, each forward; what is reserved soon enough."""
    stretch = stretch_numbers(asked.states & ~asked.reserved)
    order = [
        (int(drawn[number]), episode, step)
        for (episode, step), number in np.ndenumerate(stretch)
        if number >= 0
    ]
    inside = [(episode, step) for _, episode, step in sorted(order)]
    reserved = [(int(e), int(s)) for e, s in np.argwhere(asked.reserved)]
    first = max(0, at_a_time - len(reserved))
    return [*inside[:first], *reserved, *inside[first:]]


def album_clip(album: Album, seed: int, step: int) -> SavedClip | None:
    """The pictures that lead up to a moment as the page shows them."""
    every = max(1, round(album.frames_per_second * CLIP_SECONDS / CLIP_FRAMES))
    pictures = album.frames(seed, step, most=CLIP_FRAMES, every=every)
    if not pictures:
        return None
    told, image = developed_clip(Clip(pictures, album.frames_per_second / every))
    return SavedClip(
        image=image,
        media=told["media"],
        frames=told["frames"],
        width=told["width"],
        height=told["height"],
        frames_per_second=told["frames_per_second"],
    )


class Examiner:
    """Has some questions measure the people who answer them, without saying which.

    Some are put to two people, some to the same person again, and of some the right
    answer is known because `knows` gave it. Raises UnknownExpertError where `knows`
    needs more than the moment.
    """

    def __init__(
        self, task: Task, people: PeopleSettings, knows: AbstractExpert | None = None
    ):
        if people.gold and knows is None:
            raise UnknownExpertError(
                f"--gold {people.gold:g} asks questions whose answer is known, but"
                f" nobody knows it for {task.id}; name somebody with --gold-by, or"
                " leave --gold away"
            )
        if people.gold and knows is not None and knows.remembers:
            raise UnknownExpertError(
                f"{knows.name} remembers the episode, but a right answer is needed for"
                " single moments; name with --gold-by an expert that needs the present"
                " observation alone"
            )
        self.task, self.people, self.knows = task, people, knows

    @property
    def measures(self) -> bool:
        """Whether agreement is being measured: nobody may look ahead then."""
        return bool(self.people.overlap or self.people.repeats or self.people.gold)

    def prepared(
        self, questions: Sequence[NewQuestion], *, key: PRNGKeyArray
    ) -> list[NewQuestion]:
        """The questions of a visit, some of which measure whoever answers."""
        if not self.measures:
            return list(questions)
        generator = generator_of(key)
        shared, gold, again = (
            generator.random(len(questions)) < share
            for share in (self.people.overlap, self.people.gold, self.people.repeats)
        )
        told = [
            dataclasses.replace(
                question,
                wanted=ENOUGH_TO_AGREE if shared[place] else 1,
                **(self.right_answer(question) if gold[place] else {}),
            )
            for place, question in enumerate(questions)
        ]
        return with_repeats(told, np.flatnonzero(again).tolist())

    def right_answer(self, question: NewQuestion) -> dict[str, Any]:
        """What a question says about its right answer."""
        assert self.knows is not None
        seen = self.task.observation_of(question.observation)
        given, _ = self.knows.act(self.knows.start(), seen)
        action = self.task.clip(self.task.action_vector(given, by=self.knows.name))
        return {"gold": tuple(map(float, action.tolist())), "gold_by": self.knows.name}


def with_repeats(
    questions: Sequence[NewQuestion], again: Sequence[int]
) -> list[NewQuestion]:
    """The questions, and those at the places `again` once more, some way behind."""
    behind: dict[int, list[int]] = {}
    for place in again:
        behind.setdefault(place + BETWEEN_REPEATS, []).append(place)
    order: list[tuple[int, bool]] = []
    for place in range(len(questions)):
        order.append((place, False))
        order.extend((earlier, True) for earlier in behind.get(place, ()))
    found: list[NewQuestion] = []
    now_at: dict[int, int] = {}
    for rank, (place, repeats) in enumerate(order):
        question = dataclasses.replace(questions[place], rank=rank)
        if repeats:
            question = dataclasses.replace(
                question,
                wanted=1,
                gold=None,
                gold_by="",
                repeats=now_at[place],
                chance=None,
            )
        else:
            now_at[place] = rank
        found.append(question)
    return found


def gold_part(
    golds: Mapping[int, tuple[int | float, ...]],
    asked: Sequence[Question],
    *,
    action_type: np.dtype,
    origin: Origin,
) -> Answers | None:
    """The right answers to some questions as rows, None where none is known.

    Nobody learns from these rows: people are measured by them.
    """
    known = [question for question in asked if question.id in golds]
    if not known:
        return None
    return Answers(
        observation=np.stack([each.observation for each in known]),
        action=np.array([golds[each.id] for each in known], action_type),
        episode=np.array([each.episode for each in known], np.int32),
        step=np.array([each.step for each in known], np.int32),
        origin=origin,
        question=np.array([each.id for each in known], np.int64),
    )
