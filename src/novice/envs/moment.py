"""Visit a state again: replay its episode's seed and executed actions."""

import importlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium import spaces
from jaxtyping import Bool, Float, Num, UInt8

from novice.envs.task import Task
from novice.errors import NoviceError

if TYPE_CHECKING:
    import novice.types

# What a task that names no frames a second is taken to have.
FRAMES_PER_SECOND = 30.0
# A clip has at most so many frames, and covers about so many seconds.
CLIP_FRAMES = 12
CLIP_SECONDS = 0.5
# A clip of a task that is played in turns has at least so many.
FEWEST_FRAMES = 4
# What is shown of each branch: frames a second, and how wide they are at most.
BRANCH_FRAMES_PER_SECOND = 8
BRANCH_WIDTH = 240
MOST_BRANCHES = 9
# Colors that differ by no more than this, of 255, look the same.
SAME_COLOR = 16
# Of the sparks that a lander's engines throw, those of so many steps are shown.
SPARKING_STEPS = 3
# MuJoCo draws without a graphics card; at this size that takes milliseconds.
MUJOCO_SIZE = {"width": 320, "height": 240}

# Draws what a task's own observation shows.
Render = Callable[[Any], np.ndarray]
# The best action vector for an observation vector.
Act = Callable[[np.ndarray], np.ndarray]
Frame = UInt8[np.ndarray, "_ _ 3"]


class NoPictureError(NoviceError):
    """The task cannot draw itself here."""


class DoesNotReplayError(NoviceError):
    """The seed and the actions led somewhere else than they did before."""


class TooSlowError(NoviceError):
    """The task takes too long to be replayed while somebody waits."""


@dataclass(frozen=True, eq=False)
class Moment:
    """One visited state: a task, a reset seed and the actions executed since."""

    task: Task
    seed: int
    actions: Num[np.ndarray, "steps actions"] = field(repr=False)

    def observation(self) -> Float[np.ndarray, " obs"]:
        """What is seen there, found by replaying the episode so far."""
        environment = self.task.make()
        try:
            seen, _ = environment.reset(seed=self.seed)
            for action in self.actions:
                seen, *_ = environment.step(self.task.executable(action))
            return self.task.vector(seen)
        finally:
            environment.close()


class Clip(NamedTuple):
    """Frames up to a moment, oldest first, and how fast the task lives them."""

    frames: list[np.ndarray]
    frames_per_second: float


class Branch(NamedTuple):
    """What one action leads to; the first frame is the moment itself.

    An episode that `ended` goes on showing its last frame. `alike` names the other
    branches whose pictures cannot be told from these.
    """

    action: Num[np.ndarray, " actions"]
    frames: list[np.ndarray]
    ended: bool
    alike: tuple[int, ...]


class Consequences(NamedTuple):
    """What each of several actions leads to, in equally many frames."""

    branches: list[Branch]
    frames_per_second: float


