"""Take pictures while a policy acts, for tasks whose episodes cannot be replayed."""

import io
from collections import defaultdict

import numpy as np
from jaxtyping import Bool, Int, Num, UInt8
from PIL import Image

from novice.envs.pictures import checked_picture
from novice.envs.slots import AbstractSlots, SeparateSlots, Step
from novice.envs.task import Task

# Pictures are kept small until somebody looks at them.
QUALITY = 90


class Album:
    """Every picture of some episodes, by the episode's seed and the step."""

    def __init__(self, frames_per_second: float) -> None:
        self.frames_per_second = frames_per_second
        self._kept: dict[int, dict[int, bytes]] = defaultdict(dict)

    def add(
        self, seed: int, step: int, frame: UInt8[np.ndarray, "height width 3"]
    ) -> None:
        """Keep a picture of what was seen at this step."""
        file = io.BytesIO()
        Image.fromarray(frame).save(file, "JPEG", quality=QUALITY)
        self._kept[seed][step] = file.getvalue()

    def frames(
        self, seed: int, step: int, *, most: int, every: int = 1
    ) -> list[UInt8[np.ndarray, "height width 3"]]:
        """At most `most` pictures that lead up to a step, which is the last of them."""
        kept = self._kept[seed]
        steps = range(step, max(-1, step - most * every), -every)
        found = [kept[each] for each in steps if each in kept]
        return [np.asarray(Image.open(io.BytesIO(each))) for each in reversed(found)]


class PhotographedSlots(AbstractSlots):
    """Separate slots that are photographed at every step.

    Where the task cannot draw itself, the album stays empty.
    """

    def __init__(self, task: Task, count: int):
        self.task, self.count = task, count
        try:
            self._slots = SeparateSlots(task, count, render_mode="rgb_array")
            self._draws = True
        except Exception:
            # Whatever keeps it from being drawn, it can still be played.
            self._slots = SeparateSlots(task, count)
            self._draws = False
        self._seeds = np.full(count, -1, np.int64)
        self._steps = np.zeros(count, np.int64)
        metadata = self._slots.environments[0].metadata
        self.album = Album(float(metadata.get("render_fps", 30)))

    def __enter__(self) -> "PhotographedSlots":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(
        self, slots: Int[np.ndarray, " some"], seeds: Int[np.ndarray, " some"]
    ) -> Num[np.ndarray, "slots obs"]:
        observation = self._slots.begin(slots, seeds)
        self._seeds[slots], self._steps[slots] = seeds, 0
        self._photograph(slots)
        return observation

    def step(
        self, action: Num[np.ndarray, "slots actions"], live: Bool[np.ndarray, " slots"]
    ) -> Step:
        step = self._slots.step(action, live)
        self._steps += live
        self._photograph(np.flatnonzero(live))
        return step

    def _photograph(self, slots: Int[np.ndarray, " some"]) -> None:
        for slot in slots.tolist() if self._draws else ():
            try:
                drawn = self._slots.environments[slot].render()
                frame = checked_picture(drawn, self.task.id)
            except Exception:
                self._draws = False
                return
            self.album.add(int(self._seeds[slot]), int(self._steps[slot]), frame)

    def close(self) -> None:
        self._slots.close()
