"""What a person who labels relies on, tried in a browser against a small server."""

from collections.abc import Callable
from typing import Any

import pytest

from inbox.fake_label_server import CARTPOLE, PAGES, Backend, drawn_clip
from inbox.visiting import (
    PHONE,
    READY,
    SAVED,
    TWO_LOOKS_AND_THE_OTHERS,
    Look,
    Open,
    Visit,
    actions_of,
    visit_to,
    words_of,
)
from novice.inbox.store import SavedClip

# ----------------------------------------------------------------------------- weight


def test_all_files_of_the_labeling_page_weigh_at_most_150_kb(visit: Open):
    one = visit()

    static = {url for url in one.backend.requests if "/static/" in url}
    names = {url.rpartition("/")[2] for url in static} | {"label.html"}

    assert len(names) > 10
    assert sum((PAGES / name).stat().st_size for name in names) <= 150_000


def test_nothing_is_fetched_from_anywhere_else(visit: Open):
    one = visit()
    one.press("ArrowLeft", "c", "Escape", "?", "Escape", "z")
    one.saved(1)

    assert len(one.backend.requests) > 20
    strangers = [url for url in one.backend.requests if not url.startswith(one.url)]
    assert [url for url in strangers if not url.startswith("blob:")] == []


# ---------------------------------------------------------------------------- answers


def test_one_key_is_one_answer_to_the_question_on_the_screen(visit: Open):
    one = visit()

    one.press("ArrowLeft", "2", "a", "KeyD", "Numpad1")

    rows = one.saved(5)
    assert [row["question"] for row in rows] == [1, 2, 3, 4, 5]
    assert actions_of(rows) == [[[0]], [[1]], [[0]], [[1]], [[0]]]
    assert {row["verdict"] for row in rows} == {"action"}
    assert {row["lease"] for row in rows} == {1}
    assert len({row["uuid"] for row in rows}) == 5
    assert all(len(row["uuid"]) == 32 for row in rows)
    assert all(0 <= row["seconds"] < 60 for row in rows)
    assert rows[0]["shown"] == {"clip": True, "consequences": False, "replays": 0}


@pytest.mark.parametrize(
    ("key", "verdict"), [("u", "unsure"), ("e", "any"), ("s", "skip"), ("f", "report")]
)
def test_every_honest_answer_has_its_key(visit: Open, key: str, verdict: str):
    one = visit()

    one.press(key)

    [row] = one.saved(1)
    assert (row["verdict"], row["actions"]) == (verdict, [])


def test_shift_collects_and_a_plain_key_answers_with_all(visit: Open):
    one = visit()

    one.press("Shift+ArrowLeft", "ArrowRight")
    one.press("Shift+2", "Shift+1", "Enter")
    one.press("Shift+1", "Shift+2", "Shift+1", "Enter")

    assert actions_of(one.saved(3)) == [[[0], [1]], [[1], [0]], [[1]]]


def test_x_and_a_key_say_that_it_is_wrong(visit: Open):
    one = visit()

    one.press("x", "ArrowRight", "x", "x", "ArrowRight", "x", "Escape", "ArrowLeft")

    rows = one.saved(3)
    assert [row["verdict"] for row in rows] == ["wrong", "action", "action"]
    assert actions_of(rows) == [[[1]], [[1]], [[0]]]


def test_every_button_does_what_its_key_does(visit: Open):
    one = visit()

    one.page.click("[data-place=right]")
    one.page.click("[data-command=unsure]")
    one.page.click("[data-command=wrong]")
    one.page.click("[data-place=left]")
    one.page.click("[data-command=several]")
    one.page.click("[data-place=left]")
    one.page.click("[data-place=right]")
    one.page.click("#commit")
    one.press("ArrowLeft")  # The keys act again after the mouse.

    rows = one.saved(5)
    verdicts = ["action", "unsure", "wrong", "action", "action"]
    assert [row["verdict"] for row in rows] == verdicts
    assert actions_of(rows) == [[[1]], [], [[0]], [[0], [1]], [[0]]]


def test_the_replays_are_counted(visit: Open):
    one = visit()

    one.press("Backquote", "Backquote", "ArrowLeft")

    assert one.saved(1)[0]["shown"]["replays"] == 2


