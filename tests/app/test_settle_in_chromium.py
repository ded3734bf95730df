"""A person at the settling page in a real browser: keys go in, the ledger changes."""

import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.contradicting import WRONG, make_contradicting, right_row
from inbox.axe import all_findings
from inbox.conftest import browser  # noqa: F401
from inbox.serving import PLENTY, Album, served
from inbox.visiting import PHONE, Seen
from inbox.windows import Windows
from novice.app.data.choices import sides
from novice.app.data.provenance import labels_of
from novice.app.data.settle import docket_of
from novice.datasets.ledger import Entry, add_entry, read_ledger, read_verdicts
from novice.inbox.content import SavedClip
from novice.inbox.darkroom import NotDrawnError
from novice.inbox.security import Doorkeeper
from novice.inbox.settle_server import settle_app

# Whatever a name from outside manages to run would set this.
ALARM = (
    "window.alert = () => { window.hacked = true };"
    "document.addEventListener('securitypolicyviolation',"
    " (e) => { (window.broken ??= []).push(e.violatedDirective) });"
)
EVIL = "<img src=x onerror=alert(1)>"
READY = (
    "document.querySelector('[data-choice=left]')?.ariaDisabled === 'false'"
    " && document.querySelector('#saved').dataset.state === 'saved'"
)
WIDE = {"viewport": {"width": 1600, "height": 900}}
KEYS = {"left": "ArrowLeft", "right": "ArrowRight", "both": "ArrowUp"}


def clip() -> SavedClip:
    """Two frames: the earlier one red, the moment itself green."""
    strip = Image.new("RGB", (30, 40), (255, 0, 0))
    strip.paste((0, 160, 0), (0, 20, 30, 40))
    content = io.BytesIO()
    strip.save(content, "PNG")
    return SavedClip(content.getvalue(), "image/png", 2, 30, 20, 20.0)


@dataclass
class Page(Seen):
    """An open page, the run that it is about, and what went wrong."""

    run: Path
    errors: list[str] = field(default_factory=list)

    def ready(self) -> None:
        self.wait(READY)

    def settled(self, count: int) -> None:
        """Wait until so many pairs are settled, and the next one can be."""
        self.reads(f"{count} settled", "#count")

    def decide(self, key: str) -> None:
        """Press a key, and wait until something was said about it."""
        self.ready()
        before = self.text("#count")
        self.press(key)
        self.wait(
            f"document.querySelector('#count').innerText !== {json.dumps(before)}"
        )

    @property
    def pair(self) -> tuple[int, int]:
        """The rows of the pair on the screen, as its pictures were asked for."""
        found = self.page.evaluate(
            "[...document.querySelectorAll('.side')].map(s => s.dataset.row)"
        )
        one, other = sorted(map(int, found))
        return one, other

    @property
    def held(self) -> frozenset[int]:
        return read_verdicts(self.run / "dataset").quarantined


Open = Callable[..., Page]


@pytest.fixture(scope="module")
def contradicting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_contradicting(tmp_path_factory.mktemp("contradicting"))


@pytest.fixture
def run(contradicting: Path, workplace: Path) -> Path:
    """The run in the current folder."""
    shutil.copytree(contradicting, workplace / "run")
    return Path("run").resolve()


@pytest.fixture
def visit(browser: Windows, run: Path) -> Iterator[Open]:  # noqa: F811
    """Open the page of the run; at the end no script of it may have failed."""
    pages: list[Page] = []
    with ExitStack() as stack:

        def open_page(album: Album | None = None, role: str = "owner", **context: Any):
            people = Doorkeeper(run)
            docket = docket_of(labels_of(str(run)))
            album = album or Album(strip=clip())
            app = settle_app(people, docket, album, bad_tokens=PLENTY)
            port = stack.enter_context(served(app))
            page = stack.enter_context(browser.window(**context)).new_page()
            page.add_init_script(ALARM)
            page.set_default_timeout(10_000)
            one = Page(page, run)
            page.on("pageerror", lambda error: one.errors.append(str(error)))
            page.goto(f"http://127.0.0.1:{port}/?token={people.invite('kai', role)}")
            pages.append(one)
            return one

        yield open_page
        for each in pages:
            assert each.errors == []
            assert each.page.evaluate("[window.hacked, window.broken]") == [None, None]


