"""Take in demonstrations that somebody recorded elsewhere: the arrays of an .npz file.

A file holds a row for each step in which something was done:

- `observation`: what was seen, as the task shows it, or flattened into a vector;
- `action`: what was done then, in the task's own form;
- `episode_ends` (the number of rows up to each episode's end) or `episode_length`;
- `who`, if it is known: a name for all, or one for each episode.

Nothing in a file is ever executed: it is arrays of numbers and of names.
"""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, Num, Shaped

from novice.datasets.dataset import Answers, Dataset, Origin
from novice.envs.task import Task
from novice.errors import NoviceError

# What is read of a file; whatever else it holds stays unread.
NEEDED = ("observation", "action")
TAKEN = (*NEEDED, "episode_ends", "episode_length", "who")
# Where so large a share of numbers lies beyond a task's bounds, they are no slips of a
# hand that the task clips, but another unit.
MOST_BEYOND = 0.5


class BadDemonstrationsError(NoviceError):
    """A file of demonstrations does not hold what a task needs."""


def demonstrations_from(path: Path, task: Task) -> Dataset:
    """All that is shown in a file, a part for each person who showed it.

    Nobody saw how it came about: the rows are `imported`, so untrusted.
    Real actions beyond the bounds are kept as the task would have carried them out.
    Raises BadDemonstrationsError, which says what is wrong.
    """
    arrays = arrays_in(path)
    observation = observations(arrays, task, path)
    action = actions(arrays, task, path)
    if len(action) != len(observation):
        raise BadDemonstrationsError(
            f"{path} holds {len(observation)} observations but {len(action)} actions;"
            " a row is what was seen and what was done then, so leave out what was seen"
            " after an episode's last action"
        )
    length = lengths(arrays, len(observation), path)
    episode = np.repeat(np.arange(len(length), dtype=np.int32), length)
    first = np.repeat(np.cumsum(length) - length, length)
    step = (np.arange(len(observation)) - first).astype(np.int32)
    names = names_of_episodes(arrays, len(length), path)
    dataset = Dataset()
    for name in dict.fromkeys(names.tolist()):
        rows = (names == name)[episode]
        shown = Answers(
            observation=observation[rows],
            action=action[rows],
            episode=episode[rows],
            step=step[rows],
            origin=Origin(0, "demonstration", name, imported=path.name),
        )
        dataset = dataset.append(shown)
    return dataset


def arrays_in(path: Path) -> dict[str, Shaped[np.ndarray, "..."]]:
    """The named arrays of an .npz file, without executing anything in it."""
    try:
        with path.open("rb") as file:
            there = np.load(file, allow_pickle=False)
            if isinstance(there, np.ndarray):
                raise BadDemonstrationsError(
                    f"{path} is a single array; numpy.savez(file, observation=…,"
                    " action=…, episode_ends=…) writes named ones"
                )
            check_needed(there.files, path)
            return {name: there[name] for name in TAKEN if name in there.files}
    except FileNotFoundError as error:
        raise BadDemonstrationsError(f"there is no file {path}") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        why = str(error).partition("\n")[0]
        raise BadDemonstrationsError(
            f"{path} is not an .npz file of plain arrays ({why}); numpy.savez writes"
            " one, without objects"
        ) from error


def check_needed(names: Sequence[str], path: Path) -> None:
    """Raise BadDemonstrationsError unless a file holds what was seen and done."""
    for name in NEEDED:
        if name not in names:
            holds = ", ".join(sorted(names)) or "nothing"
            raise BadDemonstrationsError(
                f"{path} holds no {name} (it holds {holds}); it needs observation,"
                " action, and episode_ends or episode_length"
            )


def column(
    arrays: Mapping[str, np.ndarray], name: str, path: Path
) -> Shaped[np.ndarray, "rows ..."]:
    """The named array of numbers, a row for each step."""
    array = arrays[name]
    if array.dtype.kind not in "biuf" or array.ndim == 0 or not len(array):
        raise BadDemonstrationsError(
            f"{name} in {path} is {array.dtype} of shape {array.shape}, but it must be"
            " numbers, a row for each step"
        )
    finite = np.isfinite(array).all(axis=tuple(range(1, array.ndim)))
    bad = np.flatnonzero(~finite)
    if bad.size:
        raise BadDemonstrationsError(
            f"row {bad[0]} of {name} in {path} is not finite ({bad.size} bad of"
            f" {len(array)} rows); leave these episodes out"
        )
    return array


