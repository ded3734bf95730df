"""A run of frames answered at once: marks, what is filled in between, a preview."""

from typing import Any

import pytest

from inbox.fake_label_server import CARTPOLE, Backend, drawn_clip
from inbox.test_label_real import LANDER, PENDULUM, looking_back
from inbox.visiting import (
    PHONE,
    TWO_LOOKS_AND_THE_OTHERS,
    Look,
    Open,
    Visit,
    actions_of,
    visit_to,
    words_of,
)
from novice.inbox.store import SavedClip

EVERY = 4  # steps of the task from frame to frame; a clip has twelve frames


def pushing(**more: Any) -> Backend:
    """A backend whose clips have a run of frames, with choices."""
    return Backend(every=EVERY, **more)


def landing(**more: Any) -> Backend:
    """One with two numbers."""
    return Backend(words=LANDER, every=EVERY, **more)


def open_run(one: Visit) -> None:
    one.press("g")
    one.page.wait_for_selector("#film")


def cells(one: Visit, *, kind: str | None = None) -> list[str]:
    """What is written under the frames, of one kind or of all."""
    chosen = "" if kind is None else f"[data-kind={kind}]"
    return one.page.evaluate(
        f"""[...document.querySelectorAll(".film-frame{chosen} .film-sign")]
              .map((each) => each.textContent)"""
    )


def place(one: Visit) -> int:
    """Which frame is open."""
    return one.page.evaluate(
        """[...document.querySelectorAll(".film-frame")]
             .findIndex((each) => each.hasAttribute("aria-current"))"""
    )


# ---------------------------------------------------------------------------- answers


def test_choices_are_held_from_mark_to_mark(visit: Open):
    one = visit(pushing())
    open_run(one)

    one.press("ArrowLeft", ",", ",", ",", "ArrowRight")
    assert cells(one, kind="mark") == ["→", "←"]
    assert cells(one, kind="filled") == ["→", "→"]
    one.reads("2 marks, 11 steps between held", "#composed")
    one.press("Enter", "ArrowRight")

    rows = one.saved(2)
    assert (rows[0]["verdict"], rows[0]["steps"]) == ("hold", [12, 0])
    assert rows[0]["actions"] == [[1], [0]]
    assert (rows[1]["verdict"], rows[1]["actions"]) == ("action", [[1]])
    assert "steps" not in rows[1]
    one.says("2 marks", "#last li:nth-child(2)")


def test_numbers_go_in_straight_lines_or_are_held(visit: Open):
    one = visit(landing())
    open_run(one)

    one.press("Shift+ArrowUp", "Shift+ArrowUp", *[","] * 4, "0")
    # From 0 to 0.8 in four frames.
    assert cells(one, kind="filled") == ["0.2 0", "0.4 0", "0.6 0"]
    one.press("l")
    assert cells(one, kind="filled") == ["0 0"] * 3
    one.press("l", "Enter")
    open_run(one)
    one.press("0", ",", "l", "Shift+ArrowRight", "Enter")

    rows = one.saved(2)
    assert [row["verdict"] for row in rows] == ["linear", "hold"]
    assert actions_of(rows) == [[[0, 0], [0.8, 0]], [[0, 0.4], [0, 0]]]
    assert [row["steps"] for row in rows] == [[16, 0], [4, 0]]


def test_the_middle_of_the_widest_gap_is_one_key_away(visit: Open):
    one = visit(pushing())
    open_run(one)

    one.press("b")
    one.reads("Mark two frames first", "#said")
    one.press("ArrowLeft", *[","] * 2, "ArrowLeft", *[","] * 8, "ArrowRight")
    one.press("b")
    assert place(one) == 5  # Between 1 and 9.
    one.press("ArrowLeft", "b")
    assert place(one) == 7  # Between 5 and 9; the other gap is as wide, but older.
    one.press(",", "b", "Enter")

    assert one.saved(1)[0]["steps"] == [40, 24, 8, 0]


def test_a_mark_is_moved_by_removing_it(visit: Open):
    one = visit(pushing())
    open_run(one)

    one.press("ArrowLeft", ",", "ArrowLeft", ",", "ArrowRight", ".", "r", "Enter")

    [row] = one.saved(1)
    assert (row["steps"], row["actions"]) == ([8, 0], [[1], [0]])


