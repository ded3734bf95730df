"""Take the pictures of docs/gradient.md from the lab's own page, and write it.

`.venv/bin/python docs/gradient_pictures.py` runs `novice lab gradient` with its
defaults and opens its report in Chromium; every number on the page is one that it
found.
"""

import io
import json
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from studio.camera import with_few_colors

from novice.app.report.gradient import (
    BECOME,
    agreement_sentence,
    cosine_of,
    data_sentence,
    listed,
    noise_sentence,
    truth_sentence,
    weight_sentence,
)

HERE = Path(__file__).resolve().parent
PICTURES = HERE / "gradient"
CHROMIUM = "/usr/bin/chromium"
# What is cut out of the report: the parts between these two, both included.
PARTS = {
    "data": (".multiples >> nth=0", "p.legend >> nth=0"),
    "weights": ("p.legend >> nth=1", "svg.wide >> nth=0"),
    "directions": (".multiples >> nth=1", "p.legend >> nth=2"),
    "truth": (".multiples >> nth=2", ".multiples >> nth=2"),
}
BEGINNING = """\
# Two gradients, one function

Whoever watches an expert and whoever practices climb two different hills. In novice
they do it with the same function, `fit` in `learning/fit.py`:

    Σ weight · ∇ log π(action | observation) / divisor

It is not told who uses it. The whole difference is in what it is given.

| | watching (BC) | practicing (REINFORCE) |
|---|---|---|
| a row comes from | the expert, x ~ g(x) | the policy itself, x ~ p_θ(x) |
| its action weighs | 1 | rewards that followed, less what was to be expected |
| the sum is divided by | rows | trajectories |
| it is the gradient of | the expert's log-likelihood | the expected return |

The second has a twist that the first lacks: the data depend on θ. ∇ E_{x∼g}[f_θ(x)] is
E[∇ f_θ(x)], as nothing else moves. ∇ E_{x∼p_θ}[f(x)] has to say how the data move, and
comes out as E[f(x) ∇ log p_θ(x)], of which only the policy's own probabilities depend
on θ: the task need not be known. Here is what that means, measured on
"""
MIDDLE = {
    "data": "Where the data comes from",
    "weights": "What each action weighs",
    "directions": "What the two directions are",
    "truth": "Against the exact gradient",
}
ALT = {
    "data": "Clouds of states: the expert's stays, the policy's own moves",
    "weights": "The weight of each action in one episode, for each way to weigh",
    "directions": "Both directions as arrows, for three policies",
    "truth": "The steps of many batches, beside the exact gradient",
}


def shot(page: Page, first: str, last: str) -> Image.Image:
    """A picture of the page from one of its parts to another."""
    boxes = [page.locator(each).bounding_box() for each in (first, last)]
    top, bottom = boxes
    if top is None or bottom is None:
        sys.exit(f"the report has no {first} or no {last}")
    clip = {
        "x": top["x"] - 8,
        "y": top["y"] - 8,
        "width": max(top["width"], bottom["width"]) + 16,
        "height": bottom["y"] + bottom["height"] - top["y"] + 16,
    }
    taken = page.screenshot(full_page=True, clip=clip)
    return Image.open(io.BytesIO(taken)).convert("RGB")


def sentences(summary: Mapping[str, Any]) -> dict[str, str]:
    """What each picture says, in the numbers of the run."""
    cosines = [
        f"{cosine_of(each)} {BECOME[each['name']]}" for each in summary["points"]
    ]
    across, up = summary["expert"]["axes"]
    return {
        "data": (
            f"{data_sentence(summary)} In the picture, {across} lies across and {up}"
            " up."
        ),
        "weights": f"{weight_sentence(summary)} {noise_sentence(summary)}",
        "directions": (
            f"The cosine between the two is {listed(cosines)}; the shade is its 95 %"
            " interval over episodes. A supervised step follows the green arrow, a step"
            f" of practice the blue one. {agreement_sentence(summary['points'])}"
        ),
        "truth": truth_sentence(summary["truth"]),
    }


def written(summary: Mapping[str, Any]) -> str:
    """docs/gradient.md."""
    told = sentences(summary)
    start = (
        f"{summary['env']}, with {summary['episodes']} episodes a side and"
        f" {summary['steps']} steps of each kind:"
    )
    pieces = [BEGINNING + textwrap.fill(start, 88), ""]
    for name, title in MIDDLE.items():
        sentence = told[name].replace("\N{NO-BREAK SPACE}", " ")
        pieces += [
            f"## {title}",
            "",
            textwrap.fill(sentence, 88, break_on_hyphens=False),
            "",
            f"![{ALT[name]}](gradient/{name}.png)",
            "",
        ]
    end = (
        "So practice pays in episodes for what it gains: nobody has to know what is"
        " right, and no place is left out that the policy gets into; but its steps are"
        " noisy, and the data must be gathered anew after each. Imitation is sure of"
        " its direction at once, and never looks at where the policy goes. DAgger"
        " changes only the first row of the table: the policy goes, and the expert"
        " says what it should have done there."
    )
    again = (
        "`novice lab gradient [TASK]` measures it on a task of yours, with intervals"
        " over episodes. All of it is of one training; `--seed 1` is another. This page"
        " is made by"
        " `.venv/bin/python docs/gradient_pictures.py`."
    )
    pieces += [textwrap.fill(end, 88), "", textwrap.fill(again, 88)]
    return "\n".join(pieces) + "\n"


def main() -> None:
    """Run the lab, take the pictures and write the page."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place) / "lab"
        command = [sys.executable, "-m", "novice", "lab", "gradient", "--out", folder]
        subprocess.run(list(map(str, command)), check=True)
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 760, "height": 900})
        page.goto(f"file://{folder / 'report.html'}")
        for name, (first, last) in PARTS.items():
            few = with_few_colors(shot(page, first, last))
            few.save(PICTURES / f"{name}.png", optimize=True)
        browser.close()
        summary = json.loads((folder / "summary.json").read_text())
    (HERE / "gradient.md").write_text(written(summary))
    kept = sum(path.stat().st_size for path in PICTURES.glob("*.png"))
    print(f"{kept / 1e3:.0f} kB of pictures in {PICTURES}")


if __name__ == "__main__":
    main()