def test_more_than_ten_choices_are_typed(visit: Open):
    choices = [{"name": f"move {n}", "keys": [], "place": None} for n in range(18)]
    words = words_of({"kind": "discrete", "choices": choices, "idle": 0})
    one = visit(Backend(words=words))

    one.press("1", "2", "Enter")
    one.press("9", "9", "Enter", "1", "7", "Backspace", "Enter")
    one.press("Shift+1", "Shift+Enter", "3", "Enter")
    one.page.click("text=move 5")

    assert actions_of(one.saved(4)) == [[[12]], [[1]], [[1], [3]], [[5]]]


def test_several_numbers_are_chosen_row_by_row(visit: Open):
    words = words_of({"kind": "several", "counts": [3, 2], "names": ["steer", "brake"]})
    one = visit(Backend(words=words))

    one.press("2", "Enter")
    one.reads("brake", "#said")
    one.press("1", "Enter", "0", "7", "0", "Enter", "ArrowRight", "1", "ArrowUp")
    one.press("ArrowDown", "0", "Enter")

    rows = one.saved(3)
    assert actions_of(rows)[:2] == [[[2, 1]], [[0, 0]]]
    assert len(actions_of(rows)[2][0]) == 2


def test_switches_are_toggled_and_entered(visit: Open):
    words = words_of({"kind": "switches", "count": 3, "names": ["a", "b", "c"]})
    one = visit(Backend(words=words))

    one.press("1", "3", "1", "2", "Enter", "Enter")

    assert actions_of(one.saved(2)) == [[[0, 1, 1]], [[0, 0, 0]]]


# ------------------------------------------------------------------------------- keys


def test_keys_of_the_browser_are_left_alone(visit: Open):
    one = visit()
    one.page.evaluate(
        """() => ["ctrlKey", "altKey", "metaKey", "repeat"].forEach((name) =>
             document.activeElement.dispatchEvent(new KeyboardEvent("keydown",
               {code: "ArrowLeft", key: "ArrowLeft", bubbles: true, [name]: true})))"""
    )
    one.press("ArrowRight")

    assert actions_of(one.saved(1)) == [[[1]]]


def test_keys_rest_while_a_control_has_the_focus(visit: Open):
    one = visit()
    one.page.focus("#help")
    one.press("ArrowLeft", "s")
    one.shows("#keys-rest")

    one.press("Escape", "ArrowRight")

    assert actions_of(one.saved(1)) == [[[1]]]
    one.shows("#keys-rest", visible=False)


def test_no_letter_is_a_choice_and_a_command(visit: Open):
    choices = [
        {"name": "down", "keys": ["ArrowDown", "KeyS", "Digit1"], "place": "down"},
        {"name": "up", "keys": ["ArrowUp", "KeyW", "Digit2"], "place": "up"},
    ]
    words = words_of({"kind": "discrete", "choices": choices, "idle": None})
    one = visit(Backend(words=words))

    assert one.page.get_attribute("[data-place=down]", "title") == "↓, 1"
    assert one.page.get_attribute("[data-place=up]", "title") == "↑, W, 2"
    one.press("s", "ArrowDown")

    assert [row["verdict"] for row in one.saved(2)] == ["skip", "action"]


def test_keys_can_be_remapped_and_turned_off(visit: Open):
    one = visit()
    one.page.click("#settings")
    one.page.click("button[aria-label^='Key of Skip']")
    one.press("e")
    one.reads("E is already Any is fine", ".key-message")
    one.page.click("button[aria-label^='Key of Skip']")
    one.press("n")
    one.page.click("button[aria-label^='Key of push left']")
    one.press("j")
    one.press("Escape")
    one.press("n", "j")
    rows = one.saved(2)
    assert [row["verdict"] for row in rows] == ["skip", "action"]
    assert rows[1]["actions"] == [[0]]

    one.page.reload()
    one.wait_for_question()
    one.press("n")
    one.saved(3)
    one.page.click("#settings")
    one.page.click("#shortcuts")
    one.press("Escape")
    one.press("ArrowLeft", "n")
    one.page.click("[data-place=right]")
    assert actions_of(one.saved(4))[3] == [[1]]