def test_a_frame_between_can_be_marked_as_it_is(visit: Open):
    one = visit(landing())
    open_run(one)

    one.press("Shift+ArrowUp", *[","] * 4, "0", ".", "m", "Enter")

    [row] = one.saved(1)
    assert row["steps"] == [16, 12, 0]
    assert row["actions"] == [[0, 0], [0.1, 0], [0.4, 0]]


def test_one_mark_is_no_run(visit: Open):
    one = visit(pushing())
    open_run(one)

    one.press("ArrowLeft", "Enter")

    one.reads("A run needs two marked frames", "#said")
    assert one.page.get_attribute("#commit", "aria-disabled") == "true"
    assert one.backend.rows == []


def test_escape_leaves_the_run_without_an_answer(visit: Open):
    one = visit(pushing())
    open_run(one)

    one.press("ArrowLeft", ",", "ArrowRight", "u", "x", "z")
    one.reads("Esc leaves", "#said")
    one.press("Escape")
    assert one.page.query_selector("#film") is None
    one.shows("[data-command=unsure]")
    one.press("ArrowRight")

    [row] = one.saved(1)
    assert (row["verdict"], row["actions"]) == ("action", [[1]])


def test_before_the_episode_there_is_nothing_to_mark(visit: Open):
    # Question 1 lies 41 steps into its episode: four frames of ten steps before it.
    one = visit(Backend(every=10))
    open_run(one)

    one.press("ArrowLeft", *[","] * 9, "ArrowRight")
    one.reads("first frame of the run", "#said")
    one.press("Enter")

    assert one.saved(1)[0]["steps"] == [40, 0]


@pytest.mark.parametrize("every", [None, 0])
def test_where_the_frames_steps_are_not_known_there_is_no_run(
    visit: Open, every: int | None
):
    one = visit(Backend(every=every))

    one.press("g")

    one.reads("answer the moment alone", "#said")
    one.shows("[data-command=run]", visible=False)
    one.press("ArrowLeft")
    assert one.saved(1)[0]["verdict"] == "action"


def test_rows_are_marked_with_a_key(visit: Open):
    words = words_of({"kind": "several", "counts": [3, 2], "names": ["steer", "brake"]})
    one = visit(pushing(words=words))
    open_run(one)

    one.press("2", "1", "m", ",", "0", "0", "m", "Enter")

    [row] = one.saved(1)
    assert (row["steps"], row["actions"]) == ([4, 0], [[0, 0], [2, 1]])


def test_a_typed_choice_marks_with_enter(visit: Open):
    choices = [{"name": f"move {n}", "keys": [], "place": None} for n in range(18)]
    words = words_of({"kind": "discrete", "choices": choices, "idle": 0})
    one = visit(pushing(words=words))
    open_run(one)

    one.press("1", "7", "Enter", ",", "3", "Enter", "Enter")

    [row] = one.saved(1)
    assert (row["steps"], row["actions"]) == ([4, 0], [[3], [17]])


def test_keys_that_come_while_the_run_opens_are_kept(visit: Open):
    one = visit(pushing())
    codes = ["KeyG", "ArrowLeft", "Comma", "ArrowRight", "Enter", "ArrowLeft"]

    one.burst(codes)

    rows = one.saved(2)
    assert [row["verdict"] for row in rows] == ["hold", "action"]
    assert rows[0]["steps"] == [4, 0]


def test_fingers_answer_a_run(visit: Open):
    one = visit(pushing(), **PHONE)

    one.page.tap("[data-command=run]")
    one.page.wait_for_selector("#film")
    one.page.tap("[data-place=left]")
    one.page.tap(".film-frame:nth-child(10)")
    one.page.tap("[data-place=right]")
    small = one.page.evaluate(
        """[...document.querySelectorAll(".film-frame, #run-tools button")]
             .map((each) => each.getBoundingClientRect())
             .filter((box) => Math.min(box.width, box.height) < 48).length"""
    )
    one.page.tap("#commit")

    [row] = one.saved(1)
    assert (row["steps"], row["actions"]) == ([8, 0], [[1], [0]])
    assert small == 0


# ---------------------------------------------------------------------- what is shown


def test_what_is_filled_in_looks_unlike_a_mark(visit: Open):
    one = visit(landing())
    open_run(one)
    one.press("Shift+ArrowUp", *[","] * 3, "0", ".")

    borders = one.page.evaluate(
        """["mark", "filled"].map((kind) => getComputedStyle(
             document.querySelector(`[data-kind=${kind}] .film-mark`)))
             .map((each) => [each.borderTopStyle, each.backgroundColor])"""
    )
    assert borders[0][0] == "solid"
    assert borders[1] == ["dashed", "rgba(0, 0, 0, 0)"]
    assert one.page.query_selector(".arrow.hollow") is not None
    said = one.page.get_attribute("[data-kind=filled]", "aria-label")
    assert said == "8 steps before: filled in, main engine 0.133, push to the right 0"
    one.press(",")
    assert one.page.query_selector(".arrow.hollow") is None