def observations(
    arrays: Mapping[str, np.ndarray], task: Task, path: Path
) -> Float[np.ndarray, "rows obs"]:
    """What was seen in each row, as vectors."""
    seen = column(arrays, "observation", path)
    size = int(np.prod(seen.shape[1:]))
    if size != task.observation_size:
        raise BadDemonstrationsError(
            f"observation in {path} has the shape {seen.shape}, but {task.id} shows"
            f" {task.observation_size} numbers ({task.observation_space}); it must be"
            f" (rows, {task.observation_size})"
        )
    return seen.reshape(len(seen), size).astype(np.float32)


def actions(
    arrays: Mapping[str, np.ndarray], task: Task, path: Path
) -> Num[np.ndarray, "rows actions"]:
    """What was done in each row, as the task carries it out."""
    done = column(arrays, "action", path)
    width = task.head.width
    if int(np.prod(done.shape[1:])) != width:
        raise BadDemonstrationsError(
            f"action in {path} has the shape {done.shape}, but {task.id} takes"
            f" {task.action_space}; it must be (rows, {width})"
        )
    done = done.reshape(len(done), width)
    if task.bounds is not None:
        return within_bounds(done.astype(np.float32), task, path)
    counted = done - np.ravel(getattr(task.action_space, "start", 0))
    bad = np.flatnonzero(~task.acceptable(counted))
    if bad.size:
        raise BadDemonstrationsError(
            f"row {bad[0]} of action in {path} is {done[bad[0]]}, but {task.id} takes"
            f" {task.action_space} ({bad.size} bad of {len(done)} rows)"
        )
    return counted.astype(np.int32)


def within_bounds(
    action: Float[np.ndarray, "rows actions"], task: Task, path: Path
) -> Float[np.ndarray, "rows actions"]:
    """Real actions as the task carries them out, unless they are in another unit."""
    assert task.bounds is not None
    low, high = task.bounds
    beyond = (action < low) | (action > high)
    if beyond.mean() > MOST_BEYOND:
        row = int(np.flatnonzero(beyond.any(axis=1))[0])
        raise BadDemonstrationsError(
            f"{beyond.mean():.0%} of the numbers of action in {path} lie beyond what"
            f" {task.id} takes, {task.action_space} (row {row}: {action[row]}); give"
            " them in the task's own units"
        )
    return np.asarray(task.clip(action))


def lengths(
    arrays: Mapping[str, np.ndarray], rows: int, path: Path
) -> Int[np.ndarray, " episodes"]:
    """How many rows each episode has."""
    given = [name for name in ("episode_ends", "episode_length") if name in arrays]
    if not given:
        raise BadDemonstrationsError(
            f"{path} does not say where its episodes end: add episode_ends (the number"
            " of rows up to each end) or episode_length (the rows of each)"
        )
    name = given[0]
    told = arrays[name]
    if told.ndim != 1 or not told.size or told.dtype.kind not in "iu":
        raise BadDemonstrationsError(
            f"{name} in {path} is {told.dtype} of shape {told.shape}, but it must be a"
            " whole number for each episode"
        )
    told = told.astype(np.int64)
    length = np.diff(told, prepend=0) if name == "episode_ends" else told
    bad = np.flatnonzero(length < 1)
    if bad.size:
        raise BadDemonstrationsError(
            f"by {name} in {path}, episode {bad[0]} has {length[bad[0]]} rows, but an"
            " episode has at least one"
        )
    if length.sum() != rows:
        raise BadDemonstrationsError(
            f"by {name} in {path}, the episodes have {length.sum()} rows in all, but"
            f" there are {rows} observations"
        )
    return length


def names_of_episodes(
    arrays: Mapping[str, np.ndarray], episodes: int, path: Path
) -> Shaped[np.ndarray, " episodes"]:
    """Who showed each episode; the file's name where it does not say."""
    who = arrays.get("who", np.array(path.stem))
    if who.dtype.kind != "U" or who.shape not in ((), (1,), (episodes,)):
        raise BadDemonstrationsError(
            f"who in {path} is {who.dtype} of shape {who.shape}, but it must be a name,"
            f" or one for each of the {episodes} episodes"
        )
    return np.broadcast_to(who, (episodes,))
