"""What one step of learning from pictures costs on this processor, in milliseconds.

`python bench/pictures.py` times the forward and backward pass of novice's own network
and of the same network made of JAX's convolutions; with `--torch PYTHON` (a Python that
has PyTorch) also of the same network there. Each is the fastest of many repetitions.
"""

import argparse
import functools
import json
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

# Name: picture, history, filters (channels, kernel, stride), dense layer, rows a step.
NETWORKS = {
    "novice 48x48x3": ((48, 48, 3), 1, ((16, 4, 4), (32, 4, 2)), 128, 64),
    "novice 48x48x3, batch 256": ((48, 48, 3), 1, ((16, 4, 4), (32, 4, 2)), 128, 256),
    "Nature 84x84x4": ((84, 84, 4), 1, ((32, 8, 4), (64, 4, 2), (64, 3, 1)), 512, 64),
}
OUTPUTS = 3
# Steps in one program, as a fit takes several hundred in one.
STEPS = 10


def wait_for(result: object) -> None:
    """JAX answers before it has counted."""
    for leaf in result if isinstance(result, tuple) else ():
        leaf.weight.block_until_ready()


def fastest(step: Callable[[], object], *, seconds: float) -> float:
    """The shortest of the repetitions that fit into this time, in milliseconds."""
    wait_for(step())
    best, until = np.inf, time.perf_counter() + seconds
    while time.perf_counter() < until:
        before = time.perf_counter()
        wait_for(step())
        best = min(best, time.perf_counter() - before)
    return 1e3 * best


def ours(name: str, seconds: float) -> dict[str, float]:
    """Our network's step, its step by JAX's convolutions, and acting in one task."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    from novice.learning.convolution import cnn

    picture, history, filters, dense, rows = NETWORKS[name]
    network = cnn(
        picture,
        history,
        (dense,),
        OUTPUTS,
        filters=filters,
        last_scale=0.01,
        key=jax.random.key(0),
    )
    generator = np.random.default_rng(0)
    size = (rows, history * int(np.prod(picture)))
    seen = jnp.asarray(generator.integers(0, 256, size, dtype=np.uint8))

    def descended(forward, layers, seen):
        """The layers after some steps of gradient descent, as `fit` takes them."""

        def step(layers, _):
            gradient = jax.grad(lambda layers: jnp.sum(forward(layers, seen) ** 2))(
                layers
            )
            return jax.tree.map(lambda a, b: a - 1e-6 * b, layers, gradient), None

        return jax.lax.scan(step, layers, None, length=STEPS)[0]

    def by_novice(layers, seen):
        return eqx.tree_at(lambda net: net.layers, network, layers)(seen)

    def by_convolution(layers, seen):
        numbers = seen.reshape(-1, *picture) / 127.5 - 1
        for layer, (channels, kernel, stride) in zip(layers, filters, strict=False):
            weight = as_kernel(layer.weight, channels, kernel, stride)
            numbers = jax.lax.conv_general_dilated(
                numbers,
                weight,
                (stride, stride),
                "VALID",
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
            )
            numbers = jnp.maximum(numbers + layer.bias, 0)
        numbers = numbers.transpose(0, 3, 1, 2).reshape(len(seen), -1)
        for layer in layers[len(filters) : -1]:
            numbers = jnp.maximum(layer(numbers), 0)
        return layers[-1](numbers)

    here = jax.tree.map(np.asarray, network)
    one = np.asarray(seen[:1])
    found = {}
    for kind, forward in (("novice", by_novice), ("JAX convolution", by_convolution)):
        steps = jax.jit(functools.partial(descended, forward))
        several = functools.partial(steps, network.layers, seen)
        found[kind] = fastest(several, seconds=seconds) / STEPS
    one_by_one = jax.jit(lambda layers, seen: by_novice(layers, seen))
    found["acting, NumPy, 1 row"] = fastest(lambda: here(one), seconds=seconds / 4)
    found["acting, NumPy, 16 rows"] = fastest(
        lambda: here(np.asarray(seen[:16])), seconds=seconds / 4
    )
    found["acting, jitted, 1 row"] = fastest(
        lambda: np.asarray(one_by_one(network.layers, one)), seconds=seconds / 4
    )
    return found


def as_kernel(weight, channels: int, kernel: int, stride: int):
    """A layer's matrix as the kernel of a convolution: rows, columns, inputs, outputs.

    A patch lists its squares of `stride` pixels, and the pixels of each square.
    """
    squares = kernel // stride
    depth = weight.shape[0] // kernel**2
    parts = weight.reshape(squares, squares, stride, stride, depth, channels)
    return parts.transpose(0, 2, 1, 3, 4, 5).reshape(kernel, kernel, depth, channels)


TORCH = """
import json, sys, time
import numpy as np, torch
picture, history, filters, dense, rows, outputs, seconds = json.loads(sys.argv[1])
torch.manual_seed(0)
layers, depth, (height, width) = [], picture[2] * history, picture[:2]
for channels, kernel, stride in filters:
    layers += [torch.nn.Conv2d(depth, channels, kernel, stride), torch.nn.ReLU()]
    depth = channels
    height, width = (height - kernel) // stride + 1, (width - kernel) // stride + 1
layers += [torch.nn.Flatten(), torch.nn.Linear(depth * height * width, dense)]
layers += [torch.nn.ReLU(), torch.nn.Linear(dense, outputs)]
network = torch.nn.Sequential(*layers)
found = {}
for kind, form in (("NCHW", torch.contiguous_format), ("NHWC", torch.channels_last)):
    network = network.to(memory_format=form)
    seen = torch.randint(0, 256, (rows, picture[2] * history, *picture[:2]))
    seen = seen.to(torch.uint8).to(memory_format=form)
    def step():
        network.zero_grad()
        (network(seen / 127.5 - 1) ** 2).sum().backward()
    step()
    best, until = 1e9, time.perf_counter() + seconds
    while time.perf_counter() < until:
        before = time.perf_counter()
        step()
        best = min(best, time.perf_counter() - before)
    found["PyTorch " + kind] = 1e3 * best
print(json.dumps(found))
"""


def theirs(python: str, name: str, seconds: float) -> dict[str, float]:
    """The same network's step in PyTorch."""
    told = json.dumps([*NETWORKS[name], OUTPUTS, seconds])
    shell = [python, "-c", TORCH, told]
    return json.loads(subprocess.run(shell, check=True, capture_output=True).stdout)


def main() -> None:
    """Time each network, and print a line for each way of making it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", help="a Python that has PyTorch")
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    for name in NETWORKS:
        found = ours(name, options.seconds)
        if options.torch:
            found |= theirs(options.torch, name, options.seconds)
        for kind, milliseconds in found.items():
            print(f"{name:28} {kind:24} {milliseconds:9.3f} ms")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
