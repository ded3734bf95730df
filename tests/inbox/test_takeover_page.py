"""The play page where a policy drives too, against a small server that misbehaves."""

import itertools
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from inbox.axe import serious_findings
from inbox.fake_label_server import PAGES
from inbox.fake_play_server import LANDER_BUTTONS, Play, axis, hello, serving, status
from inbox.visiting import Seen
from inbox.windows import Windows

PHONE = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
}
ON_ITS_SIDE = PHONE | {"viewport": {"width": 740, "height": 360}}
# A gamepad that tests move; it is there from the first look on.
GAMEPAD = """
    window.gamepad = {
      id: "Wireless Controller (Vendor: 054c)", connected: true, mapping: "standard",
      axes: [0, 0, 0, 0],
      buttons: Array.from({ length: 17 }, () => ({ pressed: false, value: 0 })),
    };
    navigator.getGamepads = () => [null, window.gamepad];
    document.hasFocus = () => true;
    window.press = (button, down) => {
      window.gamepad.buttons[button] = { pressed: down, value: down ? 1 : 0 };
    };
"""


@dataclass
class Visit(Seen):
    """An open page, and the server that it believes to be a task."""

    play: Play
    errors: list[str] = field(default_factory=list)

    def until(self, state: str) -> None:
        self.sees(lambda: self.state == state, f"the page never showed {state}")

    def sees(self, happened: Callable[[], bool], otherwise: str) -> None:
        self.wait_until(happened, lambda: f"{otherwise}, but {self.state}")

    def hears(self, wish: str, place: int = 0) -> None:
        self.sees(
            lambda: wish in self.play.wishes(place), f"the server never heard {wish}"
        )

    def after(self, place: int, happened: Callable[[dict[str, Any]], bool]) -> int:
        """The place after the first message from a place on for which this holds."""

        def found() -> int:
            heard = enumerate(self.play.heard[place:], start=place + 1)
            return next((number for number, each in heard if happened(each)), 0)

        self.sees(lambda: found() > 0, "the server never heard of it")
        return found()

    def close(self) -> None:
        """Leave a dialog for the picture."""
        self.press("Escape")
        focused = "document.activeElement.id === 'stage'"
        self.sees(lambda: bool(self.page.evaluate(focused)), "no way back")

    @property
    def state(self) -> str:
        return str(self.page.evaluate("document.body.dataset.state"))

    def drive(self) -> None:
        """Begin, and take the controls."""
        self.press("Space")
        self.until("watch")
        self.press("Space")
        self.until("drive")

    def stays_locked(self, place: int) -> None:
        """Hold keys for a while: nothing that moves anything may be said."""
        for _ in range(10):
            self.down("ArrowUp")
            self.page.wait_for_timeout(30)
            self.up("ArrowUp")
        assert self.play.acted(place) == []


Open = Callable[..., Visit]


def is_release(message: dict[str, Any]) -> bool:
    """Whether the page said that nothing is held."""
    return message["kind"] == "held" and not message["keys"]


@pytest.fixture
def visit(browser: Windows) -> Iterator[Open]:
    """Open the page of a server of its own; nothing may go wrong on it."""
    with ExitStack() as stack:
        visits: list[Visit] = []

        def open_page(play: Play | None = None, script: str = "", **how: Any) -> Visit:
            play = play or Play()
            address = stack.enter_context(serving(play))
            page = stack.enter_context(browser.window(**how)).new_page()
            opened = Visit(page, play)
            page.on("pageerror", lambda error: opened.errors.append(str(error)))
            page.on(
                "console",
                lambda said: (
                    opened.errors.append(said.text) if said.type == "error" else None
                ),
            )
            if script:
                page.add_init_script(script)
            page.goto(address)
            opened.until("ready" if play.role == "play" else "watching")
            visits.append(opened)
            return opened

        yield open_page
        for each in visits:
            assert each.errors == []


def test_the_controls_change_hands_with_one_key(visit: Open):
    opened = visit()
    opened.press("Space")
    opened.until("watch")
    opened.says("Watching the policy", "#state-word")
    opened.reads("round 3", "#state")
    opened.down("ArrowRight")
    opened.press("Space")
    opened.until("drive")
    opened.says("You drive", "#state-word")
    opened.sees(
        lambda: opened.play.status["action"] == [0.0, 1.0],
        "the held key never acted",
    )
    opened.press("Space")
    opened.until("watch")
    wishes = ["go", "take_over", "hand_back"]
    assert opened.play.wishes() == wishes


