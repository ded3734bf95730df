"""Numbers as answers: planes, sliders, keys, a stick, and what is drawn of them."""

from typing import Any

import pytest

from inbox.fake_label_server import PAGES, Backend
from inbox.visiting import (
    PHONE,
    SAVED,
    TWO_LOOKS_AND_THE_OTHERS,
    Look,
    Open,
    Visit,
    actions_of,
    words_of,
)

LANDER = words_of(
    {
        "kind": "real",
        "low": [-1, -1],
        "high": [1, 1],
        "names": ["main engine", "push to the right"],
        "units": ["", ""],
        "center": [0, 0],
        "half_range": [1, 1],
    }
)
PENDULUM = words_of(
    {"kind": "real", "low": [-2], "high": [2], "names": ["torque"], "units": ["N m"]}
)
ENGINE, PUSH = ".number:nth-child(1)", ".number:nth-child(2)"


def landing(**more: Any) -> Backend:
    """A backend that asks for the lander's two numbers."""
    return Backend(words=LANDER, task="LunarLanderContinuous-v3", **more)


def numbers(one: Visit) -> list[str]:
    """What stands in the fields for exact numbers."""
    return one.page.evaluate(
        "[...document.querySelectorAll('.exact')].map((each) => each.value)"
    )


def looking_back(one: Visit) -> None:
    one.press("z")
    one.wait("document.body.matches('.looking-back')")


# ------------------------------------------------------------------------------- keys


def test_arrows_nudge_a_twentieth_and_with_shift_a_fifth_of_the_range(visit: Open):
    one = visit(landing())

    one.press("ArrowRight", "Shift+ArrowUp", "ArrowDown", "Enter")
    one.press("Shift+ArrowLeft", "Enter", "Enter")

    # The range is 2: a twentieth is 0.1, a fifth is 0.4.
    rows = one.saved(3)
    assert actions_of(rows) == [[[0.3, 0.1]], [[0, -0.4]], [[0, 0]]]
    assert {row["verdict"] for row in rows} == {"action"}
    assert all("copied" not in row["shown"] and "steps" not in row for row in rows)


def test_alt_nudges_a_hundredth_inside_the_pad_and_is_the_browsers_elsewhere(
    visit: Open,
):
    one = visit(landing())
    stolen = """(modifier) => {
      const key = {code: "ArrowRight", key: "ArrowRight", bubbles: true,
                   cancelable: true, [modifier]: true};
      const event = new KeyboardEvent("keydown", key);
      document.activeElement.dispatchEvent(event);
      return event.defaultPrevented;
    }"""

    assert not one.page.evaluate(stolen, "altKey")
    one.page.focus(".plane")
    assert one.page.evaluate(stolen, "altKey")
    assert not one.page.evaluate(stolen, "ctrlKey")
    assert not one.page.evaluate(stolen, "metaKey")
    one.press("Enter")

    assert actions_of(one.saved(1)) == [[[0, 0.02]]]


def test_a_held_arrow_goes_on_but_never_into_the_next_question(visit: Open):
    one = visit(landing())

    one.page.keyboard.down("ArrowRight")
    one.page.keyboard.down("ArrowRight")
    one.page.keyboard.down("ArrowRight")
    one.press("Enter")
    one.saved(1)
    one.wait_for_question()
    one.page.wait_for_timeout(100)
    one.page.keyboard.down("ArrowRight")
    one.page.keyboard.up("ArrowRight")
    one.press("Enter")

    assert actions_of(one.saved(2)) == [[[0, 0.3]], [[0, 0]]]


def test_brackets_and_tab_go_from_the_plane_to_each_slider(visit: Open):
    one = visit(landing())

    one.press("]", "ArrowRight")  # the main engine's slider
    one.press("]", "ArrowLeft", "ArrowLeft")  # the push's
    one.press("[", "ArrowUp", "Enter")  # the main engine's again
    one.page.focus(".plane")
    one.press("Tab", "Tab", "Tab", "ArrowRight", "Enter")  # its tick, field, slider

    assert actions_of(one.saved(2)) == [[[0.2, -0.2]], [[0.1, 0]]]


def test_zero_and_my_previous_answer_have_a_key(visit: Open):
    one = visit(landing())

    one.press("ArrowRight", "ArrowUp", "0", "Enter")
    one.press("ArrowRight", "Enter")
    one.press("v", "ArrowUp", "Enter")
    one.press("u", "v", "Enter")

    rows = one.saved(5)
    assert actions_of(rows) == [[[0, 0]], [[0, 0.1]], [[0.1, 0.1]], [], [[0.1, 0.1]]]


