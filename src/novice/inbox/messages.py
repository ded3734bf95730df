"""The form of what the server and the process that draws say to each other.

A message is two lengths, a JSON object, and bytes. Nothing in it can run.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import safetensors.numpy

# How long the JSON and the bytes are.
LENGTHS = struct.Struct("!II")


def message(content: Mapping[str, Any], body: bytes = b"") -> bytes:
    """A message with this JSON object and these bytes."""
    words = json.dumps(content).encode()
    return LENGTHS.pack(len(words), len(body)) + words + body


def arrays_as_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Named arrays in the form of safetensors."""
    return safetensors.numpy.save(
        {n: np.asarray(a, order="C") for n, a in arrays.items()}
    )


def arrays_from_bytes(body: bytes) -> dict[str, np.ndarray]:
    """The named arrays that `arrays_as_bytes` wrote."""
    return safetensors.numpy.load(body)
