"""Name the joints and motors of MuJoCo's tasks."""

import math
from typing import Any

import gymnasium

from novice.envs.phrases import Bar

# MuJoCo's kinds of joint, by number: how many positions and speeds each has.
_FREE, _BALL, _SLIDE, _HINGE = 0, 1, 2, 3
_FREE_NAMES = ["x", "y", "z", "turn w", "turn x", "turn y", "turn z"]


def joints_seen(environment: gymnasium.Env) -> list[Bar]:
    """What the numbers of one of Gymnasium's MuJoCo tasks are; none for others."""
    task: Any = environment.unwrapped
    structure = getattr(task, "observation_structure", None)
    if not (isinstance(structure, dict) and hasattr(task, "model")):
        return []
    positions, speeds = _joint_bars(task.model)
    bars: list[Bar] = []
    for part, count in structure.items():
        if part == "qpos":
            bars += positions[len(positions) - count :]
        elif part == "qvel":
            bars += speeds[len(speeds) - count :]
        elif not part.startswith("skipped"):
            bars += [Bar(f"{part} {i}", "", -1, 1) for i in range(count)]
    return bars


def _joint_bars(model: Any) -> tuple[list[Bar], list[Bar]]:
    """The position and the speed of every joint, in MuJoCo's order."""
    positions: list[Bar] = []
    speeds: list[Bar] = []
    for number in range(model.njnt):
        name, kind = _joint_name(model, number), int(model.jnt_type[number])
        if kind in (_FREE, _BALL):
            places = _FREE_NAMES if kind == _FREE else _FREE_NAMES[3:]
            positions += [Bar(f"{name} {place}", "", -2, 2) for place in places]
            moves = ["speed x", "speed y", "speed z"] if kind == _FREE else []
            moves += ["turning x", "turning y", "turning z"]
            speeds += [Bar(f"{name} {move}", "", -10, 10) for move in moves]
        elif kind == _SLIDE:
            positions.append(Bar(name, "m", -2, 2))
            speeds.append(Bar(f"{name} speed", "m/s", -10, 10))
        else:
            positions.append(Bar(name, "rad", -math.pi, math.pi))
            speeds.append(Bar(f"{name} turning", "rad/s", -10, 10))
    return positions, speeds


def _joint_name(model: Any, number: int) -> str:
    name = model.joint(number).name.removesuffix("_joint").replace("_", " ")
    return name or f"joint {number}"


def joints_driven(environment: gymnasium.Env, count: int) -> list[str]:
    """The joints that `count` motors of a MuJoCo task move; none for other tasks."""
    model = getattr(environment.unwrapped, "model", None)
    moved = getattr(model, "actuator_trnid", None)
    if moved is None or len(moved) != count:
        return []
    return [_joint_name(model, int(joint)) for joint in moved[:, 0]]


# How MuJoCo marks a plain motor, and the unit that Gymnasium's pages give what a motor
# does at each kind of joint (its gear aside).
_FIXED, _NO_BIAS = 0, 0
_MOTOR_UNITS = {_SLIDE: "N", _HINGE: "N·m"}


def units_driven(environment: gymnasium.Env, count: int) -> list[str]:
    """The units in which Gymnasium's MuJoCo tasks are driven; none for others."""
    bare: Any = environment.unwrapped
    if not type(bare).__module__.startswith("gymnasium.envs.mujoco"):
        return []
    model = bare.model
    kinds = model.jnt_type[model.actuator_trnid[:, 0]].tolist()
    motors = (model.actuator_gaintype == _FIXED) & (model.actuator_biastype == _NO_BIAS)
    if len(kinds) != count or not motors.all():
        return []
    return [_MOTOR_UNITS.get(kind, "") for kind in kinds]