def test_every_command_of_choices_alone_does_nothing(visit: Open):
    one = visit(landing())

    one.press("x", "ArrowRight", "Enter")

    one.shows("[data-command=wrong]", visible=False)
    one.shows("[data-command=several]", visible=False)
    [row] = one.saved(1)
    assert (row["verdict"], row["actions"]) == ("action", [[0, 0.1]])


def test_honest_answers_stay_one_key(visit: Open):
    one = visit(landing())

    one.press("ArrowRight", "u", "e", "s", "f", "Enter")

    rows = one.saved(5)
    verdicts = ["unsure", "any", "skip", "report", "action"]
    assert [row["verdict"] for row in rows] == verdicts
    assert rows[4]["actions"] == [[0, 0]]


def test_a_burst_of_keys_for_numbers_loses_none(visit: Open):
    one = visit(landing(clip_delay=0.03, answer_delay=0.05))
    moves = [n * n % 7 for n in range(40)]
    codes = [c for move in moves for c in ["ArrowRight"] * move + ["Enter"]]

    one.burst(codes)

    rows = one.saved(40)
    assert [row["actions"][0][1] for row in rows] == [move / 10 for move in moves]


# ---------------------------------------------------------------------- what is copied


def test_the_policys_action_is_copied_and_noted(visit: Open):
    one = visit(landing(policy=[0.42, -0.3], action_delay=0.3))

    one.burst(["KeyP", "Enter", "Enter"])  # The keys wait for what they are about.

    rows = one.saved(2)
    assert actions_of(rows) == [[[0.42, -0.3]], [[0, 0]]]
    assert rows[0]["shown"]["copied"] is True
    assert "copied" not in rows[1]["shown"]


def test_where_the_policys_action_does_not_come_nothing_is_answered(visit: Open):
    one = visit(landing(action_delay=0.3))

    one.burst(["ArrowRight", "KeyP", "Enter"])
    one.wait("document.querySelector('#said').textContent.includes('did nothing')")

    one.reads("what was done here is not kept. 1 key did nothing", "#said")
    assert one.backend.rows == []
    one.press("Enter")
    assert actions_of(one.saved(1)) == [[[0, 0.1]]]


def test_while_agreement_is_measured_nothing_can_be_copied(visit: Open):
    backend = landing(policy=[0.42, -0.3], consequences=False, measuring=True)
    one = visit(backend)

    one.press("p")
    assert one.page.query_selector("[data-command=policy]") is None
    one.press("Enter")

    assert actions_of(one.saved(1)) == [[[0, 0]]]
    assert not any("/action" in url for url in one.backend.requests)


# ------------------------------------------------------------------------ partly known


def test_a_number_that_is_not_known_is_null(visit: Open):
    one = visit(landing())

    one.page.click(f"{ENGINE} input[type=checkbox]")
    one.press("ArrowRight", "Enter")
    one.press("]", "k", "]", "ArrowRight", "Enter")

    assert actions_of(one.saved(2)) == [[[None, 0.1]], [[None, 0.1]]]
    one.says("? 0.1", "#last li:nth-child(1)")


def test_at_least_one_number_must_be_known(visit: Open):
    one = visit(landing())

    one.press("k", "Enter")
    one.reads("Tick at least one number", "#said")
    one.press("k", "Enter")

    assert actions_of(one.saved(1)) == [[[0, 0]]]


# ------------------------------------------------------------------------ exact numbers


def test_an_exact_number_can_be_typed_and_nothing_else(visit: Open):
    one = visit(landing())

    one.page.click(f"{PUSH} .exact")
    one.page.keyboard.type("-0.x6h25NaN")
    one.press("Enter", "Enter")
    one.page.click(f"{ENGINE} .exact")
    one.page.keyboard.type("7")
    one.reads("between −1 and 1", "#said")
    one.page.keyboard.type("0,5")
    one.press("Enter", "Enter")

    assert actions_of(one.saved(2)) == [[[0, -0.625]], [[0.5, 0]]]


def test_keys_rest_while_a_number_is_typed(visit: Open):
    one = visit(landing())

    one.page.click(f"{PUSH} .exact")
    one.press("u", "s", "Escape", "ArrowRight", "Enter")

    [row] = one.saved(1)
    assert (row["verdict"], row["actions"]) == ("action", [[0, 0.1]])


