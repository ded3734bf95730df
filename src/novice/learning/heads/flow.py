"""Real actions by following a learned flow from noise."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from novice.learning.heads.head import AbstractRealHead, cannot_say
from novice.learning.heads.layers import generator_of, new_layer, silu
from novice.learning.network import Layer
from novice.types import AnyArray

# The steps from noise to an action.
STEPS = 10
# How many numbers the policy's network tells the flow about an observation.
EMBEDDING = 256
# The numbers in each of the flow's own layers, and how many blocks of two it has.
HIDDEN = 256
BLOCKS = 3
# What the flow is told of the time: waves of this many lengths.
WAVES = 8


class Block(eqx.Module):
    """Two layers beside a way past them, steered by FiLM.

    Perez et al. 2018 (FiLM: visual reasoning with a general conditioning layer):
    https://arxiv.org/abs/1709.07871
    """

    inner: Layer
    outer: Layer

    def __call__(
        self,
        numbers: Float[AnyArray, "*lead hidden"],
        steering: Float[AnyArray, "*lead twice"],
    ) -> Float[AnyArray, "*lead hidden"]:
        size = numbers.shape[-1]
        scale, shift = steering[..., :size], steering[..., size:]
        return numbers + self.outer(silu(self.inner(numbers) * (1 + scale) + shift))


class Velocity(eqx.Module):
    """Where to move from a place at a time, v(x, t given an embedding).

    The time meets the embedding before `steer` reads both, so that an observation can
    mean something else early on the way than late.
    """

    first: Layer
    steer: Layer
    clock: Float[AnyArray, "waves embedding"]
    blocks: tuple[Block, ...]
    last: Layer

    def __call__(
        self,
        place: Float[AnyArray, "*lead actions"],
        time: Float[AnyArray, "*lead 1"],
        embedding: Float[AnyArray, "*lead embedding"],
    ) -> Float[AnyArray, "*lead actions"]:
        steering = self.steer(silu(embedding + waves(time) @ self.clock))
        size = 2 * self.first.bias.shape[0]
        numbers = self.first(place)
        for i, block in enumerate(self.blocks):
            numbers = block(numbers, steering[..., i * size : (i + 1) * size])
        return self.last(silu(numbers))


def waves(time: Float[AnyArray, "*lead 1"]) -> Float[AnyArray, "*lead waves"]:
    """A time between 0 and 1 as waves of several lengths."""
    xp = time.__array_namespace__()
    angle = time * (np.pi * 2.0 ** np.arange(WAVES) / 2).astype(np.float32)
    return xp.concatenate([xp.sin(angle), xp.cos(angle)], axis=-1)


class Flow(AbstractRealHead):
    """Real actions of any distribution, drawn but never scored.

    A velocity field carries normal noise at time 0 to actions at time 1; it is learned
    by conditional flow matching on straight lines (Lipman et al. 2023, Flow matching
    for generative modeling, https://arxiv.org/abs/2210.02747; straight lines as in Liu
    et al. 2023, https://arxiv.org/abs/2209.03003), and followed in `steps` Euler steps.
    The network's numbers are an embedding of the observation.

    Where actions are `bounded` every step heads for a place within half a range of the
    center, as Ho et al. 2020 (https://arxiv.org/abs/2006.11239) hold what they denoise:
    far from what it has seen a velocity may point anywhere.
    """

    learns_from = frozenset({"exact", "weighted"})
    likeliest = False
    embeds = True
    has_likelihood = False
    independent = False
    velocity: Velocity
    center: tuple[float, ...] = eqx.field(static=True)
    half_range: tuple[float, ...] = eqx.field(static=True)
    steps: int = eqx.field(static=True, default=STEPS)
    bounded: bool = eqx.field(static=True, default=False)

    @property
    def outputs(self) -> int:
        return self.velocity.steer.weight.shape[0]

    def sample(
        self, outputs: Float[AnyArray, "*lead outputs"], noise: Float[AnyArray, "..."]
    ) -> Float[AnyArray, "*lead actions"]:
        place = noise
        for step in range(self.steps):
            time = np.full((*noise.shape[:-1], 1), step / self.steps, np.float32)
            velocity = self.velocity(place, time, outputs)
            if self.bounded:
                end = (place + (1 - time) * velocity).clip(-1, 1)
                velocity = (end - place) / (1 - time)
            place = place + np.float32(1 / self.steps) * velocity
        return self.in_units(place)

    def best(
        self, outputs: Float[AnyArray, "*lead outputs"]
    ) -> Float[AnyArray, "*lead actions"]:
        raise cannot_say(self, "which action is likeliest")

    def loss(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Float[jax.Array, "*lead actions"],
        key: PRNGKeyArray,
    ) -> Float[jax.Array, "*lead"]:
        """Squared error of the velocity at one random time on the way to the action.

        In square half-ranges, summed over the numbers of the action.
        """
        time_key, noise_key = jax.random.split(key)
        target = self.in_half_ranges(action)
        time = jax.random.uniform(time_key, (*target.shape[:-1], 1))
        noise = jax.random.normal(noise_key, target.shape)
        place = (1 - time) * noise + time * target
        velocity = self.velocity(place, time, outputs)
        return jnp.sum((velocity - (target - noise)) ** 2, axis=-1)

    def config(self) -> dict[str, Any]:
        first = self.velocity.first.weight
        return {
            "kind": "flow",
            "center": list(self.center),
            "half_range": list(self.half_range),
            "embedding": self.outputs,
            "hidden": first.shape[1],
            "blocks": len(self.velocity.blocks),
            "steps": self.steps,
            "bounded": self.bounded,
        }


def flow(
    center: tuple[float, ...],
    half_range: tuple[float, ...],
    *,
    embedding: int = EMBEDDING,
    hidden: int = HIDDEN,
    blocks: int = BLOCKS,
    steps: int = STEPS,
    bounded: bool = False,
    key: PRNGKeyArray,
) -> Flow:
    """A flow that moves nothing yet."""
    generator, width = generator_of(key), len(center)
    steering = 2 * hidden * blocks
    scale = math.sqrt(2.0)
    velocity = Velocity(
        first=new_layer(width, hidden, generator),
        steer=new_layer(embedding, steering, generator),
        clock=new_layer(2 * WAVES, embedding, generator).weight,
        blocks=tuple(
            Block(
                new_layer(hidden, hidden, generator, scale=scale),
                new_layer(hidden, hidden, generator),
            )
            for _ in range(blocks)
        ),
        last=new_layer(hidden, width, generator, scale=0.01),
    )
    return Flow(
        velocity=velocity,
        center=center,
        half_range=half_range,
        steps=steps,
        bounded=bounded,
    )
