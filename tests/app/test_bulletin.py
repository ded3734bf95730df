"""What the page is told."""

from novice.app.bulletin import what_changed


def test_a_sentence_says_what_the_answers_changed():
    before = {"mean": 83.2, "ci95": [70.0, 95.0]}
    now = {"labels": 212, "return": {"mean": 140.4, "ci95": [120.3, 158.1]}}

    assert what_changed(now, before) == (
        "After 212 answers: return 83 → 140 (95 % interval 120 to 158)."
    )
    assert what_changed(now, None) == (
        "After 212 answers: return 140 (95 % interval 120 to 158)."
    )


def test_without_a_reward_the_sentence_is_about_corrections():
    nothing = {"mean": 0.0, "ci95": [0.0, 0.0]}
    now = {"labels": 50, "return": nothing, "corrected": {"mean": 0.345}}

    assert what_changed(now, nothing) == (
        "After 50 answers: you corrected 34 % of what the policy did."
    )
