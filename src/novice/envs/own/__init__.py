"""Tasks of novice's own, made to show one thing each: `novice/NAME-v0`."""

from gymnasium.envs.registration import register as _register

# Id, entry point and limit of steps of each task.
_TASKS: tuple[tuple[str, str, int], ...] = ()

for _id, _entry_point, _limit in _TASKS:
    _register(_id, entry_point=_entry_point, max_episode_steps=_limit)