def key_of_right(page: Page) -> str:
    """The key for the answer that was not turned around."""
    return KEYS["left" if sides(page.pair)[0] == right_row(page.pair) else "right"]


def test_keys_settle_every_pair_and_the_end_says_what_to_type(visit: Open):
    page = visit()
    page.ready()
    assert "21 to go" in page.text("#count")
    assert "Two equal moments" in page.text("#near")

    for settled in range(3):
        page.ready()
        page.press(key_of_right(page))
        page.settled(settled + 1)
        assert "dora’s" in page.text("#said") and "ed’s" in page.text("#said")

    page.reads("Every pair is settled", "#card")
    page.reads("3 pairs settled: 3 answers are set aside.", "#card")
    page.reads("novice bc app.homemade:Walk-v0", "#card pre")
    assert page.held == set(WRONG)
    assert page.text("#count") == "3 settled · none to go"
    assert all_findings(page.page) == []


def test_nobody_is_named_before_the_choice(visit: Open):
    page = visit()
    page.ready()

    shown = page.page.evaluate("document.documentElement.outerHTML")

    assert "dora" not in shown and ">ed<" not in shown
    assert page.page.locator(".author:visible").count() == 0
    page.press("z")  # There is nothing to go back to.
    assert page.text("#ask") == "Which answer is right?"


def test_going_back_shows_who_answered_and_another_choice_replaces(visit: Open):
    page = visit()
    page.ready()
    first = page.pair
    page.decide("ArrowUp")
    page.ready()
    assert page.held == frozenset()

    page.press("z")
    page.reads("1 back: you chose that both are fine", "#ask")
    assert page.pair == first
    assert "dora" in page.text(".side[data-side=left]") + page.text(
        ".side[data-side=right]"
    )
    assert "your choice" in page.text("[data-choice=both]")
    page.ready()
    assert all_findings(page.page) == []
    page.press("ArrowDown")
    page.reads("neither is right", "#said")

    assert page.held == set(first)
    assert page.text("#ask") == "Which answer is right?"


def test_a_decision_can_be_taken_back(visit: Open):
    page = visit()
    page.ready()
    first = page.pair
    page.decide("ArrowDown")
    assert page.held == set(first)
    page.ready()

    page.press("Backspace")
    page.reads("1 back", "#ask")
    page.ready()
    assert page.text("[data-choice=skip]").split("\n")[-1] == "Take it back"
    page.page.click("[data-choice=skip]")
    page.reads("0 settled · 21 to go", "#count")

    assert page.held == frozenset()
    assert [entry.what for entry in read_ledger(page.run / "dataset")][-1] == "reopen"


# Replies to what is asked at an address wait until they are released.
HOLD = """(address) => {
  const send = window.fetch;
  window.fetch = async (...asked) => {
    const reply = await send(...asked);
    if (String(asked[0]).includes(address)) await new Promise((go) => (window.go = go));
    return reply;
  };
}"""


@pytest.mark.parametrize(
    ("held", "keys"),
    [
        pytest.param("/api/decisions", ("ArrowUp", "z"), id="while-saving"),
        pytest.param("/api/decided", ("z", "ArrowUp"), id="overtaken"),
    ],
)
def test_looking_back_never_overtakes_a_decision(visit: Open, held, keys):
    page = visit()
    page.decide("ArrowUp")
    page.ready()
    second = page.pair
    page.page.evaluate(HOLD, held)

    page.press(keys[0])
    page.wait("Boolean(window.go)")
    page.press(keys[1])
    page.page.wait_for_timeout(300)
    assert page.text("#ask") == "Which answer is right?"
    page.page.evaluate("window.go()")
    page.settled(2)
    page.page.wait_for_timeout(300)

    page.ready()
    assert page.text("#ask") == "Which answer is right?"
    assert page.pair != second