def test_a_key_alone_takes_nothing_and_says_what_would(visit: Open):
    opened = visit()
    opened.press("Space")
    opened.until("watch")
    opened.press("ArrowLeft")
    opened.reads("Space", "#hint")
    assert opened.state == "watch"
    assert opened.play.wishes() == ["go"]


def test_a_cut_socket_locks_the_controls(visit: Open):
    opened = visit()
    opened.drive()
    opened.down("ArrowUp")
    opened.sees(lambda: bool(opened.play.acted()), "the key was never heard")
    opened.play.cut()
    place = len(opened.play.heard)
    opened.until("paused")
    opened.reads("link was lost", "#card-title")
    opened.page.wait_for_timeout(300)
    # The key is held down still, but it was pressed before the link was lost.
    assert opened.play.acted(place) == []
    opened.up("ArrowUp")
    opened.press("p")
    opened.until("drive")
    opened.down("ArrowUp")
    opened.sees(lambda: bool(opened.play.acted(place)), "the new press was not heard")


def test_a_page_on_which_somebody_played_alone_learns_that_a_policy_came(visit: Open):
    alone = {"driver": "person", "policy": ""}
    opened = visit(Play(hello(takeover=False), status(**alone)))
    opened.press("Space")
    opened.until("playing")
    opened.down("ArrowRight")
    opened.sees(lambda: bool(opened.play.acted()), "the key was never heard")
    opened.up("ArrowRight")
    opened.shows("#take", visible=False)
    opened.page.click("#settings")
    assert "Take the controls" not in opened.text("#settings-content")
    opened.hears("pause")
    opened.close()

    # The run has fitted its first policy: another server, which has that drive.
    opened.play.hello, opened.play.status = hello(), status()
    place = len(opened.play.heard)
    opened.play.cut()
    opened.until("ready")
    opened.sees(lambda: opened.page.is_visible("#take"), "no button takes the controls")
    assert opened.page.inner_text("#compare .who.policy").strip() == "round 3"
    assert len(opened.page.query_selector_all("#compare .heads")) == 1
    assert len(opened.page.query_selector_all("#pad .stick")) == 1
    opened.page.click("#settings")
    assert opened.text("#settings-content").count("Take the controls") == 1
    assert opened.text("#settings-content").count("hands them back") == 1
    opened.close()

    opened.drive()
    opened.down("ArrowUp")
    opened.sees(
        lambda: opened.play.status["action"] == [1.0, 0.0],
        "the held key never acted",
    )
    opened.up("ArrowUp")
    opened.press("Space")
    opened.until("watch")
    assert opened.play.wishes(place) == ["go", "take_over", "hand_back"]


def test_a_server_that_is_gone_is_shown_as_a_lost_link(visit: Open):
    script = """
        const Real = WebSocket;
        window.WebSocket = class extends Real {
          constructor(...all) {
            if (window.unplugged) all[0] = "ws://127.0.0.1:9/";
            super(...all);
            window.line = this;
          }
        };
    """
    opened = visit(script=script)
    opened.drive()
    opened.page.evaluate("unplugged = true; line.close()")
    opened.until("lost")
    opened.says("Link lost", "#state-word")
    opened.reads("controls locked", "#state")
    assert opened.page.is_disabled("#take")
    opened.stays_locked(len(opened.play.heard))
    opened.errors.clear()  # The browser says itself that nobody answered.


def test_a_hidden_page_lets_go_and_pauses(visit: Open):
    opened = visit()
    opened.drive()
    opened.down("ArrowUp")
    opened.sees(lambda: bool(opened.play.acted()), "the key was never heard")
    place = len(opened.play.heard)
    opened.play.deaf = True
    opened.page.evaluate("""
        Object.defineProperty(document, "hidden", { get: () => true });
        document.dispatchEvent(new Event("visibilitychange"));
    """)
    released = opened.after(place, is_release)
    opened.hears("pause", place)
    opened.up("ArrowUp")
    # The server has not paused, so time goes on there; nothing may act.
    opened.stays_locked(released)
    said = opened.play.since(place)
    assert next(e["why"] for e in said if e["kind"] == "wish") == "hidden"
    opened.play.deaf = False
    opened.until("paused")


