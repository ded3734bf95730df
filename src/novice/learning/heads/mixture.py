"""Real actions in several ways at once: a mixture of Gaussians."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int, PRNGKeyArray

from novice.learning.heads.gaussian import LARGEST_LOG_STD, SMALLEST_LOG_STD
from novice.learning.heads.head import AbstractRealHead
from novice.learning.heads.layers import generator_of
from novice.learning.heads.normal import normal_logs
from novice.types import AnyArray

# How many ways of acting a mixture knows in one situation.
COMPONENTS = 8
# How far each way spreads at first, as log standard deviation in half-ranges.
FIRST_LOG_STD = -1.0


class Mixture(AbstractRealHead):
    """Real actions from one of several Gaussians over the whole action.

    The network says how likely each component is, where its mean lies beside `offset`,
    and how far it spreads. The offsets are learned, too: they begin apart, because
    components that begin alike would all learn the same.

    Bishop 1994 (Mixture density networks,
    https://publications.aston.ac.uk/id/eprint/373/1/NCRG_94_004.pdf).
    """

    learns_from = frozenset({"exact", "weighted", "partial"})
    independent = False
    offset: Float[AnyArray, "components actions"]
    center: tuple[float, ...] = eqx.field(static=True)
    half_range: tuple[float, ...] = eqx.field(static=True)

    @property
    def components(self) -> int:
        return self.offset.shape[0]

    @property
    def outputs(self) -> int:
        return self.components * (1 + 2 * self.width)

    @property
    def noise_width(self) -> int:
        return self.components + self.width

    def noise(
        self, key: PRNGKeyArray, lead: tuple[int, ...]
    ) -> Float[jax.Array, "*lead noise"]:
        component_key, action_key = jax.random.split(key)
        which = jax.random.gumbel(component_key, (*lead, self.components))
        beside = jax.random.normal(action_key, (*lead, self.width))
        return jnp.concatenate([which, beside], axis=-1)

    def _liking(self, outputs: Any) -> Any:
        """The log-odds of each component."""
        return outputs[..., : self.components]

    def _means(self, outputs: Any) -> Any:
        """The mean of each component, in half-ranges."""
        end = self.components * (1 + self.width)
        return self.offset + self._each(outputs[..., self.components : end])

    def _std(self, outputs: Any) -> Any:
        """The spread of each component, in half-ranges."""
        xp = outputs.__array_namespace__()
        beside = self._each(outputs[..., self.components * (1 + self.width) :])
        return xp.exp(
            xp.clip(FIRST_LOG_STD + beside, SMALLEST_LOG_STD, LARGEST_LOG_STD)
        )

    def _each(self, numbers: Any) -> Any:
        """Numbers of every component, a row for each."""
        return numbers.reshape(*numbers.shape[:-1], *self.offset.shape)

    def sample(
        self, outputs: Float[AnyArray, "*lead outputs"], noise: Float[AnyArray, "..."]
    ) -> Float[AnyArray, "*lead actions"]:
        which = (self._liking(outputs) + noise[..., : self.components]).argmax(-1)
        mean = picked(self._means(outputs), which)
        std = picked(self._std(outputs), which)
        return self.in_units(mean + std * noise[..., self.components :])

    def best(
        self, outputs: Float[AnyArray, "*lead outputs"]
    ) -> Float[AnyArray, "*lead actions"]:
        """The mean of the likeliest component.

        It is something that was shown, where the mean of several ways may be neither;
        and unlike the highest peak it is not drawn to a rare way that is narrow.
        """
        which = self._liking(outputs).argmax(-1)
        return self.in_units(picked(self._means(outputs), which))

    def log_probability(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Float[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        each = jnp.sum(self._component_logs(outputs, action), axis=-1)
        return jax.nn.logsumexp(jax.nn.log_softmax(self._liking(outputs)) + each, -1)

    def _component_logs(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Float[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead components actions"]:
        """The log-density of each number by itself, in each component."""
        place = self.in_half_ranges(action)[..., None, :]
        logs = normal_logs(place, self._means(outputs), self._std(outputs))
        return logs - jnp.log(jnp.asarray(self.half_range))

    def number_logs(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Float[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead actions"]:
        liking = jax.nn.log_softmax(self._liking(outputs))[..., None]
        return jax.nn.logsumexp(liking + self._component_logs(outputs, action), axis=-2)

    def partial_log_probability(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Float[jax.Array, "*lead actions"],
        known: Bool[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        """The numbers are independent within a component, so there the others drop out.

        Known numbers still say which component it was.
        """
        logs = self._component_logs(outputs, jnp.where(known, action, 0))
        each = jnp.sum(logs, axis=-1, where=known[..., None, :])
        return jax.nn.logsumexp(jax.nn.log_softmax(self._liking(outputs)) + each, -1)

    def entropy(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> Float[jax.Array, "*lead"]:
        """Entropy in nats, never too small: exact for components far apart, or equal.

        Kolchinsky and Tracey 2017 (Estimating mixture entropy with pairwise distances,
        equation 10, with Kullback-Leibler distances): https://arxiv.org/abs/1706.02419
        """
        log_share = jax.nn.log_softmax(self._liking(outputs))
        mean, std = self._means(outputs), self._std(outputs)
        apart = (mean[..., :, None, :] - mean[..., None, :, :]) ** 2
        ratio = jnp.log(std[..., None, :, :] / std[..., :, None, :])
        spread = (std[..., :, None, :] ** 2 + apart) / (2 * std[..., None, :, :] ** 2)
        distance = jnp.sum(ratio + spread - 0.5, axis=-1)
        mixed = jax.nn.logsumexp(log_share[..., None, :] - distance, axis=-1)
        alone = jnp.sum(
            jnp.log(std * jnp.asarray(self.half_range))
            + 0.5 * np.log(2 * np.pi * np.e).astype(np.float32),
            axis=-1,
        )
        return jnp.sum(jnp.exp(log_share) * (alone - mixed), axis=-1)

    def config(self) -> dict[str, Any]:
        return {
            "kind": "mixture",
            "components": self.components,
            "center": list(self.center),
            "half_range": list(self.half_range),
        }


def picked(
    rows: Float[AnyArray, "*lead components actions"], which: Int[AnyArray, "*lead"]
) -> Float[AnyArray, "*lead actions"]:
    """The row of the component that each place picked."""
    xp = rows.__array_namespace__()
    return xp.take_along_axis(rows, which[..., None, None], axis=-2)[..., 0, :]


def mixture(
    center: tuple[float, ...],
    half_range: tuple[float, ...],
    *,
    components: int = COMPONENTS,
    key: PRNGKeyArray,
) -> Mixture:
    """A mixture whose components lie apart at first, in every number of an action.

    Wide actions have them nearer together, so that the distance between two components
    stays the same and none is out of reach of what is shown.
    """
    generator, width = generator_of(key), len(center)
    places = (2 * np.arange(components) + 1) / components - 1
    each = np.stack([generator.permutation(places) for _ in range(width)], axis=1)
    offset = jnp.asarray((each / np.sqrt(width)).astype(np.float32))
    return Mixture(offset=offset, center=center, half_range=half_range)
