"""Come to the states of the page on which a policy drives and a person takes over."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from inbox.fake_play_server import LANDER_BUTTONS, Play, axis, hello, serving, status
from studio.camera import Camera, State, opened
from studio.playing import until

# A link that can be cut so that nobody answers any more.
UNPLUGGED = """
    const Real = WebSocket;
    window.WebSocket = class extends Real {
      constructor(...all) {
        if (window.unplugged) all[0] = "ws://127.0.0.1:9/";
        super(...all);
        window.line = this;
      }
    };
"""
PATIENT = {"stale_after": 30}  # A machine that takes pictures is slow.
EARLIER = {"total_reward": -42.7, "steps": 31, "interventions": 1, "person_steps": 14}

Do = Callable[[Any, Play], None]


def nothing(page: Any, play: Play) -> None:
    """Leave the page as it comes."""


@dataclass(frozen=True, kw_only=True)
class TakeoverState(State):
    """A state of the page, and how to come to it."""

    play: Callable[[], Play] = lambda: Play(hello(**PATIENT), status(**EARLIER))
    do: Do = nothing
    script: str = ""


def of(kind: str = "lander", **other: Any) -> Callable[[], Play]:
    """A task of this kind in which somebody drove already."""
    return lambda: Play(hello(kind, **PATIENT | other), status(**EARLIER))


def watch(page: Any, play: Play) -> None:
    """Let the policy drive."""
    page.keyboard.press("Space")
    until(page, "watch")
    page.wait_for_timeout(900)


def drive(page: Any, play: Play) -> None:
    """Take the controls, and steer."""
    watch(page, play)
    page.keyboard.press("Space")
    until(page, "drive")
    page.keyboard.down("ArrowUp")
    page.wait_for_timeout(600)
    page.keyboard.down("ArrowRight")
    page.wait_for_timeout(300)


def only_press(page: Any, play: Play) -> None:
    """Press an action's key while the policy drives."""
    watch(page, play)
    page.keyboard.press("ArrowLeft")


def hand_back(page: Any, play: Play) -> None:
    """Drive for a while, and give the controls back."""
    drive(page, play)
    page.keyboard.press("Space")
    until(page, "watch")


def pause(page: Any, play: Play) -> None:
    """Pause while driving."""
    drive(page, play)
    page.keyboard.press("p")
    until(page, "paused")


def stall(page: Any, play: Play) -> None:
    """Drive until no picture comes any more."""
    drive(page, play)
    play.deaf = play.frozen = True
    until(page, "stale")


def stall_for_a_while(page: Any, play: Play) -> None:
    """Drive until pictures come late."""
    drive(page, play)
    play.frozen = True
    until(page, "paused")
    play.frozen = False


def unplug(page: Any, play: Play) -> None:
    """Drive until the link is lost."""
    drive(page, play)
    page.evaluate("unplugged = true; line.close()")
    until(page, "lost")


def hold(page: Any, play: Play) -> None:
    """Drive as long as the key is held."""
    watch(page, play)
    page.keyboard.down("Space")
    until(page, "drive")
    page.keyboard.down("ArrowUp")
    page.wait_for_timeout(500)


def end(page: Any, play: Play) -> None:
    """Drive until the episode ends."""
    drive(page, play)
    play.status.update(state="over", ending="terminated", undoable=2.1)
    until(page, "over")


def finish(page: Any, play: Play) -> None:
    """Come to the end of all episodes."""
    drive(page, play)
    play.status.update(state="done", kept=3, saved=684, episode=3)
    until(page, "done")


def open_dialog(name: str) -> Do:
    """Open the help or the settings."""

    def do(page: Any, play: Play) -> None:
        page.click(f"#{name}")

    return do


def change_keys(page: Any, play: Play) -> None:
    """Give a command another key, and try one that is taken."""
    page.click("#settings")
    page.click(".key-setting:has-text('Take the controls') button")
    page.keyboard.press("KeyC")
    page.click(".key-setting:has-text('lateral engine −') button")
    page.keyboard.press("KeyP")


def steer_with_a_stick(page: Any, play: Play) -> None:
    """Take the controls with a trigger, and push a stick."""
    watch(page, play)
    page.evaluate("press(7, true)")
    until(page, "drive")
    page.evaluate("press(7, false)")
    page.wait_for_timeout(200)
    page.evaluate("gamepad.axes = [0.7, -0.5, 0, 0]")
    page.wait_for_timeout(500)
    page.evaluate("document.querySelector('#lines').scrollIntoView(false)")


class Walking(Play):
    """A task with four numbers, of which the person moves two."""

    def step(self) -> None:
        super().step()
        policy = self.status["policy_action"]
        self.status["policy_action"] = [*policy, -policy[0], 0.4 * policy[1]]
        person = self.status["driver"] == "person"
        rest = [0.0, 0.0] if person else self.status["policy_action"][2:]
        self.status["action"] = [*self.status["action"], *rest]


def four_numbers() -> Play:
    """A task with two sticks."""
    names = ["hip 1", "knee 1", "hip 2", "knee 2"]
    keys = [("KeyA", "KeyD"), ("KeyS", "KeyW")]
    buttons = [dict(button) for button in LANDER_BUTTONS]
    for number, pair in enumerate(keys, start=2):
        buttons += [
            {"name": f"{names[number]} {sign}", "keys": [key], "place": None}
            | {"group": number}
            for sign, key in zip("−+", pair, strict=True)
        ]
    for button in buttons[:4]:
        name = names[button["group"]]
        button |= {"name": f"{name} {button['name'][-1]}"}
    content = hello(axes=[axis(name) for name in names], **PATIENT)
    action = {"kind": "real", "low": [-1] * 4, "high": [1] * 4, "names": names}
    words = {**content["words"], "action": action | {"units": [""] * 4}}
    others = {"task": "BipedalWalker-v3", "groups": names, "buttons": buttons}
    return Walking(content | others | {"words": words}, status(**EARLIER))


def show_takeover(browser: Any, camera: Camera, states: list[TakeoverState]) -> None:
    """Take the pictures of these states."""
    for state in camera.wanted_of(states):
        for size, scheme, ending in state.views():
            play = state.play()
            with (
                serving(play) as address,
                opened(browser, size, color_scheme=scheme) as page,
            ):
                if state.script:
                    page.add_init_script(state.script)
                page.goto(address)
                until(page, "ready" if play.role == "play" else "watching")
                page.wait_for_timeout(300)
                state.do(page, play)
                page.wait_for_timeout(250)
                camera.shoot(page, state.name, ending)
