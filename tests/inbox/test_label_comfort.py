"""What makes labeling comfortable: own keys, practice, pauses, hands, less to fetch."""

from collections.abc import Callable
from typing import Any

import pytest

from inbox.fake_label_server import PAGES, Backend
from inbox.test_label_real import landing
from inbox.visiting import (
    PHONE,
    TWO_LOOKS_AND_THE_OTHERS,
    Look,
    Open,
    Visit,
    actions_of,
)


def give_key(one: Visit, name: str, key: str) -> None:
    """Choose a key in the settings, which are open."""
    one.page.click(f"button[aria-label^='Key of {name}:']")
    one.press(key)


def first_visit(visit: Open, backend: Backend | None = None, **more: Any) -> Visit:
    one = visit(backend, practiced=False, ready=False, **more)
    one.page.wait_for_selector("#card .card-buttons")
    return one


def example(one: Visit) -> str:
    return one.text("#lesson .quiet")


# ------------------------------------------------------------------------------ keys


def test_every_key_can_be_moved_to_another_physical_key(visit: Open):
    one = visit(landing(every=4))
    one.page.click("#settings")
    for name, key in [
        ("More, or right", "j"),
        ("Zero", "n"),
        ("Run of frames", "t"),
        ("A frame earlier", "w"),
        ("I don’t know this number", "q"),
    ]:
        give_key(one, name, key)
    one.press("Escape")
    one.wait("() => !document.querySelector('dialog[open]')")

    one.press("KeyJ", "Enter", "j", "n", "ArrowRight", "Enter")
    one.press("]", "q", "Enter")
    one.press("t")
    one.page.wait_for_selector("#film")
    one.press("j", "w", "n", "Enter")

    rows = one.saved(4)
    assert actions_of(rows)[:3] == [[[0, 0.1]], [[0, 0]], [[None, 0]]]
    assert rows[3]["verdict"] == "linear"


@pytest.mark.parametrize(
    ("name", "key", "sentence"),
    [
        ("Zero", "v", "V is already My previous answer. Choose another key."),
        ("Run of frames", "b", "B is already Middle of the widest gap."),
        ("A frame earlier", "z", "Z is already Back."),
        ("Mark this frame", "Enter", "Enter always answers."),
        ("Zero", "Backspace", "⌫ always goes back."),
    ],
)
def test_a_key_that_means_something_else_is_refused(
    visit: Open, name: str, key: str, sentence: str
):
    one = visit(landing())
    one.page.click("#settings")

    give_key(one, name, key)

    one.reads(sentence, ".key-message")
    assert one.page.evaluate("localStorage['novice.settings']").count("keys") <= 1
    one.page.click("text=All keys as they were")
    assert one.text(".key-message") == ""


def test_a_choice_and_a_command_of_a_run_never_share_a_key(visit: Open):
    one = visit(Backend(every=4))
    one.page.click("#settings")

    give_key(one, "push left", "m")
    one.reads("M is already Mark this frame", ".key-message")
    give_key(one, "Mark this frame", "d")
    one.reads("D is already push right", ".key-message")
    give_key(one, "push left", "v")  # It only acts where there are numbers.
    one.press("Escape")
    one.wait("() => !document.querySelector('dialog[open]')")
    one.press("v")

    assert actions_of(one.saved(1)) == [[[0]]]


def test_keys_typed_while_a_dialog_opens_answer_nothing(visit: Open):
    one = visit()

    one.page.evaluate(
        """() => {
             for (const [code, key] of [["Slash", "?"], ["ArrowLeft", "ArrowLeft"]]) {
               const pressed = {code, key, bubbles: true, cancelable: true};
               const event = new KeyboardEvent("keydown", pressed);
               document.activeElement.dispatchEvent(event);
             }
           }"""
    )
    one.page.wait_for_selector("dialog")
    one.press("Escape", "ArrowRight")

    assert actions_of(one.saved(1)) == [[[1]]]


