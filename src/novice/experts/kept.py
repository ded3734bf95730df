"""Keep policies in files, and read them again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from novice.errors import NoviceError
from novice.experts.schema import SCHEMA, NewerRunError, check_schema
from novice.files import (
    BrokenFileError,
    read_arrays,
    read_json,
    unchanged,
    write_arrays,
    write_json,
)
from novice.learning.policy import Policy, policy_from_config

__all__ = [
    "SCHEMA",
    "NewerRunError",
    "NoPolicyError",
    "check_schema",
    "load_policy",
    "named_arrays",
    "save_policy",
    "with_named_arrays",
]


class NoPolicyError(NoviceError):
    """The folder holds no policy."""


def named_arrays(tree: Any) -> dict[str, np.ndarray]:
    """The arrays of a pytree by their paths."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {
        jax.tree_util.keystr(path, simple=True, separator="."): np.asarray(leaf)
        for path, leaf in leaves
    }


def with_named_arrays(
    skeleton: Any, arrays: Mapping[str, np.ndarray], path: Path
) -> Any:
    """The skeleton filled with arrays by path; raises BrokenFileError on a mismatch."""
    leaves, structure = jax.tree_util.tree_flatten_with_path(skeleton)
    names = [jax.tree_util.keystr(p, simple=True, separator=".") for p, _ in leaves]
    if set(names) != set(arrays):
        odd = sorted(set(names) ^ set(arrays))[0]
        raise BrokenFileError(
            f"{path} and its policy.json do not belong together: {odd}"
        )
    for name, (_, leaf) in zip(names, leaves, strict=True):
        found, wanted = arrays[name], np.asarray(leaf)
        if (found.shape, found.dtype) != (wanted.shape, wanted.dtype):
            raise BrokenFileError(
                f"{path} holds {name} as {found.dtype} of shape {found.shape}, but"
                f" policy.json says {wanted.dtype} of shape {wanted.shape}"
            )
    filled = [jax.numpy.asarray(arrays[name]) for name in names]
    return jax.tree_util.tree_unflatten(structure, filled)


def save_policy(folder: Path, policy: Policy) -> None:
    """Write a policy as `policy.json` (its shape) and `policy.safetensors`."""
    write_json(folder / "policy.json", {"schema": SCHEMA, **policy.config()})
    write_arrays(folder / "policy.safetensors", named_arrays(policy))


def load_policy(folder: Path) -> Policy:
    """Read a policy that `save_policy` wrote."""
    path = folder / "policy.json"
    if not path.exists():
        raise NoPolicyError(f"{folder} holds no policy (there is no policy.json)")
    config = read_json(unchanged(path))
    check_schema(config, path)
    try:
        skeleton = policy_from_config(config)
    except KeyError as error:
        raise NewerRunError(
            f"{path} describes a policy of kind {error}, which this version of novice"
            " does not know; use the version that wrote it"
        ) from error
    arrays = read_arrays(unchanged(folder / "policy.safetensors"))
    return with_named_arrays(skeleton, arrays, folder / "policy.safetensors")