def test_a_policy_is_watched_without_the_keyboard_but_not_out_of_sight(visit: Open):
    opened = visit()
    opened.press("Space")
    opened.until("watch")
    opened.page.evaluate("dispatchEvent(new Event('blur'))")
    opened.page.wait_for_timeout(100)
    assert "pause" not in opened.play.wishes()
    opened.page.evaluate("""
        Object.defineProperty(document, "hidden", { get: () => true });
        document.dispatchEvent(new Event("visibilitychange"));
    """)
    opened.hears("pause")


@pytest.mark.parametrize("fault", ["stalled", "frozen"])
def test_a_stalled_server_locks_the_controls(visit: Open, fault: str):
    opened = visit()
    opened.drive()
    opened.down("ArrowUp")
    opened.sees(lambda: bool(opened.play.acted()), "the key was never heard")
    place = len(opened.play.heard)
    opened.play.deaf = True
    setattr(opened.play, fault, True)
    opened.until("stale")
    opened.reads("controls locked", "#state")
    released = opened.after(place, is_release)
    opened.hears("pause", place)
    wish = next(e for e in opened.play.since(place) if e["kind"] == "wish")
    assert wish["why"] == "stale"
    opened.up("ArrowUp")
    opened.stays_locked(released)
    opened.down("ArrowUp")
    # Pictures come again, but whoever was locked out stays so until they ask anew.
    setattr(opened.play, fault, False)
    opened.page.wait_for_timeout(200)
    opened.play.deaf = False
    opened.until("paused")
    opened.reads("picture was late", "#card-title")
    opened.press("p")
    opened.until("drive")
    opened.page.wait_for_timeout(200)
    # What went down while the controls were locked has to be pressed anew.
    assert opened.play.acted(released) == []
    opened.up("ArrowUp")
    opened.down("ArrowUp")
    opened.sees(lambda: bool(opened.play.acted(released)), "a new press is unheard")


def test_late_pictures_of_a_policy_lock_the_controls_until_they_come_again(
    visit: Open,
):
    opened = visit()
    opened.press("Space")
    opened.until("watch")
    opened.play.frozen = True
    opened.until("stale")
    opened.press("Space")
    opened.page.wait_for_timeout(50)
    assert opened.play.wishes() == ["go"]
    opened.play.frozen = False
    opened.until("watch")
    opened.press("Space")
    opened.until("drive")


def test_slow_speeds_are_not_stale(visit: Open):
    # At a quarter of ten frames a second, 0.4 s lie between two of them.
    play = Play(hello(frames_per_second=10, stale_after=0.3), status(speed=0.25))
    opened = visit(play)
    opened.press("Space")
    opened.until("watch")
    play.frozen = True
    began = time.monotonic()
    opened.until("stale")
    assert time.monotonic() - began > 0.6


def test_hold_to_drive_drives_as_long_as_the_key_is_held(visit: Open):
    opened = visit(Play(hello(drive="hold")))
    opened.press("Space")
    opened.until("watch")
    opened.down("Space")
    opened.until("drive")
    opened.up("Space")
    opened.until("watch")
    assert opened.play.wishes() == ["go", "take_over", "hand_back"]


def test_hold_to_drive_releases_when_the_window_loses_the_keyboard(visit: Open):
    opened = visit(Play(hello(drive="hold")))
    opened.press("Space")
    opened.until("watch")
    opened.down("Space")
    opened.until("drive")
    opened.down("ArrowLeft")
    opened.sees(lambda: bool(opened.play.acted()), "the key was never heard")
    place = len(opened.play.heard)
    opened.page.evaluate("dispatchEvent(new Event('blur'))")
    opened.until("paused")
    assert opened.play.acted(opened.after(place, is_release)) == []
    assert opened.play.wishes(place)[:2] == ["hand_back", "pause"]
    assert opened.play.status["driver"] == "policy"


def test_a_driver_who_holds_nothing_is_handed_back(visit: Open):
    # As when the page was loaded anew with the key down.
    play = Play(hello(drive="hold"), status(state="paused", driver="person"))
    opened = visit_paused(visit, play)
    opened.hears("hand_back")
    opened.sees(lambda: play.status["driver"] == "policy", "still the person's")


