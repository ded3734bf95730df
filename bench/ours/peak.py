"""Find how many float32 multiplications and additions NumPy's matrix product does."""

import argparse
import time

import numpy as np

import workload


def flops_a_second(size: int, *, seconds: float) -> float:
    """The best speed seen with square matrices of this size, on NumPy's own threads."""
    rng = np.random.default_rng(0)
    left = rng.standard_normal((size, size), dtype=np.float32)
    right = rng.standard_normal((size, size), dtype=np.float32)
    product = np.empty_like(left)
    fastest = np.inf
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        before = time.perf_counter()
        np.matmul(left, right, out=product)
        fastest = min(fastest, time.perf_counter() - before)
    return 2 * size**3 / fastest


def main() -> None:
    """Say the best of three sizes, which stay within a core's cache, or do not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each size")
    parser.add_argument("--seed", type=int, default=0, help="not used: nothing to draw")
    asked = parser.parse_args()
    rates = [flops_a_second(n, seconds=asked.seconds) for n in (512, 1024, 2048)]
    workload.say(flops_a_second=max(rates))


if __name__ == "__main__":
    main()
