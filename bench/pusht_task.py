"""Push-T as a task for novice: push a T onto its mark with a round tip.

    cd bench
    ../.venv/bin/novice bc pusht_task:PushT-v0 --data FILE.npz

The task is that of Chi et al. 2023 (Diffusion policy, https://arxiv.org/abs/2303.04137)
as the package gym-pusht has it. What is seen are six numbers: the tip's place, the
block's place, the sine and the cosine of the block's angle; lengths are in pixels of a
field of 512. An action is where the tip shall go. An episode pays its highest reward,
min(1, coverage / 0.95): each step pays by how much it raises that.

gym-pusht is not among what novice needs: `pip install gym-pusht==0.1.8` in an
environment of its own brings it (it comes with another pygame than novice's tests use).
"""

from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from jaxtyping import Float

# The field is so many pixels wide and high.
FIELD = 512
# How many steps an episode lasts at most, as in gym-pusht.
LIMIT = 300


def seen(
    state: Float[np.ndarray, "*lead 5"],
) -> Float[np.ndarray, "*lead 6"]:
    """What the task shows of a state: tip x, y, block x, y, and its angle on a circle.

    The angle itself jumps from 2 π to 0 where nothing happens.
    """
    place, angle = state[..., :4], state[..., 4:]
    around = np.concatenate([place, np.sin(angle), np.cos(angle)], axis=-1)
    return around.astype(np.float32)


class PushT(gymnasium.Env):
    """Push-T that shows six numbers and pays by how much the best reward rises."""

    metadata: ClassVar[dict[str, Any]] = {
        "render_modes": ["rgb_array"],
        "render_fps": 10,
    }
    observation_space = spaces.Box(
        np.array([0, 0, 0, 0, -1, -1], np.float32),
        np.array([FIELD, FIELD, FIELD, FIELD, 1, 1], np.float32),
    )
    action_space = spaces.Box(0, FIELD, (2,))

    def __init__(self, render_mode: str | None = None):
        # Whoever only reads the demonstrations does not need the package.
        from gym_pusht.envs.pusht import PushTEnv

        self.render_mode = render_mode
        self.field = PushTEnv(obs_type="state")
        self.best = 0.0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        state, told = self.field.reset(seed=seed)
        self.best = 0.0
        return seen(state), told

    def reset_to(self, state: Float[np.ndarray, "5"]) -> Float[np.ndarray, "6"]:
        """Begin an episode in a recorded state, and say what is seen there.

        The block turns around its center of mass, which moves it: so it is turned
        first and placed afterwards.
        """
        self.field.reset()
        # A fresh space: nothing is left of what touched in the one before.
        self.field._setup()
        tip, place, angle = state[:2], state[2:4], state[4]
        self.field.agent.position = tip.tolist()
        self.field.block.angle = float(angle)
        self.field.block.position = place.tolist()
        self.field.space.step(self.field.dt)
        self.best = 0.0
        return seen(self.field.get_obs())

    def step(self, action: np.ndarray) -> tuple:
        state, reward, terminated, truncated, told = self.field.step(action)
        best = max(self.best, float(reward))
        raised, self.best = best - self.best, best
        return seen(state), raised, bool(terminated), truncated, told

    def render(self) -> np.ndarray:
        return self.field.render()

    def close(self) -> None:
        self.field.close()


gymnasium.register("PushT-v0", entry_point=PushT, max_episode_steps=LIMIT)
