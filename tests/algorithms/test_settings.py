"""A setting that makes no sense is refused at once, in one sentence."""

import pytest

from novice.algorithms.practice_settings import ReinforceSettings
from novice.algorithms.settings import (
    BadSettingError,
    BcSettings,
    DaggerSettings,
    FitSettings,
    PeopleSettings,
    as_json,
    from_json,
)


@pytest.mark.parametrize("kind", [BcSettings, DaggerSettings, ReinforceSettings])
def test_settings_come_back_from_json_as_they_were(kind):
    assert from_json(kind, as_json(kind())) == kind()


def test_changed_settings_come_back_as_they_were():
    settings = DaggerSettings(labels=7, beta="linear", fit=FitSettings(hidden=(3, 2)))

    assert from_json(DaggerSettings, as_json(settings)) == settings


def test_settings_of_people_come_back_as_they_were():
    people = PeopleSettings(overlap=0.2, repeats=0.05, answers="weighted")
    settings = DaggerSettings(people=people)

    assert from_json(DaggerSettings, as_json(settings)) == settings


def test_of_what_people_do_only_what_is_unusual_is_written():
    # A run from before this could be set goes on: its settings are the same.
    assert "people" not in as_json(DaggerSettings())
    settings = DaggerSettings(people=PeopleSettings(gold=0.1))
    assert as_json(settings)["people"] == {"gold": 0.1}


@pytest.mark.parametrize("share", ["overlap", "repeats", "gold"])
def test_whoever_asks_for_a_share_measures_people(share):
    assert not PeopleSettings(answers="majority").measured
    assert PeopleSettings(**{share: 0.1}).measured


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
        (
            FitSettings,
            {"residual": True, "hidden": (8,)},
            "--hidden is 8, but with --residual there are at least two sizes",
        ),
        (
            FitSettings,
            {"residual": True, "hidden": (8, 4)},
            "--hidden is 8 4, but with --residual there are at least two sizes",
        ),
        (
            PeopleSettings,
            {"overlap": 0.6},
            "--overlap is 0.6, but it must be between 0 and 0.5",
        ),
        (PeopleSettings, {"gold": -0.1}, "--gold is -0.1, but it must be between 0"),
        (PeopleSettings, {"repeats": float("nan")}, "--repeats is nan"),
        (PeopleSettings, {"gold_by": ""}, "--gold-by is empty, but it is auto"),
        (FitSettings, {"learning_rate": float("nan")}, "--learning-rate is nan"),
        (FitSettings, {"chunk": 0}, "--chunk is 0, but it must be between 1 and 100"),
        (
            FitSettings,
            {"chunk": 3, "execute": 4},
            "--execute is 4, but it must be between 0 and 3",
        ),
        (FitSettings, {"history": 0}, "--history is 0, but it must be between 1"),
        (
            DaggerSettings,
            {"fit": FitSettings(chunk=4)},
            "--chunk is 4, but chunks are learned from stretches of actions",
        ),
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


def test_who_takes_over_may_teach_chunks():
    people = PeopleSettings(by="takeover")

    assert DaggerSettings(fit=FitSettings(chunk=4), people=people).fit.chunk == 4


@pytest.mark.parametrize(
    ("chunk", "execute", "executed"), [(1, 0, 1), (8, 0, 4), (5, 0, 3), (8, 8, 8)]
)
def test_half_of_a_chunk_is_carried_out_unless_told_otherwise(chunk, execute, executed):
    assert FitSettings(chunk=chunk, execute=execute).executed == executed


def test_no_hidden_layer_is_a_linear_policy():
    assert FitSettings(hidden=(0,)).layers == ()
    assert FitSettings(hidden=(8, 4)).layers == (8, 4)


def test_a_run_from_before_heads_could_be_chosen_has_the_same_settings():
    assert as_json(BcSettings())["fit"] == {
        "hidden": (64, 64),
        "learning_rate": 1e-3,
        "batch_size": 256,
    }
    chosen = BcSettings(fit=FitSettings(head="flow", chunk=16))
    assert as_json(chosen)["fit"].keys() - as_json(BcSettings())["fit"].keys() == {
        "head",
        "chunk",
    }
    assert from_json(BcSettings, as_json(chosen)) == chosen