def test_a_bound_can_be_reached_but_never_passed(visit: Open):
    one = visit(Backend(words=PENDULUM))

    one.press(*["Shift+ArrowRight"] * 4, "Enter", *["Shift+ArrowLeft"] * 9, "Enter")

    assert actions_of(one.saved(2)) == [[[2]], [[-2]]]
    one.reads("−2", ".number-range")
    one.reads("N m", ".number")


def test_a_number_without_bounds_takes_any_value(visit: Open):
    words = words_of({"kind": "real", "low": [None], "high": [3e38], "names": ["gain"]})
    one = visit(Backend(words=words))

    one.press("ArrowRight", "Enter")  # Six half-ranges are shown, of 1 each.
    one.page.click(".exact")
    one.page.keyboard.type("-12345.5")
    one.press("Enter", "Enter")

    assert actions_of(one.saved(2)) == [[[0.3]], [[-12345.5]]]


# ----------------------------------------------------------------- mouse and fingers


def test_a_point_in_the_plane_is_both_numbers(visit: Open):
    one = visit(landing())
    box = one.page.locator(".plane-field").bounding_box()

    # The horizontal number is the one whose name says so, though it comes second.
    one.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    one.page.mouse.down()
    one.page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + box["height"] + 99)
    one.page.mouse.up()
    one.press("ArrowLeft", "Enter")

    engine, push = actions_of(one.saved(1))[0][0]
    assert engine == -1
    assert push == pytest.approx(0.4, abs=0.02)


def test_who_pushes_to_the_left_moves_the_point_to_the_left(visit: Open):
    action = LANDER["action"] | {"names": ["push to the left", "thrust down"]}
    one = visit(Backend(words=words_of(action)))

    one.press("ArrowLeft", "ArrowDown", "Enter")

    assert actions_of(one.saved(1)) == [[[0.1, 0.1]]]


def test_fingers_move_sliders_that_are_large_enough(visit: Open):
    one = visit(landing(), **PHONE)
    box = one.page.locator(f"{PUSH} .slider-rail").bounding_box()

    one.page.locator(f"{PUSH} .slider").tap(
        position={"x": 11 + 0.75 * box["width"], "y": box["height"] / 2}
    )
    one.page.tap("#commit")

    push = actions_of(one.saved(1))[0][0][1]
    assert push == pytest.approx(0.5, abs=0.03)
    sizes = one.page.evaluate(
        """() => [...document.querySelectorAll(
               ".plane-field, .slider, .exact, .number-name, .small, .verdict")]
             .map((each) => each.getBoundingClientRect())
             .filter((box) => box.width > 0)
             .map((box) => [box.width, box.height])"""
    )
    assert len(sizes) >= 13
    assert min(min(size) for size in sizes) >= 48


# ---------------------------------------------------------------------- looking back


def test_back_shows_the_numbers_that_were_given(visit: Open):
    one = visit(landing())
    one.press("ArrowRight", "]", "k", "Enter", "ArrowRight", "Enter")
    one.saved(2)

    looking_back(one)
    one.press("z")
    one.wait("document.querySelector('#composed').textContent.startsWith('2 back')")
    one.reads("main engine unknown, push to the right 0.1", "#composed")
    assert numbers(one) == ["", "0.1"]
    one.page.focus(".plane")
    one.press("ArrowUp", "Enter")
    one.wait("!document.body.matches('.looking-back')")

    one.saved(2, rows=3)
    assert one.backend.rows[-1]["question"] == 1
    assert one.backend.rows[-1]["actions"] == [[0.1, 0.1]]


def test_old_numbers_are_there_after_a_reload(visit: Open):
    one = visit(landing())
    one.press("ArrowRight", "]", "k", "Enter")
    one.saved(1)
    one.page.reload()
    one.wait_for_question()
    one.wait("document.querySelectorAll('#last li:not([hidden])').length === 1")

    looking_back(one)

    assert numbers(one) == ["", "0.1"]


# ---------------------------------------------------------------- drawn on the picture


def arrows(one: Visit) -> list[str]:
    """The paths that are drawn over the picture."""
    return one.page.evaluate(
        """[...document.querySelectorAll(".arrow:not([hidden]) .arrow-core")]
             .map((each) => each.getAttribute("d"))"""
    )


def test_the_arrow_is_a_drawing_of_the_chosen_numbers(visit: Open):
    one = visit(landing())
    assert len(arrows(one)) == 1  # At rest it is a dot.

    one.press("Shift+ArrowRight", "Shift+ArrowUp", "Shift+ArrowUp")

    [path] = arrows(one)
    right, down = map(float, path.split("l")[1].split())
    assert down == pytest.approx(-2 * right)  # 0.4 across, and 0.8 upwards.
    assert right > 20
    one.reads("Drawing of your numbers", "#stage")