def test_help_lists_the_keys_and_h_the_instructions(visit: Open):
    one = visit(Backend(instructions="Keep it upright.\nNothing else."))

    one.press("?")
    one.reads("push left", "dialog")
    one.press("ArrowLeft", "Escape")
    one.wait("() => !document.querySelector('dialog[open]')")
    one.press("h")
    one.reads("Keep it upright.", "dialog")
    one.press("Escape", "ArrowRight")

    assert actions_of(one.saved(1)) == [[[1]]]


# ---------------------------------------------------------------------- nothing is lost


def test_a_burst_of_100_keys_loses_none_and_keeps_their_order(visit: Open):
    one = visit(Backend(clip_delay=0.03, answer_delay=0.05))
    typed = [n * n % 7 % 2 for n in range(100)]
    codes = ["ArrowLeft" if side == 0 else "ArrowRight" for side in typed]

    one.burst(codes)
    rows = one.saved(100)

    assert [row["actions"][0][0] for row in rows] == typed
    assert len({row["question"] for row in rows}) == 100
    # A key before its picture is no look at it, and says so.
    assert all(row["seconds"] == 0 for row in rows if row["shown"].get("early"))
    assert any(row["shown"].get("early") for row in rows)
    assert one.backend.most_in_flight == 1


def test_keys_that_found_no_question_never_answer_a_later_one(visit: Open):
    one = visit(Backend(questions=2))
    one.press("ArrowLeft", "ArrowLeft")
    one.wait("document.querySelector('#card').dataset.name === 'waiting'")
    one.press("ArrowRight", "ArrowRight")
    one.reads("did nothing", "#said")

    one.backend.questions = 4
    one.wait_for_question()
    one.press("u")

    assert [row["verdict"] for row in one.saved(3)] == ["action", "action", "unsure"]


def test_offline_answers_are_kept_and_sent_in_order(visit: Open):
    one = visit()
    one.page.context.set_offline(True)
    one.press("1", "2", "1", "1", "2")
    one.wait(
        "document.querySelector('#saved-text').textContent"
        " === 'Offline, 5 kept in this browser'"
    )
    assert one.backend.rows == []

    one.page.context.set_offline(False)

    rows = one.saved(5)
    assert [row["actions"][0][0] for row in rows] == [0, 1, 0, 0, 1]


def test_a_reload_sends_what_was_kept(visit: Open):
    one = visit()
    one.backend.refuse = (503, "the server starts")
    one.press("1", "2", "2")
    # A key that has not met its question yet is not an answer that is kept.
    one.wait("document.querySelector('#saved-text').textContent.includes('3 kept')")
    asked: list[str] = []
    one.page.on("dialog", lambda dialog: asked.append(dialog.type))
    one.backend.refuse = None
    one.backend.answer_delay = 0.3

    one.page.reload()

    rows = one.saved(3)
    assert [row["actions"][0][0] for row in rows] == [0, 1, 1]
    assert len({row["uuid"] for row in rows}) == 3
    assert asked == ["beforeunload"]


def test_what_another_run_left_is_kept_but_not_sent(visit: Open):
    one = visit()
    one.backend.refuse = (503, "the server starts")
    one.press("1")
    one.wait("document.querySelector('#saved').dataset.state === 'offline'")
    one.backend.refuse = None
    one.backend.answer_delay = 60
    one.backend.run = "another"

    one.page.reload()
    one.wait_for_question()

    one.reads("1 answer of another run or person is kept", "#notices")
    assert one.backend.rows == []


def test_a_lost_reply_stores_no_answer_twice(visit: Open):
    one = visit(Backend(lose_replies=2))

    one.press("1", "2")

    rows = one.saved(2)
    assert [row["actions"][0][0] for row in rows] == [0, 1]
    assert one.backend.received > 2


def test_a_refused_answer_does_not_hold_up_the_others(visit: Open):
    one = visit(Backend(bad={3}, answer_delay=0.3))

    one.press("1", "2", "1", "2")

    one.wait("document.querySelector('#notices').textContent.includes('question 3')")
    one.wait("document.querySelector('#saved-text').textContent.startsWith('Saving 1')")
    assert [row["question"] for row in one.backend.rows] == [1, 2, 4]


