import numpy as np
import pytest
import scipy.stats

from novice.evaluation.cost import Price, cheapest, learned_at


def test_one_evaluation_alone_is_luck():
    assert learned_at([0.95, 0.5, 0.9, 0.92, 0.1], needed=0.9) == 2
    assert learned_at([0.95, 0.5, 0.95], needed=0.9) is None
    assert learned_at([0.5, 0.95], needed=0.9) is None
    assert learned_at([], needed=0.9) is None


def test_a_price_is_a_mean_with_the_interval_of_student():
    price = Price((2.0, 4.0, 6.0))

    low, high = scipy.stats.t.interval(0.95, 2, loc=4, scale=2 / np.sqrt(3))

    assert price.mean == 4
    assert low < 0  # But nobody pays less than nothing.
    assert price.ci95 == pytest.approx((0.0, high))


def test_where_a_seed_did_not_learn_there_is_no_mean():
    price = Price((2.0, None, 6.0))

    assert (price.learned, price.mean, price.ci95) == (2, None, None)


def test_one_seed_has_a_mean_and_no_interval():
    assert Price((3.0,)).mean == 3
    assert Price((3.0,)).ci95 is None


def test_the_cheapest_is_sure_where_every_interval_says_more():
    prices = {"a": Price((5.0, 6.0, 7.0)), "b": Price((2.0, 3.0, 3.5))}

    best = cheapest(prices, budget=20.0)

    assert best is not None
    assert (best.name, best.is_sure, best.rivals) == ("b", True, ())
    mean, low, high = best.more["a"]
    differences = np.array([3, 3, 3.5])
    side = scipy.stats.t.ppf(0.975, 2) * scipy.stats.sem(differences)
    assert (mean, low, high) == pytest.approx(
        (19 / 6, 19 / 6 - side, 19 / 6 + side), abs=1e-9
    )


def test_who_may_be_as_cheap_is_a_rival():
    prices = {"a": Price((5.0, 1.0, 3.5)), "b": Price((2.0, 3.0, 4.0))}

    best = cheapest(prices, budget=20.0)

    assert best is not None
    assert (best.name, best.is_sure, best.rivals) == ("b", False, ("a",))


def test_who_did_not_learn_it_used_up_the_budget():
    prices = {"a": Price((None, None, None)), "b": Price((2.0, 3.0, 4.0))}

    best = cheapest(prices, budget=20.0)

    assert best is not None and best.name == "b" and best.is_sure
    assert best.more["a"][0] == pytest.approx(17)


def test_a_way_that_failed_once_is_never_the_cheapest():
    once = {"a": Price((1.0, None)), "b": Price((8.0, 9.0))}

    assert getattr(cheapest(once, budget=10.0), "name", None) == "b"
    assert cheapest({"a": Price((1.0, None))}, budget=10.0) is None


def test_one_seed_is_never_sure():
    best = cheapest({"a": Price((1.0,)), "b": Price((9.0,))}, budget=10.0)

    assert best is not None and not best.is_sure
