"""Tasks of novice's own, made to show one thing each: `novice/NAME-v0`."""

from gymnasium.envs.registration import register as _register

# Id, entry point and limit of steps of each task.
_TASKS: tuple[tuple[str, str, int], ...] = (
    ("novice/Fork-v0", "novice.envs.own.fork:Fork", 100),
    ("novice/Letters-v0", "novice.envs.own.letters:Letters", 100),
    ("novice/Tightrope-v0", "novice.envs.own.tightrope:Tightrope", 1000),
)

for _id, _entry_point, _limit in _TASKS:
    _register(_id, entry_point=_entry_point, max_episode_steps=_limit)