def test_a_full_disk_is_said_and_nothing_is_lost(visit: Open):
    one = visit()
    one.backend.refuse = (507, "cannot write /runs/x/inbox.sqlite: 0 bytes are free")
    one.press("1")
    one.wait(
        "document.querySelector('#saved-text').textContent.startsWith('Not saved')"
    )
    one.reads("0 bytes are free", "#notices")

    one.backend.refuse = None

    one.saved(1)
    one.wait("document.querySelector('#notices').textContent === ''")


def test_a_browser_without_storage_warns(visit: Open):
    script = "Object.defineProperty(window, 'indexedDB', {value: undefined})"
    one = visit(script=script)

    one.press("1")

    one.reads("keeps nothing for later", "#notices")
    one.saved(1)


# ------------------------------------------------------------------------ changing one


def test_back_changes_an_answer_and_keeps_both(visit: Open):
    one = visit()
    one.press("1", "1", "1")
    one.saved(3)

    one.press("z", "Backspace")
    one.wait("document.querySelector('.was') !== null")
    one.reads("2 back: you said push left", "#composed")
    one.press("2", "2")
    one.wait("document.querySelector('.was') === null")

    one.saved(4)
    rows = one.backend.rows
    assert [row["question"] for row in rows] == [1, 2, 3, 2, 4]
    assert [row["actions"][0][0] for row in rows] == [0, 0, 0, 1, 1]


def test_back_reaches_into_earlier_sittings(visit: Open):
    one = visit()
    one.press(*["1"] * 25)
    one.saved(25)
    one.page.reload()
    one.wait_for_question()
    one.press("2")
    one.saved(26)

    for back in range(1, 26):
        one.press("z")
        one.wait(
            f"document.querySelector('#composed').textContent.startsWith('{back} ')"
        )
    one.press("2")

    one.saved(26, rows=27)
    one.wait("document.querySelector('.was') === null")
    assert len(one.backend.rows) == 27
    assert one.backend.rows[-1]["question"] == 2
    assert one.backend.rows[-1]["actions"] == [[1]]
    one.press("1")
    assert one.saved(27)[-1]["question"] == 27


def test_escape_returns_without_an_answer(visit: Open):
    one = visit()
    one.press("1")
    one.saved(1)
    one.press("z")
    one.wait("document.querySelector('.was') !== null")

    one.press("Escape", "2")

    assert [row["question"] for row in one.saved(2)] == [1, 2]


def test_fingers_return_without_an_answer(visit: Open):
    one = visit(**PHONE)
    one.page.tap("[data-place=left]")
    one.saved(1)
    one.shows("#return", visible=False)
    one.page.tap("#back")
    one.wait("document.querySelector('.was') !== null")

    one.page.tap("#return")
    one.wait("document.querySelector('.was') === null")
    one.shows("#return", visible=False)
    one.page.tap("[data-place=right]")

    assert [row["question"] for row in one.saved(2)] == [1, 2]


def test_the_last_answers_can_be_clicked(visit: Open):
    one = visit()
    one.press("1", "2", "u")
    one.saved(3)

    one.page.click("#last li:nth-child(2) button")
    one.wait("document.querySelector('.was') !== null")
    one.press("1")

    one.wait("document.querySelector('.was') === null")
    one.wait(SAVED)
    one.press("1")
    one.saved(4)
    assert [row["question"] for row in one.backend.rows] == [1, 2, 3, 2, 4]


# ------------------------------------------------------------------------- the picture


def lit(one: Visit) -> int:
    ticks = "[...document.querySelectorAll('#ticks span')]"
    return one.page.evaluate(f"{ticks}.findIndex((each) => each.matches('.lit'))")


