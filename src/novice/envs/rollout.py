"""Run whole episodes, and keep what happened."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Int, Num

from novice.envs.actor import AbstractActor, Decision
from novice.envs.slots import AbstractSlots, Step
from novice.types import Trajectories

# Episodes are padded to the task's limit of steps if that is no more than this.
LONGEST_FULL_PADDING = 1024


class Happened(NamedTuple):
    """One step in all slots at once."""

    observation: Num[np.ndarray, "slots obs"]
    decision: Decision
    step: Step


def rollout(
    slots: AbstractSlots,
    actor: AbstractActor,
    seeds: Sequence[int] | Int[np.ndarray, " episodes"],
) -> Trajectories:
    """One whole episode for each seed, in the order of the seeds.

    The seeds are given before anybody acts and every episode is run to its end: taking
    the first to finish would favor short ones. A free slot takes the next seed. An
    episode that reaches the task's limit of steps is truncated.
    """
    task = slots.task
    seeds = np.asarray(seeds, np.int64)
    episode = np.full(slots.count, -1)  # which episode each slot is playing
    started = np.zeros(slots.count, int)  # the step at which it began
    spans: list[tuple[int, int, int]] = [(0, 0, 0)] * len(seeds)
    ends = np.zeros((len(seeds), 2), bool)
    history: list[Happened] = []
    waiting = 0
    free = np.arange(min(slots.count, len(seeds)))
    observation = np.zeros((slots.count, task.observation_size), task.observation_dtype)
    while True:
        chosen = np.arange(waiting, min(waiting + len(free), len(seeds)))
        free = free[: len(chosen)]
        if len(chosen):
            observation = slots.begin(free, seeds[chosen])
            episode[free], started[free] = chosen, len(history)
            for slot, number in zip(free, chosen, strict=True):
                actor.begin(int(slot), int(number))
            waiting += len(chosen)
        live = episode >= 0
        if not live.any():
            break
        decision = actor.act(observation)
        decision = decision._replace(executed=task.clip(decision.executed))
        step = slots.step(decision.executed, live)
        history.append(Happened(observation, decision, step))
        observation = step.observation
        late = live & (len(history) - started >= task.max_episode_steps)
        truncated = (step.truncated | late) & ~step.terminated
        free = np.flatnonzero(live & (step.terminated | truncated))
        for slot in free:
            spans[episode[slot]] = (int(slot), int(started[slot]), len(history))
            ends[episode[slot]] = step.terminated[slot], truncated[slot]
        episode[free] = -1
    return assemble(history, spans, ends, seeds)


def assemble(
    history: list[Happened],
    spans: list[tuple[int, int, int]],
    ends: Bool[np.ndarray, "episodes 2"],
    seeds: Int[np.ndarray, " episodes"],
) -> Trajectories:
    """Cut the slots' common history into episodes, padded with what was seen last."""
    longest = max(stop - start for _, start, stop in spans)

    def cut(column: np.ndarray, *, more: int = 0) -> np.ndarray:
        cut_out = np.zeros(
            (len(spans), longest + more, *column.shape[2:]), column.dtype
        )
        for i, (slot, start, stop) in enumerate(spans):
            cut_out[i, : stop - start] = column[start:stop, slot]
        return cut_out

    observation = cut(np.stack([h.observation for h in history]), more=1)
    for i, (slot, start, stop) in enumerate(spans):
        observation[i, stop - start :] = history[stop - 1].step.observation[slot]
    lengths = np.array([stop - start for _, start, stop in spans])
    return Trajectories(
        observation=observation,
        action_sampled=cut(np.stack([h.decision.sampled for h in history])),
        action_executed=cut(np.stack([h.decision.executed for h in history])),
        expert_acted=cut(np.stack([h.decision.expert_acted for h in history])),
        reward=cut(np.stack([h.step.reward for h in history])),
        valid=np.arange(longest)[None] < lengths[:, None],
        terminated=ends[:, 0],
        truncated=ends[:, 1],
        seed=seeds,
        success=succeeded(history, spans),
    )


def succeeded(
    history: list[Happened], spans: list[tuple[int, int, int]]
) -> Bool[np.ndarray, " episodes"] | None:
    """Which episodes the task called a success in any step, whatever it said later.

    None where it never said anything.
    """
    if all(happened.step.success is None for happened in history):
        return None
    silent = np.zeros(len(history[0].step.reward), bool)
    said = [happened.step.success for happened in history]
    column = np.stack([silent if each is None else each for each in said])
    return np.array([column[start:stop, slot].any() for slot, start, stop in spans])


def padded(trajectories: Trajectories, *, limit: int) -> Trajectories:
    """The same trajectories, padded in time to a power of two.

    With a `limit` of up to a thousand steps an episode, it is always the same one, and
    what learns from trajectories is compiled once; padding costs less than compiling.
    """
    time = trajectories.valid.shape[1]
    shortest = min(limit, LONGEST_FULL_PADDING)
    missing = (1 << (max(time, shortest) - 1).bit_length()) - time

    def longer(
        steps: np.ndarray, mode: Literal["constant", "edge"] = "constant"
    ) -> np.ndarray:
        widths = [(0, 0), (0, missing)] + [(0, 0)] * (steps.ndim - 2)
        return np.pad(steps, widths, mode=mode)

    return Trajectories(
        observation=longer(trajectories.observation, mode="edge"),
        action_sampled=longer(trajectories.action_sampled),
        action_executed=longer(trajectories.action_executed),
        expert_acted=longer(trajectories.expert_acted),
        reward=longer(trajectories.reward),
        valid=longer(trajectories.valid),
        terminated=trajectories.terminated,
        truncated=trajectories.truncated,
        seed=trajectories.seed,
    )


def unpadded(trajectories: Trajectories) -> dict[str, np.ndarray]:
    """Named columns of the valid steps alone, episode after episode, and their ends.

    `last_observation` is where each episode ended.
    """
    valid = np.asarray(trajectories.valid)
    episodes = np.arange(len(valid))
    observation = np.asarray(trajectories.observation)
    lengths = np.asarray(trajectories.length)
    steps = ("action_sampled", "action_executed", "expert_acted", "reward")
    return {
        "observation": observation[:, :-1][valid],
        "last_observation": observation[episodes, lengths],
        "length": lengths.astype(np.int32),
        "terminated": np.asarray(trajectories.terminated),
        "truncated": np.asarray(trajectories.truncated),
        "seed": np.asarray(trajectories.seed, np.int64),
        **{name: np.asarray(getattr(trajectories, name))[valid] for name in steps},
    }
