from novice.app.report.driving import driving
from novice.app.report.facts import Facts, RoundFacts, Score, Teacher

ALONE = RoundFacts(number=0)


def told(*rounds: RoundFacts, **more: object) -> list[str]:
    """What the report says of a run in which somebody drove."""
    teacher = Teacher(
        people=["ana"],
        simulated=False,
        human_seconds=60.0,
        simulation={},
        brought_from=None,
        **more,
    )
    run = Facts(
        command="dagger",
        env="Walk-v0",
        seed=0,
        teacher=teacher,
        expert_name=None,
        expert=None,
        random=None,
        final=None,
        normalized=None,
        minus_expert=None,
        rounds=rounds,
        best_round=0,
        seconds={},
        episodes={},
    )
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in driving(run, teacher)]


def drove(number: int, mean: float, low: float, high: float) -> RoundFacts:
    """A round before which a person drove so many percent of the steps."""
    return RoundFacts(number=number, driven=Score(mean=mean, low=low, high=high))


def test_the_share_of_the_person_is_told_at_first_and_in_the_end():
    assert told(ALONE, drove(1, 60.0, 50.0, 70.0), drove(2, 12.0, 8.0, 16.0)) == [
        "Before round 1 a person drove 60 % [50, 70] of the steps in which the policy"
        " could have, and before round 2 12 % [8, 16]."
    ]


def test_a_reaction_that_nobody_compensated_is_told_with_what_to_do():
    assert told(reaction=Score(mean=0.2, low=0.17, high=0.23)) == [
        "From seeing to acting people took 0.20 s (95 % 0.17 to 0.23): what they did"
        " answers what they had seen so long before, and --lag auto pairs the two."
    ]


def test_what_was_compensated_is_told():
    assert told(reaction=Score(mean=0.2, low=0.17, high=0.23), lag=0.2) == [
        "What was done is paired with what people saw 0.2 s before.",
        "From seeing to acting people took 0.20 s (95 % 0.17 to 0.23).",
    ]


def test_a_reaction_that_cannot_be_told_is_said_so():
    assert told(reaction=Score(mean=0.2, low=0.05, high=0.5)) == [
        "How long people took from seeing to acting cannot be told from these"
        " episodes: between 0.05 and 0.5 s."
    ]


def test_where_nobody_drove_nothing_is_said():
    assert told(ALONE) == []
