"""What a run's owner relies on, tried in a browser against the real server."""

import contextlib
import io
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inbox.asking import a_question, an_episode, says
from inbox.axe import all_findings
from inbox.serving import PLENTY, WORDS, Album, served
from inbox.visiting import Seen
from inbox.windows import Windows
from novice.inbox import overview as overviews
from novice.inbox.security import Doorkeeper
from novice.inbox.server import label_app
from novice.inbox.store import Inbox, SavedClip

PHONE = {"viewport": {"width": 360, "height": 740}}
WIDE = {"viewport": {"width": 1600, "height": 900}}
# Whatever a name from outside manages to run would set this.
ALARM = (
    "window.alert = () => { window.hacked = true };"
    "document.addEventListener('securitypolicyviolation',"
    " (e) => { (window.broken ??= []).push(e.violatedDirective) });"
)
EVIL = "<img src=x onerror=alert(1)>"


def clip() -> SavedClip:
    """Two frames: the earlier one red, the moment itself green."""
    strip = Image.new("RGB", (20, 20), (255, 0, 0))
    strip.paste((0, 255, 0), (0, 10, 20, 20))
    content = io.BytesIO()
    strip.save(content, "PNG")
    return SavedClip(content.getvalue(), "image/png", 2, 20, 10, 20.0)


def course(rounds: int) -> list[dict[str, Any]]:
    return [
        {
            "round": number,
            "labels": 50 * (number + 1),
            "human_seconds": 120.0 * (number + 1),
            "return": {
                "mean": 40.0 * number - 100,
                "ci95": [40.0 * number - 130, 40.0 * number - 80],
            },
        }
        for number in range(rounds)
    ]


@dataclass
class Run:
    """A run that people answer, and its server."""

    folder: Path
    inbox: Inbox
    people: Doorkeeper
    asked: int = 0

    def two_answer(self, count: int, *, alike: Callable[[int], bool]) -> None:
        """Ana and Bob answer so many moments; where not `alike`, differently."""
        answers = []
        for question in range(self.asked + 1, self.asked + count + 1):
            odd = float(question % 2)
            said = odd if alike(question) else 1 - odd
            answers += [
                says(question, "ana", actions=((odd,),)),
                says(question, "Bob", actions=((said,),)),
            ]
        self.inbox.store(answers)
        self.asked += count