def test_the_preview_plays_the_run_with_what_is_filled_in(visit: Open):
    one = visit(landing())
    open_run(one)
    one.press("Shift+ArrowUp", *[","] * 11, "0")
    one.page.evaluate(
        """() => {
             window.seen = [];
             const look = () => {
               const field = document.querySelector(".exact");
               if (seen.at(-1) !== field?.value) seen.push(field.value);
               if (field) requestAnimationFrame(look);
             };
             look();
           }"""
    )

    one.press("`")
    one.wait("window.seen.includes('0.4')")
    one.wait("window.seen.at(-1) === '0'")

    seen = [float(value) for value in one.page.evaluate("window.seen")]
    rising = seen[: seen.index(0.4) + 1]
    assert rising == sorted(rising)
    assert len(rising) > 6
    one.press("Enter")
    assert one.saved(1)[0]["shown"]["replays"] == 1


def test_the_preview_does_not_move_for_who_wants_less_motion(visit: Open):
    one = visit(pushing(), reduced_motion="reduce")
    open_run(one)

    one.press("ArrowLeft", *[","] * 5, "ArrowRight", ".", "`")

    assert place(one) == 6
    one.reads("step through the run", "#said")


def test_back_opens_the_marks_that_were_set(visit: Open):
    one = visit(landing())
    open_run(one)
    one.press("Shift+ArrowUp", *[","] * 3, "0", "Enter")
    one.saved(1)
    one.page.reload()
    one.wait_for_question()
    one.wait("document.querySelectorAll('#last li:not([hidden])').length === 1")

    looking_back(one)
    one.reads("a run of frames, 2 marks in straight lines", "#composed")
    open_run(one)
    assert cells(one, kind="mark") == ["0 0", "0.4 0"]
    one.press("l", "Enter")
    one.wait("!document.body.matches('.looking-back')")

    one.saved(1, rows=2)
    assert [row["verdict"] for row in one.backend.rows] == ["linear", "hold"]
    assert [row["steps"] for row in one.backend.rows] == [[12, 0], [12, 0]]


def states() -> dict[str, Any]:
    def numbers(one: Visit) -> None:
        open_run(one)
        one.press("Shift+ArrowUp", *[","] * 5, "0", ".")

    def choices(one: Visit) -> None:
        open_run(one)
        one.press("ArrowLeft", ",", ",", "ArrowRight", ".")

    return {
        "open": (CARTPOLE, open_run),
        "choices": (CARTPOLE, choices),
        "numbers": (LANDER, numbers),
    }


@pytest.mark.parametrize("looks", TWO_LOOKS_AND_THE_OTHERS)
@pytest.mark.parametrize("state", states())
def test_axe_finds_nothing_serious_in_a_run(
    visit: Open, state: str, looks: tuple[Look, ...]
):
    words, enter = states()[state]
    one = visit(pushing(words=words), bypass_csp=True)
    enter(one)
    assert one.keeps_out(looks) == []


def test_our_own_server_takes_numbers_and_runs(browser: Any, desk: Any):
    desk.album.strip = SavedClip(*drawn_clip(1), 24.0, every=EVERY)
    desk.inbox.tell("words", PENDULUM)
    with visit_to(browser, desk) as one:
        one.press(*["u"] * 12)  # Only later moments have a run before them.
        one.burst(["ArrowRight", "Enter", "ArrowRight", "KeyP", "Enter"])
        one.wait("document.querySelector('#saved-text').textContent === 'Saved 14'")
        open_run(one)
        one.press("Shift+ArrowRight", ",", ",", "0", "Enter")
        one.wait("document.querySelector('#saved-text').textContent === 'Saved 15'")

    kept = [each.answer for each in desk.inbox.answers_after(0)][12:]
    assert one.errors == []
    assert [answer.verdict for answer in kept] == ["action", "action", "linear"]
    said = [answer.actions for answer in kept]
    assert said == [((0.2,),), ((0,),), ((0,), (0.8,))]
    assert kept[1].shown["copied"] is True
    assert kept[2].steps == (8, 0)