def frames(
    moment: Moment, *, most: int, render: Render | None = None
) -> tuple[list[np.ndarray], float]:
    """At most `most` pictures of the episode so far, evenly spaced, and how many of
    them make a second of the task's time.

    A picture is (height, width, 3) bytes; the last one is the moment itself. Raises
    NoPictureError when the task has no renderer or it does not work here.
    """
    last = len(moment.actions)
    every = max(1, -(-last // max(most - 1, 1)))
    scene = Scene(moment.task, render)
    try:
        pictures = scene.visit(moment, [*range(0, last, every), last][-most:])
        return pictures, 1 / (scene.step_seconds * every)
    finally:
        scene.close()


class Scene:
    """One open environment, standing at some step of some episode.

    `render` draws from observations, for tasks that cannot draw themselves.
    """

    def __init__(self, task: Task, render: Render | None = None):
        self.task = task
        self.environment, self._draw = opened(task, render)
        self._bare: Any = self.environment.unwrapped
        self._sparks = self._draw is None and hasattr(self._bare, "_clean_particles")
        self._observation: Any = None
        self._seed: int | None = None
        self._path: np.ndarray | None = None
        self._steps = 0
        self._shape: tuple[int, ...] = ()
        self._resets = 0
        self.step_cost = 0.0  # seconds of our time that a step takes
        # What was drawn on the way here lately, by step.
        self.drawn: dict[int, np.ndarray] = {}

    @property
    def step_seconds(self) -> float:
        """How long a step takes in the task's own time, in seconds."""
        return step_seconds(self.environment) or 1 / FRAMES_PER_SECOND

    @property
    def is_unused(self) -> bool:
        """Whether no episode was begun in it yet."""
        return self._resets == 0

    @property
    def is_fresh(self) -> bool:
        """Whether no earlier episode can have left a trace in it."""
        return self._resets <= 1

    @property
    def observation(self) -> Float[np.ndarray, " obs"]:
        """What is seen here."""
        return self.task.vector(self._observation)

    def on_the_way_to(self, moment: Moment) -> bool:
        """Whether the moment comes after this step of the same episode."""
        if self._path is None or self._seed != moment.seed:
            return False
        done = len(self._path)
        return not done or np.array_equal(self._path, moment.actions[:done])

    def can_draw(self, moment: Moment, steps: Iterable[int]) -> bool:
        """Whether these steps of the moment's episode lie ahead or were drawn."""
        if not self.on_the_way_to(moment) or self._path is None:
            return False
        return all(step >= len(self._path) or step in self.drawn for step in steps)

    def visit(
        self,
        moment: Moment,
        steps: Sequence[int] = (),
        *,
        seen: Float[np.ndarray, " obs"] | None = None,
        deadline: float = np.inf,
    ) -> list[np.ndarray]:
        """Go to the moment, and return pictures of these steps on the way.

        Raises DoesNotReplayError unless exactly `seen` is seen there.
        """
        if not self.can_draw(moment, steps):
            self._begin(moment.seed)
        last = len(moment.actions)
        for stop in sorted({*steps, last}):
            if stop not in self.drawn:
                self._forward(moment, stop, draw=stop in steps, deadline=deadline)
        if seen is not None:
            check_replayed(self.task, moment.seed, last, self.observation, seen)
        found = [self.drawn[step] for step in steps]
        for step in sorted(self.drawn)[:-CLIP_FRAMES]:
            del self.drawn[step]
        return found

    def _begin(self, seed: int) -> None:
        self._seed, self._path, self._steps, self.drawn = seed, None, 0, {}
        self._resets += 1
        try:
            self._observation, _ = self.environment.reset(seed=seed)
        except Exception as error:
            raise self._failed(error) from error
        self._path = np.zeros(0)

    def _forward(
        self, moment: Moment, stop: int, *, draw: bool, deadline: float
    ) -> None:
        start, began = self._steps, time.perf_counter()
        for step in range(start, stop):
            if time.monotonic() > deadline:
                self._path = moment.actions[:step]
                raise self._too_slow(stop)
            self.step(moment.actions[step], sparking=draw and stop - step)
        self._path = moment.actions[:stop]
        if stop > start:
            self.step_cost = (time.perf_counter() - began) / (stop - start)
        if draw:
            self.drawn[stop] = self.picture()

    def _too_slow(self, stop: int) -> TooSlowError:
        return TooSlowError(
            f"{self.task.id} takes too long to be replayed up to step {stop} while"
            " somebody waits"
        )

    def step(self, action: Num[np.ndarray, " actions"], *, sparking: int = 0) -> bool:
        """Execute an action, and say whether the episode ended.

        A picture follows in `sparking` steps (0: none does).
        """
        if self._sparks:
            # Sparks fade only while they are drawn: those of steps that nobody sees
            # would all be there still, thousands of them.
            lit = 0 < sparking <= SPARKING_STEPS
            self._bare.render_mode = "rgb_array" if lit else None
        self._path = None  # until somebody says that this is an episode's own step
        self._steps += 1
        try:
            self._observation, _, terminated, truncated, _ = self.environment.step(
                self.task.executable(action)
            )
        except Exception as error:
            raise self._failed(error) from error
        return bool(terminated or truncated)

    def _failed(self, error: Exception) -> DoesNotReplayError:
        return DoesNotReplayError(
            f"{self.task.id} cannot be replayed: step {self._steps} of the episode with"
            f" seed {self._seed} raised {type(error).__name__}: {one_line(error)}"
        )

    def picture(self) -> Frame:
        """What it looks like here. Raises NoPictureError."""
        if self._sparks:
            self._bare.render_mode = "rgb_array"
        try:
            if self._draw is None:
                drawn: Any = self.environment.render()
            else:
                drawn = self._draw(self.task.observation_of(self.observation))
        except Exception as error:
            raise NoPictureError(
                f"{self.task.id} cannot be drawn here: {type(error).__name__}:"
                f" {one_line(error)}"
            ) from error
        if self._sparks:
            self._bare._clean_particles(True)
        picture = checked_picture(drawn, f"render() of {self.task.id}")
        self._shape = self._shape or picture.shape
        if picture.shape != self._shape:
            raise NoPictureError(
                f"the pictures of {self.task.id} change their size from {self._shape}"
                f" to {picture.shape}"
            )
        return picture

    def close(self) -> None:
        self.environment.close()


def render_function(spec: str) -> Render:
    """The function that `module:function` names; raises NoPictureError."""
    module, colon, name = spec.partition(":")
    if not (module and colon and name):
        raise NoPictureError(
            f"a function that draws is written module:function, not {spec!r}"
        )
    try:
        function: Any = getattr(importlib.import_module(module), name)
    except Exception as error:
        raise NoPictureError(
            f"{spec!r}, which draws the task, cannot be imported:"
            f" {type(error).__name__}: {one_line(error)}"
        ) from error
    if not callable(function):
        raise NoPictureError(f"{spec!r} is {function!r:.40}, which cannot be called")
    draw: Render = function
    return draw


def one_line(error: Exception) -> str:
    """What an exception says, without line breaks."""
    return " ".join(str(error).split())


def opened(task: Task, render: Render | None) -> tuple[gymnasium.Env, Render | None]:
    """An environment that can be drawn, and who draws it; None: it draws itself."""
    if render is not None:
        return task.make(), render
    try:
        return quick_to_draw(task), None
    except Exception as error:
        if is_picture(task.observation_space):
            return task.make(), np.asarray
        if not draws_itself(task):
            raise NoPictureError(
                f"{task.id} has no pictures; --render module:function draws one from"
                " an observation"
            ) from error
        raise NoPictureError(f"{task.id} cannot be drawn: {one_line(error)}") from error


def draws_itself(task: Task) -> bool:
    """Whether the task says that it can make pictures."""
    environment = task.make()
    try:
        return "rgb_array" in (environment.metadata.get("render_modes") or ())
    finally:
        environment.close()


def quick_to_draw(task: Task) -> gymnasium.Env:
    """An environment that draws itself; MuJoCo's small, without shadows."""
    spec = gymnasium.registry.get(task.id)
    if not (spec and str(spec.entry_point).startswith("gymnasium.envs.mujoco")):
        return task.make(render_mode="rgb_array")
    # Without a graphics card, shadows and smooth edges take most of the time.
    kwargs = {**MUJOCO_SIZE, **task.kwargs}
    environment = _with_kwargs(task, kwargs).make(render_mode="rgb_array")
    model: Any = getattr(environment.unwrapped, "model", None)
    if hasattr(model, "vis"):
        model.vis.quality.shadowsize = 0
        model.vis.quality.offsamples = 0
    return environment


def _with_kwargs(task: Task, kwargs: dict[str, Any]) -> Task:
    return Task(
        task.id,
        kwargs,
        observation_space=task.observation_space,
        action_space=task.action_space,
        max_episode_steps=task.max_episode_steps,
        reward_threshold=task.reward_threshold,
    )


def is_picture(space: spaces.Space[Any]) -> bool:
    """Whether observations are color pictures."""
    return (
        isinstance(space, spaces.Box)
        and space.dtype == np.uint8
        and len(space.shape) == 3
        and space.shape[2] == 3
    )


def checked_picture(drawn: Any, who: str) -> Frame:
    """A picture that `who` drew; raises NoPictureError unless it is one."""
    if not isinstance(drawn, np.ndarray):
        raise NoPictureError(f"{who} returned {type(drawn).__name__}, not a picture")
    if drawn.ndim != 3 or drawn.shape[2] != 3 or not drawn.size:
        raise NoPictureError(
            f"{who} returned an array of shape {drawn.shape}, but a picture is"
            " (height, width, 3)"
        )
    if drawn.dtype != np.uint8:
        raise NoPictureError(
            f"{who} returned an array of {drawn.dtype}, but a picture is uint8, 0 to"
            " 255"
        )
    return drawn


def step_seconds(environment: gymnasium.Env) -> float | None:
    """How long a step takes in the task's own time; None when it does not say."""
    per_second = environment.metadata.get("render_fps")
    return 1 / float(per_second) if per_second else None


def check_replayed(
    task: Task,
    seed: int,
    step: int,
    found: Float[np.ndarray, " obs"],
    seen: Float[np.ndarray, " obs"],
) -> None:
    """Raise DoesNotReplayError unless both are the same to the bit."""
    why = difference(task, seed, step, found, seen)
    if why is not None:
        raise DoesNotReplayError(why)


def difference(
    task: Task, seed: int, step: int, found: np.ndarray, seen: np.ndarray
) -> str | None:
    """What differs between two observations of a moment; None where nothing does."""
    found, seen = np.asarray(found, np.float32), np.asarray(seen, np.float32)
    where = f"step {step} of the episode with seed {seed}"
    if found.shape != seen.shape:
        return (
            f"{task.id} does not replay: at {where} it showed {found.size} numbers,"
            f" but {seen.size} were seen before"
        )
    differs = found.view(np.uint32) != seen.view(np.uint32)
    if not differs.any():
        return None
    entry = int(np.flatnonzero(differs)[0])
    return (
        f"{task.id} does not replay: at {where}, entry {entry} of the observation is"
        f" {found[entry]!s}, but {seen[entry]!s} was seen before; something in it does"
        " not follow from the seed and the actions"
    )


def replays(task: Task, trajectories: "novice.types.Trajectories") -> str | None:
    """Why these episodes cannot be visited again; None when all of them can."""
    return next((why for why in replay_faults(task, trajectories) if why), None)


def replay_faults(
    task: Task, trajectories: "novice.types.Trajectories"
) -> list[str | None]:
    """For each episode, why it cannot be visited again; None where it can.

    Each is stepped again without drawing, and every observation compared to the bit.
    They are taken in another order than they happened in: what leaves traces in an
    environment would else be repeated, traces and all.
    """
    environment = task.make()
    fresh = True
    faults: list[str | None] = []
    try:
        for episode in reversed(range(len(trajectories.seed))):
            why = _replay_fails(environment, task, trajectories, episode)
            if why is not None and not fresh:
                # An earlier episode may have left a trace in the environment.
                environment.close()
                environment = task.make()
                why = _replay_fails(environment, task, trajectories, episode)
            if why is not None:
                environment.close()
                environment = task.make()
            fresh = why is not None
            faults.append(why)
        return faults[::-1]
    finally:
        environment.close()


def _replay_fails(
    environment: gymnasium.Env,
    task: Task,
    trajectories: "novice.types.Trajectories",
    episode: int,
) -> str | None:
    seed = int(trajectories.seed[episode])
    seen = np.asarray(trajectories.observation[episode])
    length = int(trajectories.length[episode])
    step = 0
    try:
        found, _ = environment.reset(seed=seed)
        why = difference(task, seed, 0, task.vector(found), seen[0])
        for action in np.asarray(trajectories.action_executed[episode][:length]):
            if why is not None:
                return why
            step += 1
            found, *_ = environment.step(task.executable(action))
            why = difference(task, seed, step, task.vector(found), seen[step])
    except Exception as error:
        return (
            f"{task.id} does not replay: step {step} of the episode with seed {seed}"
            f" raised {type(error).__name__}: {error}"
        )
    return why


def candidates(
    task: Task, action: Num[np.ndarray, " actions"]
) -> list[Num[np.ndarray, " actions"]]:
    """The actions whose consequences are worth showing, where `action` was taken.

    They are all of a Discrete space's, or those that change one part of what was done;
    nine at most.
    """
    if isinstance(task.action_space, spaces.Discrete):
        return [np.array([i], np.int32) for i in range(int(task.action_space.n))][
            :MOST_BRANCHES
        ]
    found = [task.clip(action)]
    for part, choices in enumerate(_choices(task)):
        for choice in choices:
            changed = found[0].copy()
            changed[part] = choice
            if not any(np.array_equal(changed, other) for other in found):
                found.append(changed)
    return found[:MOST_BRANCHES]


def _choices(task: Task) -> list[list[float]]:
    """The values that stand for each part of an action."""
    if task.bounds is not None:
        low, high = task.bounds
        ends = zip(low.tolist(), high.tolist(), strict=True)
        return [
            [least if np.isfinite(least) else -1.0, most if np.isfinite(most) else 1.0]
            for least, most in ends
        ]
    space = task.action_space
    if isinstance(space, spaces.MultiDiscrete):
        return [[float(i) for i in range(count)] for count in space.nvec.ravel()]
    return [[0.0, 1.0]] * spaces.flatdim(space)


class Replayer:
    """Draws moments of a task, keeping environments open where it has been.

    Going on in an episode costs only the steps in between; going back costs a reset
    and the steps so far. Where an environment that was used before shows something
    else than was seen, a new one is tried, before DoesNotReplayError is raised.
    `patience` is how many seconds a drawing may take, before TooSlowError.
    """

    def __init__(
        self,
        task: Task,
        *,
        render: Render | None = None,
        most_open: int = 8,
        patience: float = 15.0,
    ):
        self.task = task
        self._render = render
        self._most_open = most_open
        self._patience = patience
        self._scenes: list[Scene] = []  # the one used last comes last
        self._side: list[Scene] = []  # where branches are tried: at most one

    def clip(
        self, moment: Moment, *, seen: Float[np.ndarray, " obs"] | None = None
    ) -> Clip:
        """About half a second up to the moment, in twelve frames at most.

        `seen` is what was seen at the moment, and must be seen again.
        """
        steps = self._clip_steps(moment)
        scene = self._best_scene(moment, steps)
        _, pictures = self._visited(self._scenes, scene, moment, steps, seen)
        every = steps[1] - steps[0] if len(steps) > 1 else 1
        return Clip(pictures, 1 / (self._step_seconds * every))

    @property
    def _step_seconds(self) -> float:
        scene = next(iter([*self._scenes, *self._side]), None)
        if scene is None:
            scene = Scene(self.task, self._render)
            self._scenes.append(scene)
        return scene.step_seconds

    def _clip_steps(self, moment: Moment) -> list[int]:
        """The steps that a clip shows: the last one is the moment."""
        last, covered = len(moment.actions), CLIP_SECONDS / self._step_seconds
        every = max(1, round(covered / (CLIP_FRAMES - 1)))
        wanted = min(CLIP_FRAMES, max(FEWEST_FRAMES, round(covered / every) + 1))
        count = min(wanted, last // every + 1)
        return [last - every * i for i in reversed(range(count))]

    def _best_scene(self, moment: Moment, steps: Sequence[int]) -> Scene:
        """The scene from which these steps are drawn soonest."""
        ready = [scene for scene in self._scenes if scene.can_draw(moment, steps)]
        if ready:
            return ready[-1]
        # One that has gone past the moment is of use to later ones, most likely.
        unused = [scene for scene in self._scenes if scene.is_unused]
        if unused:
            return unused[0]
        if len(self._scenes) < self._most_open:
            scene = Scene(self.task, self._render)
            self._scenes.append(scene)
            return scene
        return self._scenes[0]

    def _visited(
        self,
        scenes: list[Scene],
        scene: Scene,
        moment: Moment,
        steps: Sequence[int],
        seen: np.ndarray | None,
        deadline: float | None = None,
    ) -> tuple[Scene, list[np.ndarray]]:
        """A scene of `scenes` that stands at the moment, and pictures on the way."""
        deadline = deadline or time.monotonic() + self._patience
        try:
            pictures = scene.visit(moment, steps, seen=seen, deadline=deadline)
        except TooSlowError:
            # It has come some way, and goes on from there the next time.
            raise
        except NoviceError as error:
            scenes.remove(scene)
            scene.close()
            if scene.is_fresh or not isinstance(error, DoesNotReplayError):
                raise
            scene = Scene(self.task, self._render)
            scenes.append(scene)
            return self._visited(scenes, scene, moment, steps, seen, deadline)
        scenes.remove(scene)
        scenes.append(scene)
        return scene, pictures

    def consequences(
        self,
        moment: Moment,
        actions: Sequence[Num[np.ndarray, " actions"]],
        act: Act | None,
        *,
        seen: Float[np.ndarray, " obs"] | None = None,
        hold: float = 0.3,
        seconds: float = 1.0,
    ) -> Consequences:
        """What each action leads to, held for `hold` seconds, when `act` goes on then.

        All branches see the same random numbers, because each is replayed from the
        same seed. Without `act` the action is held to the end.
        """
        deadline = time.monotonic() + self._patience
        length = self._step_seconds
        every = max(1, round(1 / (BRANCH_FRAMES_PER_SECOND * length)))
        count = max(1, round(seconds / (length * every)))
        held = max(1, round(hold / length)) if act is not None else every * count
        first = self._first_frame(moment)
        told = []
        for number, action in enumerate(actions):
            if not self._side:
                self._side.append(Scene(self.task, self._render))
            steps = [] if first is not None else [len(moment.actions)]
            scene, drawn = self._visited(
                self._side, self._side[0], moment, steps, seen, deadline
            )
            if first is None:
                first = small(drawn[0])
            left = len(actions) - number
            self._check_time(scene, left, len(moment.actions), every * count, deadline)
            frames, ended = branched(
                scene, action, act or _never, held=held, every=every, count=count
            )
            told.append((action, [first, *frames], ended))
        alike = look_alike([frames for _, frames, _ in told])
        branches = [Branch(*each, alike=a) for each, a in zip(told, alike, strict=True)]
        return Consequences(branches, 1 / (length * every))

    def _first_frame(self, moment: Moment) -> np.ndarray | None:
        """A small picture of the moment, if it was drawn for a clip."""
        for scene in self._scenes:
            if scene.on_the_way_to(moment) and len(moment.actions) in scene.drawn:
                return small(scene.drawn[len(moment.actions)])
        return None

    def _check_time(
        self, scene: Scene, left: int, steps: int, ahead: int, deadline: float
    ) -> None:
        """Raise TooSlowError early where the branches will not be done in time."""
        needed = scene.step_cost * (left * ahead + (left - 1) * steps)
        if time.monotonic() + needed > deadline:
            raise TooSlowError(
                f"{self.task.id} takes about {needed:.0f} seconds to show what"
                f" {left} actions lead to after {steps} steps, which is too long to"
                " wait for"
            )

    def close(self) -> None:
        """Close all environments."""
        for scene in [*self._scenes, *self._side]:
            scene.close()
        self._scenes, self._side = [], []


def _never(observation: np.ndarray) -> np.ndarray:
    raise AssertionError("the action is held to the end")


def branched(
    scene: Scene,
    action: Num[np.ndarray, " actions"],
    act: Act,
    *,
    held: int,
    every: int,
    count: int,
) -> tuple[list[np.ndarray], bool]:
    """`count` small frames, one in `every` steps, and whether the episode ended.

    The action is executed for `held` steps, and then what `act` chooses.
    """
    frames: list[np.ndarray] = []
    for step in range(1, every * count + 1):
        chosen = action if step <= held else act(scene.observation)
        ended = scene.step(scene.task.clip(chosen), sparking=-step % every + 1)
        if ended or step % every == 0:
            frames.append(small(scene.picture()))
        if ended:
            return frames + frames[-1:] * (count - len(frames)), True
    return frames, False


def small(frame: Frame) -> Frame:
    """The same picture, no wider than what is shown of a branch."""
    return at_most(frame, width=BRANCH_WIDTH, height=BRANCH_WIDTH)


def at_most(frame: Frame, *, width: int, height: int) -> Frame:
    """The same picture, shrunk if it is larger than this."""
    # Loading it takes a tenth of a second, and whoever draws nothing does without.
    from PIL import Image

    share = min(1.0, width / frame.shape[1], height / frame.shape[0])
    if share == 1.0:
        return frame
    size = max(1, round(frame.shape[1] * share)), max(1, round(frame.shape[0] * share))
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BOX))


def look_alike(branches: Sequence[Sequence[Frame]]) -> list[tuple[int, ...]]:
    """For each branch, the others whose pictures cannot be told from its own."""
    stacked = [np.stack(frames).astype(np.int16) for frames in branches]
    same: Bool[np.ndarray, "branches branches"]
    same = np.zeros((len(branches), len(branches)), bool)
    for one in range(len(branches)):
        for other in range(one):
            apart = np.abs(stacked[one] - stacked[other]).max()
            same[one, other] = same[other, one] = apart <= SAME_COLOR
    return [tuple(np.flatnonzero(row).tolist()) for row in same]