def test_a_part_that_does_not_come_is_said_and_tried_again(visit: Open):
    one = visit(Backend(every=4))
    one.page.route("**/static/label-run.*", lambda route: route.abort())

    one.burst(["KeyG", "ArrowLeft"])
    one.wait("document.querySelector('#said').textContent.includes('not here')")
    one.reads("1 key did nothing", "#said")
    one.press("ArrowRight")
    assert actions_of(one.saved(1)) == [[[1]]]

    one.page.click("#settings")  # Other parts come.
    one.page.wait_for_selector("dialog")


def test_what_is_needed_later_is_there_without_the_server(visit: Open):
    one = visit(Backend(every=4))
    one.press("ArrowLeft")
    one.saved(1)
    one.wait("performance.getEntriesByName(origin + '/static/label-run.css').length")
    one.wait("performance.getEntriesByName(origin + '/static/dialogs.css').length")
    one.page.wait_for_timeout(100)
    one.page.context.set_offline(True)

    one.press("?")
    one.page.wait_for_selector("dialog")
    one.press("Escape", "g")
    one.page.wait_for_selector("#film")


# -------------------------------------------------------------------------- practice


def test_five_examples_explain_how_to_answer(visit: Open):
    one = first_visit(visit, Backend(instructions="Keep it upright."))
    one.reads("Keep it upright.", "#card")

    one.press("Enter")
    assert example(one) == "Example 1 of 5"
    one.press("ArrowRight")
    assert "the flag is on the left" in one.text("#practice-line").lower()
    one.press("ArrowLeft")
    one.reads("That is an answer", "#practice-line")
    one.press("Enter", "ArrowLeft")
    one.reads("Say both", "#practice-line")
    one.press("Shift+ArrowLeft", "ArrowRight", "Enter", "u", "Enter")
    assert example(one) == "Example 4 of 5"
    one.press("ArrowLeft")
    one.reads("Go back first", "#practice-line")
    one.press("z", "Enter", "g")
    one.reads("never counted as your answer", "#practice-line")
    one.press("Enter")

    one.wait_for_question()
    assert one.backend.rows == []
    one.press("ArrowRight")
    assert actions_of(one.saved(1)) == [[[1]]]
    assert one.page.query_selector("#lesson") is None


def test_five_examples_for_numbers(visit: Open):
    one = first_visit(visit, landing())

    one.press("Enter", "ArrowLeft", "Enter")
    one.reads("The flag is on the right", "#practice-line")
    one.press("Shift+ArrowRight", "Enter", "Enter")
    assert example(one) == "Example 2 of 5"
    one.press("]", "Shift+ArrowLeft", "]", "k", "Enter")
    one.reads("Only what you know", "#practice-line")
    one.press("Enter", "u", "Enter", "z", "Enter", "g", "Enter")

    one.wait_for_question()
    one.press("ArrowRight", "Enter")
    assert actions_of(one.saved(1)) == [[[0, 0.1]]]


def test_fingers_go_through_the_examples(visit: Open):
    one = first_visit(visit, **PHONE)

    one.page.tap("text=Five examples")
    one.page.tap("[data-place=left]")
    one.page.tap("text=Next example")
    one.page.tap("[data-command=several]")
    one.page.tap("[data-place=left]")
    one.page.tap("[data-place=right]")
    one.page.tap("#commit")
    one.page.tap("text=Next example")
    one.page.tap("[data-command=unsure]")
    one.page.tap("text=Next example")
    one.page.tap("#back")
    one.page.tap("text=Next example")
    one.page.tap("[data-command=run]")
    one.page.tap("#lesson >> text=Start")

    one.wait_for_question()
    one.shows("[data-command=run]", visible=False)
    assert one.backend.rows == []