@dataclass
class Page(Seen):
    """An open overview, and what went wrong in it."""

    errors: list[str] = field(default_factory=list)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A run with 60 questions that two people are asked."""
    monkeypatch.setattr(overviews, "YOUNGEST", 0.0)
    folder = tmp_path / "run"
    with contextlib.closing(Inbox(folder / "dataset" / "inbox.sqlite")) as inbox:
        questions = [a_question(step, wanted=2) for step in range(60)]
        inbox.add_visit(0, [an_episode()], questions)
        inbox.tell("words", WORDS)
        inbox.tell("task", {"id": "CartPole-v1", "kwargs": {}, "folder": "."})
        inbox.tell("budget", {"labels": 200, "minutes": None})
        inbox.tell("phase", "waiting")
        yield Run(folder, inbox, Doorkeeper(folder))


Open = Callable[..., Page]


@pytest.fixture
def visit(browser: Windows, run: Run) -> Iterator[Open]:
    """Open the overview of the run; at the end no script of it may have failed."""
    pages: list[Page] = []
    album = Album(strip=clip())
    app = label_app(
        run.folder, run.people, run.inbox, album, answers=PLENTY, bad_tokens=PLENTY
    )
    with ExitStack() as stack:
        port = stack.enter_context(served(app))

        def open_page(role: str = "owner", who: str = "ana", **context: Any) -> Page:
            token = run.people.invite(who, role)
            page = stack.enter_context(browser.window(**context)).new_page()
            page.add_init_script(ALARM)
            page.set_default_timeout(10_000)
            one = Page(page)
            page.on("pageerror", lambda error: one.errors.append(str(error)))
            page.goto(f"http://127.0.0.1:{port}/overview?token={token}")
            one.wait("document.querySelector('#live-text').innerText === 'Live'")
            pages.append(one)
            return one

        yield open_page
        for each in pages:
            assert each.errors == []
            assert each.page.evaluate("[window.hacked, window.broken]") == [None, None]


def test_a_run_that_nobody_has_answered_says_what_to_do(visit: Open):
    page = visit()

    assert "The curve begins when the first round" in page.text("#course-reading")
    assert page.text("#chart") == "No curve yet."
    assert "Invite a second one" in page.text("#pairs-reading")
    assert "Has not answered yet." in page.text("#people")
    assert "60 asked of two people. Nobody sees which." in page.text("#measuring")
    assert not page.page.is_visible("#actions-card")
    assert page.page.title() == "run · overview · novice"


def test_what_two_people_said_is_there_in_numbers_and_in_words(visit: Open, run: Run):
    run.two_answer(20, alike=lambda question: question > 4)
    run.inbox.tell("course", course(3))
    page = visit()

    assert "40\nof 200" in page.text("#figures")
    people = page.text("#people")
    assert "ana" in people and "Bob" in people and "owner" in people
    # 16 of 20 alike where half would be by chance: (0.8 - 0.5) / 0.5.
    assert "0.60 [" in page.text("#pairs")
    assert "20 moments" in page.text("#pairs")
    assert "still uncertain" in page.text("#pairs")
    assert "80 % [" in page.text("#actions")
    assert page.page.locator("#contradictions > li").count() == 4
    assert "left" in page.text("#contradictions li:first-child")


def test_the_curve_is_there_for_who_cannot_see_it(visit: Open, run: Run):
    run.inbox.tell("course", course(4))
    page = visit()

    assert page.page.locator("#chart circle").count() == 4
    assert page.page.locator("#chart svg").get_attribute("role") == "img"
    assert "After 200 labels: return 20" in page.page.text_content("#curve-says")
    assert page.page.text_content("#curve-title") == (
        "Return against minutes of people’s time"
    )
    page.page.get_by_role("radio", name="Labels").check()
    page.reads("labels", "#chart")
    assert page.page.text_content("#curve-title") == "Return against labels"
    page.page.click("#course-numbers summary")
    rows = page.page.locator("#course-table tbody tr").all_inner_texts()
    assert rows[0].split() == ["0", "50", "2", "min", "−100", "−130", "to", "−80"]
    first = page.page.text_content("#chart .mark title")
    assert first == "50 labels, 2 min: return −100 [−130, −80]"


def test_new_answers_appear_by_themselves(visit: Open, run: Run):
    page = visit()
    assert page.text("#figures .number") == "0"

    run.two_answer(5, alike=lambda question: False)
    run.inbox.tell("phase", "finished")

    page.wait("document.querySelector('#figures .number').innerText === '10'")
    page.reads("5 moments", "#pairs")
    page.reads("finished", "#stage")
    page.wait("document.querySelectorAll('#contradictions > li').length === 5")


def test_what_has_not_changed_is_not_drawn_anew(visit: Open, run: Run):
    run.two_answer(3, alike=lambda question: False)
    page = visit()
    page.page.evaluate(
        "document.querySelector('#pairs table').dataset.kept = 'yes';"
        "document.querySelector('#contradictions li').dataset.kept = 'yes'"
    )

    run.inbox.tell("course", course(2))

    page.wait("document.querySelectorAll('#chart circle').length === 2")
    kept = "document.querySelector('#pairs table').dataset.kept"
    assert page.page.evaluate(kept) == "yes"
    assert page.page.evaluate("document.querySelectorAll('[data-kept]').length") == 2


def test_a_contradiction_shows_the_moment_itself(visit: Open, run: Run):
    run.two_answer(1, alike=lambda question: False)
    page = visit(role="observer", who="eve")

    pixel = (
        "(() => { const c = document.querySelector('#contradictions canvas');"
        " return [c.width, c.height,"
        " ...c.getContext('2d').getImageData(3, 3, 1, 1).data].join() })()"
    )
    page.wait(f"{pixel} === '20,10,0,255,0,255'")
    label = page.page.get_attribute("#contradictions canvas", "aria-label")
    assert label == "The moment: Visit 1, step 0"
    assert not page.page.is_visible("#answer")


def test_many_contradictions_wait_until_they_are_wanted(visit: Open, run: Run):
    run.two_answer(10, alike=lambda question: False)
    page = visit()
    shown = page.page.locator("#contradictions > li")
    assert shown.count() == 6

    page.page.click("#more")

    assert shown.count() == 10
    assert not page.page.is_visible("#more")
    focused = "[...document.querySelector('#contradictions').children].indexOf"
    assert page.page.evaluate(f"{focused}(document.activeElement)") == 6


def test_no_name_becomes_markup(visit: Open, run: Run):
    evil = {"name": EVIL, "keys": [], "place": None}
    run.inbox.tell("words", {"action": {"kind": "discrete", "choices": [evil, evil]}})
    run.inbox.tell("run", EVIL)
    run.inbox.tell("phase", EVIL)
    run.inbox.tell("alive", time.time() + 3600)
    run.inbox.tell("task", {"id": EVIL})
    run.inbox.store([says(1, EVIL, actions=((0.0,),))])
    run.inbox.store([says(1, "</title><script>alert(1)</script>", actions=((1.0,),))])
    page = visit(who="ana <script>alert(1)</script>")

    for place in ("#task", "#run", "#stage", "#people", "#pairs", "#contradictions"):
        assert EVIL in page.text(place), place
    assert EVIL in page.text("#actions")
    assert page.page.locator("img, main script").count() == 0


def test_who_is_not_welcome_any_more_is_told_so(visit: Open, run: Run):
    page = visit()

    run.people.revoke("ana")

    page.reads("open the address that was printed in the terminal", "#live")
    assert page.page.get_attribute("#live", "data-state") == "out"


def test_without_a_server_the_numbers_are_called_old(visit: Open, run: Run):
    run.two_answer(2, alike=lambda question: True)
    page = visit()

    page.page.context.set_offline(True)
    page.reads("Offline: these are older numbers", "#live")
    assert page.text("#figures .number") == "4"
    page.page.context.set_offline(False)

    page.wait("document.querySelector('#live').dataset.state === 'live'")


PUSH = {
    "kind": "real",
    "low": [-1],
    "high": [1],
    "half_range": [1.0],
    "names": ["push"],
    "units": [""],
}


def test_weights_are_shown_where_they_count(visit: Open, run: Run):
    """Choices are doubted, not weighed: a weight would say nothing about them."""
    run.two_answer(30, alike=lambda question: question % 3 > 0)
    run.inbox.tell("answers", "weighted")
    page = visit()
    page.reads("as far as its author is reliable", "#people-reading")
    heads = page.page.locator("#people thead th")
    assert "Weight" not in heads.all_inner_texts()

    run.inbox.tell("words", {"observation": [], "action": PUSH})

    page.reads("×", "#people")


STATES: dict[str, Callable[[Run], None]] = {
    "nothing": lambda run: None,
    "one person": lambda run: run.inbox.store([says(1), says(2)]) and None,
    "a crowd": lambda run: (
        run.inbox.tell("course", course(6)),
        run.two_answer(40, alike=lambda question: question % 3 > 0),
        run.people.invite("Prof. Lindqvist-Papadopoulos of the north", "observer"),
        run.inbox.tell("simulated", True),
        None,
    )[-1],
}


@pytest.mark.parametrize(
    ("window", "scheme"),
    [
        pytest.param(WIDE, "light", id="wide-light"),
        pytest.param(PHONE, "dark", id="phone-dark"),
        pytest.param(WIDE, "dark", id="wide-dark", marks=pytest.mark.soak),
        pytest.param(PHONE, "light", id="phone-light", marks=pytest.mark.soak),
    ],
)
@pytest.mark.parametrize("state", STATES)
def test_everybody_can_use_it(
    visit: Open, run: Run, state: str, window: dict[str, Any], scheme: str
):
    STATES[state](run)
    page = visit(color_scheme=scheme, **window)

    assert all_findings(page.page) == []
    beyond = page.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert beyond <= 0
    sizes = page.page.evaluate(
        "[...document.querySelectorAll('a, button, summary, #against label')]"
        ".filter(e => e.offsetParent).map(e => e.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 24


def test_it_asks_only_where_it_came_from_and_weighs_little(visit: Open):
    page = visit()
    told = page.page.evaluate(
        "performance.getEntriesByType('resource').map(e => [e.name, e.transferSize])"
    )

    origin = page.page.evaluate("location.origin")
    assert all(name.startswith(origin + "/") for name, _ in told)
    assert 0 < sum(size for _, size in told) < 40_000