def visit_paused(visit: Open, play: Play) -> Visit:
    """Open a page whose task stands still already."""
    state, play.status["state"] = play.status["state"], "ready"
    opened = visit(play)
    play.status["state"] = state
    opened.until(state)
    return opened


def test_how_to_drive_is_kept_in_this_browser(visit: Open):
    opened = visit()
    opened.page.click("#settings")
    opened.page.check("#drive-hold")
    opened.close()
    opened.page.reload()
    opened.until("ready")
    opened.press("Space")
    opened.until("watch")
    opened.down("Space")
    opened.until("drive")
    opened.up("Space")
    opened.until("watch")


def test_backspace_takes_back_and_never_discards_what_was_driven(visit: Open):
    opened = visit()
    opened.drive()
    opened.sees(lambda: opened.play.status["undoable"] > 0.5, "nothing to take back")
    opened.press("Space")
    opened.until("watch")
    opened.press("Backspace")
    opened.hears("undo")
    opened.sees(lambda: opened.play.status["undoable"] == 0, "nothing was taken back")
    opened.page.wait_for_timeout(100)
    opened.press("Backspace")
    opened.sees(lambda: "Nothing of yours" in opened.text("#hint"), "no word of it")
    assert "discard" not in opened.play.wishes()


def test_backspace_discards_an_episode_in_which_nobody_drove(visit: Open):
    opened = visit()
    opened.press("Space")
    opened.until("watch")
    opened.press("Backspace")
    opened.hears("discard")
    assert "undo" not in opened.play.wishes()


def test_single_steps_with_a_key_held(visit: Open):
    opened = visit()
    opened.drive()
    opened.press("p")
    opened.until("paused")
    steps = opened.play.status["steps"]
    opened.down("ArrowRight")
    opened.press(".")
    opened.press(".")
    opened.sees(lambda: opened.play.status["steps"] == steps + 2, "no two steps")
    assert opened.play.status["action"] == [0.0, 1.0]
    assert opened.play.wishes()[-2:] == ["step", "step"]


def test_escape_lets_go_and_pauses(visit: Open):
    opened = visit()
    opened.drive()
    opened.down("ArrowRight")
    opened.sees(lambda: bool(opened.play.acted()), "the key was never heard")
    place = len(opened.play.heard)
    opened.press("Escape")
    opened.until("paused")
    assert opened.play.acted(opened.after(place, is_release)) == []


# -------------------------------------------------------------------- sticks and pads