def test_the_clip_plays_once_and_rests_on_the_moment(visit: Open):
    one = visit()
    seen = one.page.evaluate(
        """() => new Promise((done) => {
             const seen = [];
             const start = performance.now();
             dispatchEvent(new KeyboardEvent("keydown", {code: "Backquote", key: "`"}));
             const look = () => {
               const all = [...document.querySelectorAll("#ticks span")];
               seen.push(all.findIndex((each) => each.matches(".lit")));
               if (performance.now() - start < 800) requestAnimationFrame(look);
               else done(seen);
             };
             look();
           })"""
    )

    assert seen[0] == 0
    assert seen == sorted(seen)
    assert seen[-1] == 11


def test_nothing_moves_for_who_wants_less_motion(visit: Open):
    one = visit(
        reduced_motion="reduce",
        script="""window.drawn = 0;
          const draw = CanvasRenderingContext2D.prototype.drawImage;
          CanvasRenderingContext2D.prototype.drawImage = function (...all) {
            window.drawn++;
            draw.apply(this, all);
          };""",
    )
    one.page.wait_for_timeout(300)

    assert one.page.evaluate("window.drawn") == 1
    assert lit(one) == 11


def test_a_task_without_a_picture_shows_its_numbers(visit: Open):
    one = visit(Backend(pictures=False))

    one.reads("angular speed", "#no-picture")
    one.reads("1.250 rad/s", "#no-picture")
    one.press("1")
    assert one.saved(1)[0]["shown"]["clip"] is False


def test_more_numbers_than_fit_can_be_scrolled_to(visit: Open):
    numbers = CARTPOLE["observation"][:1] * 30
    words = CARTPOLE | {"observation": numbers}
    one = visit(Backend(pictures=False, words=words), **PHONE)

    above = one.page.evaluate(
        """() => {
          const panel = document.querySelector("#no-picture");
          panel.scrollTop = 0;
          const first = document.querySelector(".bar").getBoundingClientRect();
          return panel.getBoundingClientRect().top - first.top;
        }"""
    )

    assert above <= 0


def consequences_of(names: int) -> Any:
    from inbox.fake_label_server import FRAMES, HEIGHT, WIDTH, drawn_clip

    content = drawn_clip(1)[0]
    branches = [
        {"actions": [n], "alike": [1 - n], "ended": n == 1} for n in range(names)
    ]
    return content, "image/png", FRAMES, WIDTH, HEIGHT, branches


def test_consequences_are_shown_answered_from_and_noted(visit: Open):
    one = visit(Backend(branches=consequences_of(2)))

    one.press("c")
    one.page.wait_for_selector(".branch")
    one.reads("looks the same as push right", ".branch >> nth=0")
    one.reads("episode ends", ".branch >> nth=1")
    one.page.click(".branch >> nth=1")
    one.press("c")
    one.page.wait_for_selector(".branch")
    one.press("ArrowLeft", "ArrowLeft")

    rows = one.saved(3)
    assert actions_of(rows) == [[[1]], [[0]], [[0]]]
    assert [row["shown"]["consequences"] for row in rows] == [True, True, False]


def test_consequences_stay_hidden_while_agreement_is_measured(visit: Open):
    one = visit(Backend(consequences=False, branches=consequences_of(2)))

    one.press("c", "1")

    one.shows("[data-command=consequences]", visible=False)
    assert one.saved(1)[0]["shown"]["consequences"] is False


def test_consequences_that_were_refused_were_not_seen(visit: Open):
    one = visit(Backend(branches=None))

    one.press("c")
    one.reads("No consequences: ", ".branches-wait")
    one.press("1")

    assert one.saved(1)[0]["shown"]["consequences"] is False


