"""A setting that makes no sense is refused at once, in one sentence."""

import pytest

from novice.algorithms.settings import (
    BadSettingError,
    BcSettings,
    DaggerSettings,
    FitSettings,
    ReinforceSettings,
    as_json,
    from_json,
)


@pytest.mark.parametrize("kind", [BcSettings, DaggerSettings, ReinforceSettings])
def test_settings_come_back_from_json_as_they_were(kind):
    assert from_json(kind, as_json(kind())) == kind()


def test_changed_settings_come_back_as_they_were():
    settings = DaggerSettings(labels=7, beta="linear", fit=FitSettings(hidden=(3, 2)))

    assert from_json(DaggerSettings, as_json(settings)) == settings


def test_a_setting_that_nobody_knows_is_named():
    with pytest.raises(
        BadSettingError, match=r"BcSettings has no setting 'epochs' \(known: "
    ):
        from_json(BcSettings, {"epochs": 3})


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        (
            BcSettings,
            {"demonstrations": 0},
            "--demonstrations is 0, but it must be at least 1",
        ),
        (BcSettings, {"noise": -0.1}, "--noise is -0.1, but it must be at least 0"),
        (DaggerSettings, {"labels": 0}, "--labels is 0, but it must be at least 1"),
        (
            DaggerSettings,
            {"beta_rate": 1.5},
            "--beta-rate is 1.5, but it must be between 0 and 1",
        ),
        (
            ReinforceSettings,
            {"discount": 2.0},
            "--discount is 2.0, but it must be between 0 and 1",
        ),
        (ReinforceSettings, {"rounds": 0}, "--rounds is 0, but it must be at least 1"),
        (
            FitSettings,
            {"hidden": ()},
            "--hidden is empty, but layers have at least one unit",
        ),
        (FitSettings, {"hidden": (8, 0)}, "--hidden is 8 0, but layers"),
        (FitSettings, {"learning_rate": float("nan")}, "--learning-rate is nan"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(kind, settings, words):
    with pytest.raises(BadSettingError) as refused:
        kind(**settings)

    assert str(refused.value).startswith(words)


@pytest.mark.parametrize(
    ("labels", "a_round", "rounds"), [(45, 15, 3), (46, 15, 4), (1, 15, 1)]
)
def test_rounds_last_as_long_as_the_labels(labels, a_round, rounds):
    assert DaggerSettings(labels=labels, labels_per_round=a_round).rounds == rounds