def center(opened: Visit, selector: str) -> tuple[float, float]:
    box = opened.page.query_selector(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def last_axes(opened: Visit) -> list[float | None]:
    said = [e for e in opened.play.heard if e["kind"] == "held"]
    return said[-1]["axes"] if said else []


def test_a_stick_moves_two_numbers_until_it_is_let_go(visit: Open):
    opened = visit()
    opened.drive()
    box = opened.page.query_selector(".stick .field").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    opened.page.mouse.move(*middle)
    opened.page.mouse.down()
    # Right by half the way, and beyond the upper end.
    opened.page.mouse.move(middle[0] + box["width"] / 4, box["y"] - 60)
    opened.sees(
        lambda: last_axes(opened) == [1, pytest.approx(0.5, abs=0.02)],
        f"the stick never came: {last_axes(opened)}",
    )
    opened.page.mouse.up()
    opened.sees(lambda: last_axes(opened) == [None, None], "it was never let go")


def test_a_stick_held_through_a_lock_moves_nothing(visit: Open):
    opened = visit()
    opened.drive()
    x, y = center(opened, ".stick .field")
    opened.page.mouse.move(x + 20, y)
    opened.page.mouse.down()
    opened.sees(lambda: bool(opened.play.acted()), "the stick was never heard")
    opened.play.frozen = True
    opened.until("paused")
    opened.play.frozen = False
    opened.press("p")
    opened.until("drive")
    place = len(opened.play.heard)
    for step in range(10):
        opened.page.mouse.move(x + 20 + step, y)
        opened.page.wait_for_timeout(20)
    assert opened.play.acted(place) == []
    opened.page.mouse.up()
    opened.page.mouse.move(x - 30, y)
    opened.page.mouse.down()
    opened.sees(lambda: bool(opened.play.acted(place)), "a new touch was not heard")


def test_a_single_number_is_a_slider_from_its_rest(visit: Open):
    content = hello(takeover=False, axes=[axis("gas", 0.0, 2.0)])
    content["words"] = {
        **content["words"],
        "action": {**content["words"]["action"], "names": ["gas"], "units": [""]},
    }
    content["buttons"] = [
        {"name": "gas −", "keys": ["ArrowLeft"], "place": "left", "group": 0},
        {"name": "gas +", "keys": ["ArrowRight"], "place": "right", "group": 0},
    ]
    opened = visit(Play(content))
    box = opened.page.query_selector(".slider .field").bounding_box()
    y = box["y"] + box["height"] / 2
    opened.page.mouse.move(box["x"] + box["width"] / 4, y)
    opened.page.mouse.down()
    # It rests at its left end: a quarter of the way is a quarter of what is above.
    opened.sees(
        lambda: last_axes(opened) == [pytest.approx(0.25, abs=0.01)],
        f"the slider never came: {last_axes(opened)}",
    )
    # Without a policy, whoever touches a stick begins.
    opened.until("playing")
    opened.page.mouse.up()
    opened.sees(lambda: last_axes(opened) == [None], "it was never let go")


def test_four_numbers_are_two_sticks(visit: Open):
    content = hello(axes=[axis(name) for name in "abcd"])
    buttons = [*LANDER_BUTTONS]
    for group, keys in ((2, ("KeyA", "KeyD")), (3, ("KeyS", "KeyW"))):
        buttons += [
            {"name": f"{group}", "keys": [key], "place": None, "group": group}
            for key in keys
        ]
    opened = visit(Play(content | {"buttons": buttons}))
    assert len(opened.page.query_selector_all(".stick .field")) == 2
    opened.drive()
    boxes = [e.bounding_box() for e in opened.page.query_selector_all(".stick .field")]
    opened.page.mouse.move(boxes[1]["x"] + boxes[1]["width"], boxes[1]["y"])
    opened.page.mouse.down()
    opened.sees(
        lambda: last_axes(opened) == [None, None, 1, 1], f"got {last_axes(opened)}"
    )


def test_a_gamepad_takes_the_controls_and_steers(visit: Open):
    opened = visit(script=GAMEPAD)
    opened.sees(
        lambda: "Wireless Controller" in opened.text("#gamepad"), "it was never seen"
    )
    opened.page.evaluate("press(0, true)")
    opened.until("watch")
    opened.page.evaluate("press(0, false)")
    opened.page.wait_for_timeout(100)
    opened.page.evaluate("press(7, true)")
    opened.until("drive")
    # Within the dead zone nothing is meant; all the way is all the way.
    opened.page.evaluate("press(7, false); gamepad.axes = [0.1, -0.1, 0, 0]")
    opened.page.wait_for_timeout(100)
    assert opened.play.acted() == []
    opened.page.evaluate("gamepad.axes = [-1, 0, 0, 0]")
    opened.sees(lambda: -1 in last_axes(opened), f"got {last_axes(opened)}")
    assert last_axes(opened)[1] == -1, "the stick lies across: the lateral engine"
    opened.page.evaluate("gamepad.axes = [0, -1, 0, 0]")
    opened.sees(lambda: last_axes(opened)[0] == 1, "upwards is more")
    opened.page.evaluate("gamepad.axes = [0, 0, 0, 0]")
    opened.sees(lambda: last_axes(opened) == [None, None], "it was never let go")


def test_a_gamepad_held_through_a_lock_must_come_to_rest_first(visit: Open):
    opened = visit(script=GAMEPAD)
    opened.drive()
    opened.page.evaluate("gamepad.axes = [1, 0, 0, 0]")
    opened.sees(lambda: bool(opened.play.acted()), "the stick was never heard")
    opened.play.frozen = True
    opened.until("paused")
    opened.play.frozen = False
    opened.press("p")
    opened.until("drive")
    place = len(opened.play.heard)
    opened.page.wait_for_timeout(200)
    assert opened.play.acted(place) == []
    opened.page.evaluate("gamepad.axes = [0, 0, 0, 0]")
    opened.page.wait_for_timeout(100)
    opened.page.evaluate("gamepad.axes = [1, 0, 0, 0]")
    opened.sees(lambda: bool(opened.play.acted(place)), "a new push was not heard")


def test_a_trigger_is_a_dead_mans_switch(visit: Open):
    opened = visit(Play(hello(drive="hold")), script=GAMEPAD)
    opened.press("Space")
    opened.until("watch")
    opened.page.evaluate("press(6, true)")
    opened.until("drive")
    opened.page.evaluate("press(6, false)")
    opened.until("watch")


def test_a_gamepad_presses_the_buttons_of_choices(visit: Open):
    opened = visit(Play(hello("cart")), script=GAMEPAD)
    opened.drive()
    opened.page.evaluate("gamepad.axes = [0.9, 0, 0, 0]")
    opened.sees(lambda: opened.play.held == ("ArrowRight",), "the stick did nothing")
    opened.page.evaluate("gamepad.axes = [0, 0, 0, 0]; press(14, true)")
    opened.sees(lambda: opened.play.held == ("ArrowLeft",), "the cross did nothing")
    opened.page.evaluate("press(14, false)")
    opened.sees(lambda: opened.play.held == (), "it was never let go")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("", "press a button on it"),
        ("Object.defineProperty(window, 'isSecureContext', {value: false});", "https"),
        ("navigator.getGamepads = undefined;", "plain http"),
    ],
)
def test_the_settings_say_why_there_is_no_gamepad(visit: Open, script: str, words: str):
    opened = visit(script=script)
    opened.page.click("#settings")
    opened.reads(words, "#settings-content")