@pytest.mark.parametrize("keys", [[], ["Enter"], ["Enter", "ArrowLeft"]])
def test_one_key_skips_the_examples_for_good(visit: Open, keys: list[str]):
    one = first_visit(visit)

    one.press(*keys, "Escape")
    one.wait_for_question()
    one.press("ArrowRight")
    assert actions_of(one.saved(1)) == [[[1]]]

    one.page.reload()
    one.wait_for_question()
    one.press("ArrowLeft")
    assert actions_of(one.saved(2))[1] == [[0]]


def test_the_examples_can_be_seen_again(visit: Open):
    one = visit()
    one.page.click("#settings")

    one.page.click("text=Show the five examples again")
    one.page.wait_for_selector("#card .card-buttons")
    one.press("Enter", "ArrowLeft", "Escape")

    one.wait_for_question()
    one.press("ArrowRight")
    [row] = one.saved(1)
    assert (row["question"], row["actions"]) == (1, [[1]])


def test_nothing_of_the_examples_is_asked_of_the_server(visit: Open):
    one = first_visit(visit, Backend(questions=1000))
    before = [url for url in one.backend.requests if "/answers" in url]

    one.press("Enter", "ArrowLeft", "Enter", "u", "s", "Shift+ArrowLeft", "ArrowRight")

    assert before == []
    assert not any("/answers" in url for url in one.backend.requests)


# ------------------------------------------------------------------------ the person


def test_a_pause_is_hinted_at_after_a_while(visit: Open):
    one = visit(Backend(pause_after=0.001))
    one.page.wait_for_timeout(100)

    one.press("ArrowLeft")

    one.saved(1)
    one.reads("A short pause keeps the answers good", "#notices")
    one.page.click("#notices .close")
    assert one.page.evaluate("document.activeElement.id") == "stage"


@pytest.mark.parametrize("hand", ["left", "right"])
def test_the_pad_lies_under_the_thumb_that_was_chosen(visit: Open, hand: str):
    sideways = PHONE | {"viewport": {"width": 740, "height": 360}}
    one = visit(landing(), **sideways)

    one.page.click("#settings")
    one.page.click(f"#hand-{hand}")
    one.page.click("dialog .close")

    side = one.page.locator("#side").bounding_box()
    stage = one.page.locator("#stage").bounding_box()
    assert (side["x"] < stage["x"]) == (hand == "left")


def test_the_overview_is_linked_for_who_may_see_it(visit: Open):
    one = visit(Backend(overview=True))
    assert one.page.get_attribute("#overview", "href") == "/overview"
    one.shows("#overview")

    assert not visit().page.is_visible("#overview")


# ---------------------------------------------------------------------------- weight


def test_what_is_fetched_at_first_is_all_that_a_question_needs(visit: Open):
    one = visit()

    static = {url.rpartition("/")[2] for url in one.backend.requests}

    later = {"dialogs", "consequences", "label-run", "label-practice", "pad-real"}
    assert static & {f"{name}.js" for name in later} == set()
    assert sum(
        path.stat().st_size for path in PAGES.iterdir() if path.name in static
    ) <= (130_000)


# ----------------------------------------------------------------------- for everybody


def states() -> dict[str, tuple[Callable[[], Backend], tuple[str, ...]]]:
    def told() -> Backend:
        return Backend(instructions="Keep it upright.\n" * 12)

    return {
        "card": (told, ()),
        "first": (Backend, ("Enter",)),
        "good": (Backend, ("Enter", "ArrowLeft")),
        "numbers": (landing, ("Enter", "Shift+ArrowRight")),
    }


@pytest.mark.parametrize("looks", TWO_LOOKS_AND_THE_OTHERS)
@pytest.mark.parametrize("state", states())
def test_axe_finds_nothing_serious_in_the_examples(
    visit: Open, state: str, looks: tuple[Look, ...]
):
    backend, keys = states()[state]
    one = first_visit(visit, backend(), bypass_csp=True)
    one.press(*keys)
    assert one.keeps_out(looks) == []
