"""What the gradients of practice say, as a sentence to act on."""

from pathlib import Path

import numpy as np
import pytest

from app.commands import done, short, summary_of
from novice.app.signal_words import Sample, advice, signal_told


def entry(number: int, squared: float, variance: float, agree: float = 0.1) -> dict:
    return {
        "round": number,
        "gradient_squared": squared,
        "gradient_variance": variance,
        "halves_agree": agree,
    }


def test_the_last_rounds_are_told_together():
    early = [entry(number, 100.0, 1.0) for number in range(3)]
    late = [entry(number, 1.0 + number % 2, 48.0) for number in range(3, 8)]

    told = signal_told(early + late, Sample(8))["signal"]

    # Of rounds 3 to 7, three have 2 and two have 1: 48 / 1.6 = 30 episodes.
    assert told["noise_scale"] == pytest.approx(30)
    assert told["says"].startswith("In rounds 3 to 7: A reliable step takes about 30 ")


def test_a_single_round_is_told_by_itself():
    told = signal_told([entry(0, 1.0, 4.0)], Sample(8))["signal"]

    assert told["says"].startswith("In round 0: 8 episodes are enough")


def test_where_no_gradient_shows_there_is_no_number_for_it():
    told = signal_told([entry(0, -0.1, 4.0)], Sample(8))["signal"]

    assert "noise_scale" not in told
    assert told["says"].startswith("In round 0: 8 episodes show no gradient")


def test_rounds_that_could_not_tell_say_nothing():
    assert signal_told([{"round": 0}], Sample(1)) == {}


def test_a_run_of_practice_says_how_far_its_steps_can_be_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "run"
    out = done(capsys, *short("reinforce", "--out", folder))

    told, rounds = summary_of(folder)["signal"], summary_of(folder)["rounds"]
    known = [entry for entry in rounds if "gradient_squared" in entry]
    mean = np.mean([entry["gradient_squared"] for entry in known])
    assert told["gradient_squared"] == pytest.approx(mean)
    assert told["episodes"] == 4
    assert told["says"].startswith(f"In rounds {known[0]['round']} to 2: ")
    assert told["says"] in out.splitlines()


@pytest.mark.parametrize(
    ("scale", "begin"),
    [
        (3.2, "8 episodes are enough for a reliable step: with 4 the noise would be"),
        (8.3, "A reliable step takes about 9 episodes instead of 8 (--episodes-per"),
        (32.0, "A reliable step takes about 32 episodes instead of 8 (--episodes-per"),
        (799.0, "A reliable step takes about 799 episodes instead of 8"),
        (np.inf, "8 episodes show no gradient: the halves of a batch agree by -0.10"),
    ],
)
def test_what_follows_is_said_in_a_sentence(scale, begin):
    assert advice(scale, -0.1, Sample(8)).startswith(begin)