# --------------------------------------------------------------------------- own keys


def remap(opened: Visit, name: str, key: str) -> None:
    opened.page.click("#settings")
    row = opened.page.locator(".key-setting", has_text=re.compile(f"^{name}"))
    row.locator("button").click()
    opened.press(key)


def test_keys_are_set_by_their_place_and_kept(visit: Open):
    opened = visit()
    remap(opened, "Take the controls", "KeyC")
    opened.close()
    remap(opened, "lateral engine \\+", "KeyL")
    opened.close()
    opened.page.reload()
    opened.until("ready")
    opened.says("C", "#take-key")
    opened.press("KeyC")
    opened.until("watch")
    opened.press("Space")
    opened.press("KeyC")
    opened.until("drive")
    assert opened.play.wishes() == ["go", "take_over"]
    opened.down("KeyL")
    # The server knows the task's own keys only.
    opened.sees(lambda: opened.play.held == ("ArrowRight",), "the key did nothing")
    opened.up("KeyL")
    opened.sees(lambda: opened.play.held == (), "the key was never let go")


def test_a_key_that_is_taken_is_refused_with_its_meaning(visit: Open):
    opened = visit()
    remap(opened, "Take the controls", "KeyP")
    opened.says("P is already “Pause, go on”.", ".key-message")
    opened.page.click("text=All keys as they were")
    opened.close()
    opened.press("Space")
    opened.until("watch")


# --------------------------------------------------------------------- how it is shown


def test_the_policys_action_stands_beside_mine(visit: Open):
    opened = visit(Play(hello("cart")))
    opened.drive()
    opened.down("ArrowRight")
    opened.press("p")
    opened.until("paused")
    opened.play.status.update(action=[1], policy_action=[0], uncertainty=0.25)
    opened.sees(
        lambda: opened.text(".who.mine strong") == "push right", "mine never came"
    )
    opened.says("push left", ".who.policy strong")
    opened.reads("0.25", "#compare")
    opened.sees(lambda: "delay" in opened.text("#lines"), "no delay was measured")


def test_only_the_newest_picture_is_decoded(visit: Open):
    script = """
        const real = createImageBitmap;
        window.decoded = 0;
        window.waiting = [];
        window.createImageBitmap = async (...all) => {
          decoded += 1;
          if (window.slow) await new Promise((go) => waiting.push(go));
          return real(...all);
        };
    """
    opened = visit(script=script)
    opened.press("Space")
    opened.until("watch")
    opened.page.evaluate("slow = true; decoded = 0")
    frame = opened.play.status["frame"]
    opened.sees(lambda: opened.play.status["frame"] > frame + 10, "time stood still")
    # One is being decoded, and the others wait for nobody.
    assert opened.page.evaluate("decoded") == 1
    opened.page.evaluate("slow = false; waiting.forEach((go) => go())")
    seen = opened.play.status["frame"]
    opened.sees(
        lambda: opened.play.heard[-1].get("seen", 0) >= seen, "it never caught up"
    )
    assert opened.page.evaluate("decoded") < 10