def test_what_another_pair_changed_is_said_beside_what_was_chosen(visit: Open):
    page = visit()
    page.ready()
    first = page.pair
    page.decide("ArrowUp")
    page.ready()
    row = ((first[0], first[0]),)
    entry = Entry("quarantine", "lea", 1.0, because="asleep", rows=row)
    add_entry(page.run / "dataset", entry)

    page.press("z")

    side, other = (
        ("left", "right") if sides(first)[0] == first[0] else ("right", "left")
    )
    page.reads("1 back: you chose that both are fine", "#ask")
    page.reads(f"now only the {other} one counts", "#ask")
    page.reads(f"The {side} one stays aside: lea put it in quarantine: asleep", "#ask")
    assert "your choice" in page.text("[data-choice=both]")


def test_escape_returns_to_the_present_and_changes_nothing(visit: Open):
    page = visit()
    page.decide("ArrowUp")
    page.ready()
    second = page.pair
    page.press("z")
    page.reads("1 back", "#ask")
    entries = len(read_ledger(page.run / "dataset"))

    page.press("Escape")

    page.says("Which answer is right?", "#ask")
    assert page.pair == second
    assert len(read_ledger(page.run / "dataset")) == entries


def test_who_skips_everything_is_told_so_and_may_see_it_again(visit: Open):
    page = visit()
    for _ in range(21):
        page.decide("s")

    page.reads("The others were skipped", "#card")
    page.page.get_by_role("button", name="Show the skipped ones").click()
    page.says("Which answer is right?", "#ask")
    page.ready()


def test_after_a_restart_only_what_is_open_comes(visit: Open):
    page = visit()
    page.ready()
    first = page.pair
    page.decide("ArrowUp")

    again = visit()
    again.ready()

    assert "1 settled · 20 to go" in again.text("#count")
    assert again.pair != first
    again.press("z")
    again.reads("1 back: you chose that both are fine", "#ask")
    assert again.pair == first


def test_what_was_settled_elsewhere_is_said_and_the_next_pair_comes(visit: Open):
    page = visit()
    page.ready()
    first = page.pair
    entry = Entry("settle", "lea", 1.0, rows=tuple((r, r) for r in first), right=first)
    add_entry(page.run / "dataset", entry)

    page.press("ArrowLeft")

    page.reads("This pair was settled in another way meanwhile", "#said")
    page.wait(f"document.querySelector('.side').dataset.row !== '{first[0]}'")
    page.ready()
    assert page.pair != first and page.held == frozenset()


def test_a_key_before_both_moments_are_there_decides_nothing(visit: Open):
    page = visit(Album(strip=clip(), delay=2.0))
    page.reads("to go", "#count")

    page.press("ArrowLeft")

    page.reads("The pictures are still coming", "#said")
    page.ready()
    assert not (page.run / "dataset" / "ledger.json").exists()


def test_a_held_key_decides_once(visit: Open):
    page = visit()
    page.ready()
    page.down("ArrowUp")
    page.down("ArrowUp")
    page.down("ArrowUp")
    page.up("ArrowUp")
    page.settled(1)
    page.ready()

    assert len(read_ledger(page.run / "dataset")) == 1


def test_keys_rest_on_a_button_that_tab_has_reached(visit: Open):
    page = visit()
    page.ready()
    page.page.focus("[data-choice=both]")

    page.press("ArrowLeft")
    page.press("Escape")
    page.page.wait_for_timeout(100)

    assert page.page.evaluate("document.activeElement.id") == "stage"
    assert not (page.run / "dataset" / "ledger.json").exists()


