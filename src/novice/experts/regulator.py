"""Find the feedback that is cheapest in the long run for a linear task."""

import numpy as np


def linear_quadratic_gain(
    dynamics: np.ndarray,
    control: np.ndarray,
    *,
    state_cost: np.ndarray,
    control_cost: float,
) -> np.ndarray:
    """The K for which u = -K x is cheapest where x' = dynamics x + control u.

    Iterates the discrete Riccati equation from the state's cost until it stands still
    (Anderson and Moore 1990, Optimal Control: Linear Quadratic Methods).
    """
    value = state_cost
    for _ in range(10_000):
        gain = np.linalg.solve(
            control_cost + control.T @ value @ control, control.T @ value @ dynamics
        )
        before, value = (
            value,
            state_cost + dynamics.T @ value @ (dynamics - control @ gain),
        )
        if np.allclose(before, value, rtol=1e-12, atol=0):
            break
    return gain[0]
