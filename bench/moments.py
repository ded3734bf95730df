"""Time how long a person waits for a clip and for consequences.

    python bench/moments.py [--questions 40] [CartPole-v1 LunarLander-v3 ...]

For each task episodes are acted by its built-in expert (by chance where it has none)
and questions about them asked of a darkroom, as the page does. A line shows how many
steps the latest of them lies in, and how long is waited for: the first clip of all; the
first of an episode (cold) and a later one (warm); consequences that were not drawn
ahead (cold) and that were (kept), and a clip that was.
"""

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import numpy as np

from novice.envs.actor import AbstractActor, RandomActor
from novice.envs.rollout import rollout
from novice.envs.slots import SeparateSlots
from novice.envs.task import Task, make_task
from novice.experts.acting import ExpertActor
from novice.experts.controllers import built_in_expert
from novice.experts.expert import UnknownExpertError
from novice.experts.kept import save_policy
from novice.experts.question import Question
from novice.files import whole_folder
from novice.inbox.content import AskedEpisode
from novice.inbox.darkroom import Darkroom
from novice.learning.policy import new_policy
from novice.types import Trajectories

TASKS = ["CartPole-v1", "MountainCar-v0", "Acrobot-v1", "LunarLander-v3", "Hopper-v5"]


class Asked:
    """Questions about random moments, held in memory."""

    def __init__(self, task: Task, seen: Trajectories, questions: int):
        rng = np.random.default_rng(0)
        self.facts = {
            "task": {"id": task.id, "kwargs": {}, "folder": "."},
            "policy": "policy",
        }
        self.episodes = [
            AskedEpisode(
                i,
                0,
                i,
                int(seen.seed[i]),
                seen.action_executed[i, : seen.length[i]],
                True,
            )
            for i in range(len(seen.seed))
        ]
        # The questions of an episode come one after the other, in ascending steps.
        each = -(-questions // len(self.episodes))
        places = [
            (i, int(step))
            for i in range(len(self.episodes))
            for step in np.sort(rng.integers(0, seen.length[i], each))
        ]
        self.questions = [
            Question(
                id=number,
                visit=0,
                episode=episode,
                step=step,
                observation=np.asarray(seen.observation[episode, step]),
                action=np.asarray(seen.action_executed[episode, step]),
            )
            for number, (episode, step) in enumerate(places)
        ]

    def question(self, id: int) -> Question:
        return self.questions[id]

    def episode(self, id: int) -> AskedEpisode:
        return self.episodes[id]

    def clip_of(self, question: int) -> None:
        return None

    def told(self, name: str) -> object:
        return self.facts.get(name)


def spread(seconds: list[float]) -> str:
    """The median and the 99th percentile in milliseconds."""
    if not seconds:
        return "      –       "
    median, slowest = np.quantile(seconds, [0.5, 0.99]) * 1000
    return f"{median:6.1f} {slowest:7.1f}"


async def waited(picture: object) -> float:
    """How many seconds an awaitable takes."""
    began = time.perf_counter()
    await picture  # type: ignore[misc]
    return time.perf_counter() - began


async def times(asked: Asked, folder: Path) -> dict[str, list[float]]:
    """How long each kind of picture is waited for, in seconds."""
    darkroom = Darkroom(asked, folder)
    found: dict[str, list[float]] = {
        "first": [],
        "cold clip": [],
        "warm clip": [],
        "cold branches": [],
        "kept branches": [],
        "kept clip": [],
    }
    try:
        # The process starts, and imports what a policy needs.
        found["first"].append(await waited(darkroom.clip(0)))
        await darkroom.consequences(0)
        for previous, question in zip(
            asked.questions, asked.questions[1:], strict=False
        ):
            warm = previous.episode == question.episode
            kind = "warm clip" if warm else "cold clip"
            found[kind].append(await waited(darkroom.clip(question.id)))
            cold = await waited(darkroom.consequences(question.id))
            found["cold branches"].append(cold)
            found["kept branches"].append(
                await waited(darkroom.consequences(question.id))
            )
            found["kept clip"].append(await waited(darkroom.clip(question.id)))
        return found
    finally:
        await darkroom.close()


def actor_for(task: Task, episodes: int) -> AbstractActor:
    """The built-in expert, whose episodes are long, or else chance."""
    try:
        return ExpertActor(built_in_expert(task.id, task.kwargs), task, slots=2)
    except UnknownExpertError:
        key = jax.random.key(0)
        return RandomActor(task, key, episodes=episodes, slots=2)


def measure(id: str, questions: int, episodes: int) -> None:
    """Print a line of one task's times."""
    task = make_task(id)
    slots = SeparateSlots(task, 2)
    seen = rollout(slots, actor_for(task, episodes), np.arange(episodes))
    slots.close()
    with tempfile.TemporaryDirectory() as name:
        policy = new_policy(task.observation_size, task.head, key=jax.random.key(1))
        with whole_folder(Path(name) / "policy") as folder:
            save_policy(folder, policy)
        asked = Asked(task, seen, questions)
        found = asyncio.run(times(asked, Path(name)))
    last = max(question.step for question in asked.questions)
    told = "  ".join(f"{spread(found[kind])}" for kind in found)
    print(f"{id:18} {last:5}  {told}", flush=True)


def main() -> None:
    """Print the times of each task."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tasks", nargs="*", default=TASKS)
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--episodes", type=int, default=8)
    chosen = parser.parse_args()
    kinds = ["first clip", "cold clip", "warm clip"]
    kinds += ["cold branches", "kept branches", "kept clip"]
    print("median and p99 in milliseconds")
    print(f"{'task':18} {'step':>5}  " + "  ".join(f"{kind:>14}" for kind in kinds))
    for id in chosen.tasks:
        measure(id, chosen.questions, chosen.episodes)


if __name__ == "__main__":
    main()