def test_the_arrow_can_be_turned_off_for_good(visit: Open):
    one = visit(landing())

    one.press("a")
    assert arrows(one) == []
    one.shows(".arrow-note", visible=False)
    one.page.reload()
    one.wait_for_question()
    assert arrows(one) == []
    one.page.click("[data-command=arrow]")

    assert len(arrows(one)) == 1


def test_what_is_not_known_is_not_drawn(visit: Open):
    one = visit(landing())

    one.press("]", "k")

    one.wait("document.querySelector('.number:nth-child(1)').matches('.unknown')")
    assert arrows(one) == []


# ----------------------------------------------------------------------------- gamepad

STICK = """
  window.stick = {index: 0, id: "Fake stick", connected: true, axes: [0, 0, 0, 0],
                  buttons: [{pressed: false}, {pressed: false}]};
  Object.defineProperty(navigator, "getGamepads", {value: () => [null, window.stick]});
  Document.prototype.hasFocus = () => true;
"""


def test_a_stick_moves_the_point_and_its_button_answers(visit: Open):
    one = visit(landing(), script=STICK)
    field = "document.querySelectorAll('.exact')[1].value"

    one.page.evaluate("window.stick.axes = [1, -0.575, 0, 0]")
    one.wait(f"{field} === '1'")
    one.page.evaluate("window.stick.buttons[0].pressed = true")

    rows = one.saved(1)
    # Beyond the middle seventh, where a stick may rest, it is linear: 0.425 / 0.85.
    assert rows[0]["actions"] == [[0.5, 1]]
    one.page.wait_for_timeout(200)  # The held button is no second answer.
    assert len(one.backend.rows) == 1
    one.page.evaluate("window.stick.axes = [0.1, 0.1, 0, 0]")
    one.wait(f"{field} === '0'")
    one.press("ArrowRight", "Enter")
    assert one.saved(2)[1]["actions"] == [[0, 0.1]]


def test_the_settings_say_how_a_gamepad_comes_or_why_it_does_not(visit: Open):
    one = visit(landing(), script=STICK)
    one.page.click("#settings")
    one.reads("Fake stick is connected", "#stick")

    one = visit(landing())
    one.page.click("#settings")
    one.reads("Press a button on it", "#stick")

    hidden = """
      Object.defineProperty(navigator, "getGamepads", {value: undefined});
      Object.defineProperty(window, "isSecureContext", {value: false});
    """
    one = visit(landing(), script=hidden)
    one.page.click("#settings")
    one.reads("with https", "#stick")


# ----------------------------------------------------------------------- for everybody


def test_the_page_for_numbers_weighs_at_most_150_kb(visit: Open):
    one = visit(landing())

    static = {url for url in one.backend.requests if "/static/" in url}
    names = {url.rpartition("/")[2] for url in static} | {"label.html"}

    assert "pad-real.js" in names
    assert sum((PAGES / name).stat().st_size for name in names) <= 150_000


def test_names_of_numbers_are_shown_as_text(visit: Open):
    payload = "<img src=x onerror=alert(1)>"
    action = {"names": [payload, payload], "units": [payload, payload]}
    one = visit(Backend(words=words_of(LANDER["action"] | action)))

    one.press("Enter", "?")

    assert payload in one.page.text_content("#pad")
    assert one.page.evaluate("window.hacked") is None
    assert one.page.query_selector("img") is None


def states() -> dict[str, Any]:
    def typing(one: Visit) -> None:
        one.page.click(".exact")

    return {
        "numbers": lambda one: one.press("Shift+ArrowRight"),
        "unknown": lambda one: one.press("]", "k"),
        "typing": typing,
        "back": lambda one: (one.press("ArrowRight", "Enter"), looking_back(one)),
        "help": lambda one: one.press("?"),
        "settings": lambda one: one.page.click("#settings"),
    }


@pytest.mark.parametrize("looks", TWO_LOOKS_AND_THE_OTHERS)
@pytest.mark.parametrize("state", states())
def test_axe_finds_nothing_serious_where_there_are_numbers(
    visit: Open, state: str, looks: tuple[Look, ...]
):
    one = visit(landing(every=4, overview=True), bypass_csp=True)
    states()[state](one)
    assert one.keeps_out(looks) == []
    assert one.page.evaluate(SAVED) or state == "back"