def test_a_hidden_page_does_not_count_as_looking(visit: Open):
    one = visit()
    hide = """(hidden) => {
      Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    one.page.evaluate(hide, True)
    one.page.wait_for_timeout(1500)
    one.page.evaluate(hide, False)
    shown_for = one.page.evaluate("performance.now()") / 1000

    one.press("1")

    assert one.saved(1)[0]["seconds"] < shown_for + 0.2 - 1.4


# ------------------------------------------------------------------ the run in between


def test_waiting_and_done_are_said(visit: Open):
    one = visit(Backend(questions=1))
    one.press("1")
    one.saved(1)
    one.wait("document.querySelector('#card').dataset.name === 'waiting'")
    one.reads("learning from your 1 answer", "#card")

    one.backend.training = False
    one.wait("document.querySelector('#card').textContent.includes('resting')")
    one.backend.news = [{"id": 1, "round": 3, "sentence": "Your answers: 83 → 140."}]
    one.backend.phase = "finished"
    one.wait("document.querySelector('#card').dataset.name === 'finished'")

    assert "thank you, ana" in one.text("#card").lower()
    one.reads("83 → 140", "#card")


def test_news_appear_once_and_take_no_focus(visit: Open):
    one = visit()
    one.backend.news = [{"id": 7, "round": 3, "sentence": "Return 83 → 140."}]
    one.press("1")
    one.page.wait_for_selector("text=Return 83 → 140.")
    assert one.page.evaluate("document.activeElement.id") == "stage"

    one.page.click("#notices .close")
    one.press("2")
    one.saved(2)

    assert one.text("#notices") == ""


def test_a_session_that_ended_says_what_to_do_and_goes_on(visit: Open):
    one = visit()
    one.backend.refuse = (401, "use the printed address")
    one.press("1")
    one.wait("document.querySelector('#card').dataset.name === 'expired'")
    one.reads("1 answer of yours is kept", "#card")
    one.press("1", "2")  # They answer nothing: no question is on the screen.

    one.backend.refuse = None
    one.page.click("#card button")

    one.saved(1)
    one.wait_for_question()
    one.press("2")
    assert len(one.saved(2)) == 2


def test_a_run_that_is_starting_is_waited_for(visit: Open):
    one = visit(Backend(refuse=(503, "the run is still starting")), ready=False)
    one.wait("document.querySelector('#card').dataset.name === 'starting'")
    one.reads("the run is still starting", "#card")

    one.backend.refuse = None

    one.wait_for_question()
    one.press("1")
    one.saved(1)


def test_our_own_server_takes_the_answers(browser: Any, desk: Any):
    desk.album.strip = SavedClip(*drawn_clip(1), 24.0)
    with visit_to(browser, desk) as one:
        one.press("1", "2", "Shift+1", "2", "x", "1", "u", "c")
        one.page.wait_for_selector(".branch")
        one.press("2")
        one.wait("document.querySelector('#saved-text').textContent === 'Saved 6'")
        one.wait("document.querySelectorAll('#last li:not([hidden])').length === 6")
        one.page.reload()
        one.wait(
            READY + " && document.querySelectorAll('#last li:not([hidden])').length"
        )
        one.press("z")
        one.wait("document.querySelector('.was') !== null")
        one.press("1")
        one.wait("document.querySelector('.was') === null && " + SAVED)
        one.press("e")
        while desk.inbox.answer_count() < 8:
            one.page.wait_for_timeout(20)
        one.wait(SAVED)

    kept = [each.answer for each in desk.inbox.answers_after(0)]
    assert one.errors == []
    verdicts = [
        "action",
        "action",
        "action",
        "wrong",
        "unsure",
        "action",
        "action",
        "any",
    ]
    assert [answer.verdict for answer in kept] == verdicts
    said = [answer.actions for answer in kept]
    both = ((0,), (1,))
    assert said == [((0,),), ((1,),), both, ((0,),), (), ((1,),), ((0,),), ()]
    assert [answer.shown["consequences"] for answer in kept].count(True) == 1
    assert kept[5].question == kept[6].question
    assert {answer.who for answer in kept} == {"ana"}


# ----------------------------------------------------------------------- for everybody

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "'\"></style><iframe srcdoc='<script>parent.alert(1)</script>'>",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_from_outside_are_shown_as_text(visit: Open, payload: str):
    choices = [
        {"name": payload, "keys": ["ArrowLeft", "Digit1"], "place": "left"},
        {"name": "right", "keys": ["ArrowRight", "Digit2"], "place": "right"},
    ]
    words = {
        "observation": [{"name": payload, "unit": payload, "low": None, "high": None}],
        "action": {"kind": "discrete", "choices": choices, "idle": None},
        "step_seconds": None,
    }
    news = [{"id": 1, "round": 1, "sentence": payload}]
    one = visit(
        Backend(
            words=words,
            task=payload,
            who=payload,
            run=payload,
            instructions=payload,
            news=news,
            branches=consequences_of(2),
            bad={2},
        )
    )
    before = one.page.evaluate("document.querySelectorAll('*').length")

    one.press("1", "1", "c")
    one.page.wait_for_selector(".branch")
    one.press("Escape", "h")
    one.reads(payload, "dialog")
    one.press("Escape", "?")
    one.reads(payload, "dialog")
    one.press("Escape", "z")

    for place in ("#task", "#phase", "#pad", "#bars", "#notices"):
        assert payload in one.page.text_content(place), place
    assert one.page.evaluate("window.hacked") is None
    assert one.page.query_selector("iframe, img, script:not([src])") is None
    assert before > 100


def states() -> dict[str, Callable[[Visit], None]]:
    def wait_for(*keys: str) -> Callable[[Visit], None]:
        return lambda one: one.press(*keys)

    def expire(one: Visit) -> None:
        one.backend.refuse = (401, "use the printed address")
        one.press("1")
        one.wait("document.querySelector('#card').dataset.name === 'expired'")

    def go_offline(one: Visit) -> None:
        one.page.context.set_offline(True)
        one.press("1")
        one.wait("document.querySelector('#saved').dataset.state === 'offline'")

    def run_dry(one: Visit) -> None:
        one.backend.questions = 0
        one.press(*["1"] * 12)
        one.wait("document.querySelector('#card').dataset.name === 'waiting'")

    def underrun(one: Visit) -> None:
        one.backend.clip_delay = 9
        one.press(*["1"] * 14)
        one.wait("!document.querySelector('#skeleton').hidden")

    def look_ahead(one: Visit) -> None:
        one.press("c")
        one.page.wait_for_selector(".branch")

    def look_back(one: Visit) -> None:
        one.press("1", "z")
        one.wait("document.querySelector('.was') !== null")

    return {
        "question": wait_for(),
        "several": wait_for("Shift+1", "Shift+2"),
        "wrong": wait_for("x"),
        "help": wait_for("?"),
        "instructions": wait_for("h"),
        "settings": lambda one: one.page.click("#settings"),
        "rests": lambda one: one.page.focus("#help"),
        "back": look_back,
        "ahead": look_ahead,
        "expired": expire,
        "offline": go_offline,
        "waiting": run_dry,
        "underrun": underrun,
    }


@pytest.mark.parametrize("looks", TWO_LOOKS_AND_THE_OTHERS)
@pytest.mark.parametrize("state", states())
def test_axe_finds_nothing_serious(visit: Open, state: str, looks: tuple[Look, ...]):
    news = [{"id": 1, "round": 1, "sentence": "Return 83 → 140."}]
    backend = Backend(branches=consequences_of(2), news=news)
    one = visit(backend, bypass_csp=True)
    states()[state](one)
    assert one.keeps_out(looks) == []


def test_buttons_on_a_phone_are_large_enough_for_a_thumb(visit: Open):
    one = visit(**PHONE)

    sizes = one.page.evaluate(
        """() => [...document.querySelectorAll(".choice, .verdict")]
             .map((each) => each.getBoundingClientRect())
             .filter((box) => box.width > 0)
             .map((box) => [box.width, box.height])"""
    )

    assert len(sizes) == 9
    assert min(min(size) for size in sizes) >= 48


def test_fingers_swipe_to_skip_and_tap_to_go_back(visit: Open):
    one = visit(**PHONE)
    protocol = one.page.context.new_cdp_session(one.page)

    def touch(kind: str, *points: tuple[int, int]) -> None:
        places = [{"x": x, "y": y, "id": id} for id, (x, y) in enumerate(points)]
        protocol.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    one.page.tap("[data-place=left]")
    touch("touchStart", (250, 180))
    touch("touchMove", (150, 182))
    touch("touchEnd")
    assert [row["verdict"] for row in one.saved(2)] == ["action", "skip"]

    touch("touchStart", (150, 180), (220, 180))
    touch("touchEnd")
    one.wait("document.querySelector('.was') !== null")
    one.reads("1 back: you said skip", "#composed")