def test_the_moment_is_shown_not_what_came_before(visit: Open):
    page = visit(reduced_motion="reduce")
    page.ready()

    for side in ("left", "right"):
        pixel = page.page.evaluate(
            f"(() => {{ const c = document.querySelector('[data-side={side}] canvas');"
            " return [c.width, c.height,"
            " ...c.getContext('2d').getImageData(3, 3, 1, 1).data].join() })()"
        )
        assert pixel == "30,20,0,160,0,255"
    assert page.page.is_visible("#replay")
    assert not page.page.is_visible(".side > .bars")
    page.page.click("#numbers")
    assert page.page.locator(".side > .bars:visible").count() == 2


def test_without_pictures_there_are_bars(visit: Open):
    page = visit(Album(error=NotDrawnError("the label came from elsewhere")))
    page.ready()

    assert page.page.locator(".side > .bars:visible").count() == 2
    assert not page.page.is_visible(".frame")
    why = page.page.get_attribute("#pair", "data-why")
    assert why == "No pictures: the label came from elsewhere"
    assert all_findings(page.page) == []


def test_no_name_becomes_markup(visit: Open, run: Path):
    path = run / "dataset" / "index.json"
    path.write_text(path.read_text().replace('"dora"', json.dumps(EVIL)))
    page = visit(Album(error=NotDrawnError(EVIL)))
    page.decide("ArrowUp")

    page.reads(EVIL, "#said")
    page.ready()
    page.press("z")
    page.reads(EVIL, "#pair")
    assert page.page.locator("img, main script").count() == 0


def test_who_is_not_the_owner_is_told_so(visit: Open):
    page = visit(role="labeler")

    page.reads("Which answers count is for the run's owner to decide.", "#card")
    assert page.page.locator("#choices button:enabled").count() == 0


def test_without_a_server_nothing_is_decided(visit: Open):
    page = visit()
    page.ready()
    first = page.pair

    page.page.context.set_offline(True)
    page.press("ArrowUp")
    page.reads("nothing was changed", "#said")
    page.page.context.set_offline(False)
    page.press("ArrowUp")

    page.settled(1)
    [entry] = read_ledger(page.run / "dataset")
    assert entry.pair == first


@pytest.mark.parametrize(
    ("window", "scheme"),
    [
        pytest.param(WIDE, "light", id="wide-light"),
        pytest.param(PHONE, "dark", id="phone-dark"),
        pytest.param(WIDE, "dark", id="wide-dark", marks=pytest.mark.soak),
        pytest.param(PHONE, "light", id="phone-light", marks=pytest.mark.soak),
    ],
)
def test_everybody_can_use_it(visit: Open, window: dict[str, Any], scheme: str):
    page = visit(color_scheme=scheme, **window)
    page.ready()

    assert all_findings(page.page) == []
    for _ in range(2):
        beyond = page.page.evaluate(
            "(e => e.scrollWidth - e.clientWidth)(document.documentElement)"
        )
        assert beyond <= 0
        sizes = page.page.evaluate(
            "[...document.querySelectorAll('button')].filter(e => e.offsetParent)"
            ".map(e => e.getBoundingClientRect().height)"
        )
        assert min(sizes) >= (48 if "is_mobile" in window else 40)
        page.page.click("[data-choice=both]")
        page.settled(1)
        page.ready()
        page.page.click("#back")
        page.reads("1 back", "#ask")
    assert all_findings(page.page) == []


def test_a_tap_settles_on_a_phone_without_scrolling(visit: Open):
    page = visit(**PHONE)
    page.ready()
    first = page.pair
    inside = page.page.evaluate(
        "[...document.querySelectorAll('#choices button')]"
        ".every(e => e.getBoundingClientRect().bottom <= innerHeight)"
    )
    assert inside

    page.page.tap("[data-choice=neither]")
    page.reads("neither is right", "#said")

    assert page.held == set(first)


def test_it_asks_only_where_it_came_from_and_weighs_little(visit: Open):
    page = visit()
    page.ready()
    told = page.page.evaluate(
        "performance.getEntriesByType('resource').map(e => [e.name, e.transferSize])"
    )

    origin = page.page.evaluate("location.origin")
    assert all(name.startswith(origin + "/") for name, _ in told)
    assert 0 < sum(size for _, size in told) < 45_000