def test_a_phone_has_a_thumb_for_the_stick_and_one_for_the_controls(visit: Open):
    for how in (PHONE, ON_ITS_SIDE):
        opened = visit(**how)
        size = how["viewport"]
        assert isinstance(size, dict)
        width = opened.page.evaluate("document.documentElement.scrollWidth")
        assert width == size["width"]
        stick, take, halt = (
            opened.page.query_selector(selector).bounding_box()
            for selector in (".stick .well", "#take", "#halt")
        )
        for box in (stick, take, halt):
            assert min(box["width"], box["height"]) >= 48
            assert box["y"] + box["height"] <= size["height"], "without scrolling"
        assert stick["x"] > take["x"] + take["width"]
        opened.page.click("#settings")
        opened.page.check("#hand-left")
        opened.close()
        stick, take = (
            opened.page.query_selector(selector).bounding_box()
            for selector in (".stick .well", "#take")
        )
        assert take["x"] > stick["x"] + stick["width"]
        opened.page.tap("#card-buttons .button")
        opened.until("watch")
        opened.page.tap("#take")
        opened.until("drive")
        opened.page.tap("#halt")
        opened.until("paused")


STATES: dict[str, dict[str, Any]] = {
    "ready": {},
    "watch": {"state": "playing"},
    "drive": {"state": "playing", "driver": "person"},
    "paused": {"state": "paused", "driver": "person", "locked": "stale"},
    "stale": {"state": "playing", "locked": "stale"},
    "over": {"state": "over", "ending": "terminated", "undoable": 2.1},
    "done": {"state": "done", "kept": 3},
}


def looks() -> Iterator[Any]:
    """Every task in every size and scheme; each size and scheme once in every run."""
    for kind, (size, how), scheme in itertools.product(
        ("lander", "cart"), (("wide", {}), ("small", PHONE)), ("light", "dark")
    ):
        first = (kind == "lander") == ((size == "wide") == (scheme == "light"))
        marks = () if first else pytest.mark.soak
        yield pytest.param(kind, how, scheme, id=f"{kind}-{size}-{scheme}", marks=marks)


@pytest.mark.parametrize(("kind", "how", "scheme"), list(looks()))
def test_no_state_keeps_anybody_out(
    visit: Open, kind: str, how: dict[str, Any], scheme: str
):
    # A card that is about to appear has no contrast yet.
    opened = visit(
        Play(hello(kind)), color_scheme=scheme, reduced_motion="reduce", **how
    )
    for state, changes in STATES.items():
        opened.play.status.update(status(**changes))
        opened.until(state)
        assert serious_findings(opened.page) == [], state
    opened.page.click("#settings")
    assert serious_findings(opened.page) == [], "settings"
    opened.close()
    opened.page.click("#help")
    assert serious_findings(opened.page) == [], "help"


def test_another_page_watches_and_says_so(visit: Open):
    play = Play(role="watch")
    opened = visit(play)
    opened.press("Space")
    opened.down("ArrowUp")
    opened.page.wait_for_timeout(100)
    assert play.since() == []
    opened.page.click("#card-buttons .button")
    opened.hears("take")


def test_reduced_motion_moves_nothing(visit: Open):
    opened = visit(reduced_motion="reduce")
    durations = opened.page.evaluate("""
        [...document.querySelectorAll("*")].map((element) => {
          const style = getComputedStyle(element);
          const moves = style.transitionDuration !== "0s";
          return (moves && style.transitionProperty !== "none")
            || style.animationName !== "none";
        })
    """)
    assert not any(durations)


def test_all_files_of_the_play_page_weigh_at_most_150_kb(visit: Open):
    opened = visit()
    names = opened.page.evaluate("""
        performance.getEntriesByType("resource")
          .map((entry) => new URL(entry.name).pathname.split("/").pop())
    """)
    files = {"play.html", *(name for name in names if (PAGES / name).is_file())}
    assert {"play.js", "play-game.js", "play.css", "keys.js"} <= files
    assert sum((PAGES / name).stat().st_size for name in files) <= 150_000
