"""An expert of one's own is found, or a sentence says why not."""

import sys

import numpy as np
import pytest

from novice.experts.expert import UnknownExpertError
from novice.experts.find import callable_expert


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder of one's own, whose modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def refusal(spec: str) -> str:
    with pytest.raises(UnknownExpertError) as refused:
        callable_expert(spec)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_function_in_the_current_folder_is_an_expert(here):
    (here / "pilots.py").write_text("def steer(observation):\n    return 3\n")
    expert = callable_expert("pilots:steer")
    assert expert.name == "pilots:steer"
    assert expert.act(expert.start(), np.zeros(2)) == (3, ())


def test_a_function_in_a_package_is_an_expert(here):
    (here / "crew").mkdir()
    (here / "crew" / "__init__.py").touch()
    (here / "crew" / "pilots.py").write_text("def steer(observation): return 1\n")
    assert callable_expert("crew.pilots:steer").act((), None) == (1, ())


COUNTING = """
class Counter:
    def start(self):
        return 0
    def act(self, memory, observation):
        return 10 * memory, memory + 1
counter = Counter()
"""


@pytest.mark.parametrize("spec", ["counting:Counter", "counting:counter"])
def test_a_class_and_an_instance_with_a_memory_are_experts(here, spec):
    (here / "counting.py").write_text(COUNTING)
    expert = callable_expert(spec)
    assert expert.name == spec
    assert expert.act(expert.start(), None) == (0, 1)
    assert expert.act(4, None) == (40, 5)


def test_a_memory_begins_with_the_seed_where_the_class_wants_it(here):
    (here / "counting.py").write_text(COUNTING)
    (here / "knowing.py").write_text(
        COUNTING + "Counter.begin = lambda self, seed: 100 * seed\n"
    )
    assert callable_expert("counting:counter").begin(7) == 0
    assert callable_expert("knowing:counter").begin(7) == 700


def test_an_expert_that_knows_our_interface_is_itself(here):
    (here / "ours.py").write_text(
        "from novice.experts.expert import Law\n"
        "law = Law('my own name', lambda observation: 0)\n"
    )
    assert callable_expert("ours:law").name == "my own name"


def test_something_callable_is_an_expert(here):
    (here / "objects.py").write_text(
        "class Pilot:\n    def __call__(self, observation):\n        return 2\n"
        "pilot = Pilot()\n"
    )
    assert callable_expert("objects:pilot").act((), None) == (2, ())


@pytest.mark.parametrize("spec", ["pilots", "pilots:", ":steer"])
def test_a_name_without_both_halves_is_refused(spec):
    assert refusal(spec) == (
        f"an expert of one's own is written module:function, not {spec!r}"
    )


def test_a_file_is_refused_with_the_name_of_its_module():
    assert refusal("crew/pilots.py:steer") == (
        "'crew/pilots.py:steer' names a file; an expert is named by its module, as in"
        " crew.pilots:steer"
    )


def test_an_unknown_module_is_refused_with_the_nearest(here):
    (here / "pilots.py").touch()
    assert refusal("pilot:steer") == (
        "there is no module 'pilot' here or among what is installed; did you mean"
        " 'pilots'?"
    )


def test_an_unknown_module_like_no_other_is_refused():
    assert refusal("zzzz:steer") == (
        "there is no module 'zzzz' here or among what is installed"
    )


def test_an_unknown_function_is_refused_with_the_nearest(here):
    (here / "pilots.py").write_text("def steer(observation): return 3\n")
    assert refusal("pilots:ster") == (
        "module 'pilots' has no 'ster'; did you mean 'steer'?"
    )


def test_something_that_cannot_be_called_is_refused(here):
    (here / "pilots.py").write_text("steer = 3\n")
    assert refusal("pilots:steer") == (
        "'pilots:steer' is 3, which cannot be called; an expert is a function from an"
        " observation to an action, or a class with `start` and `act`"
    )


def test_a_class_that_does_not_advise_is_refused(here):
    (here / "pilots.py").write_text("class Pilot:\n    pass\n")
    assert refusal("pilots:Pilot") == (
        "'pilots:Pilot' is a class without `start` and `act`; an expert is a function"
        " from an observation to an action, or a class with both"
    )


def test_a_class_that_needs_arguments_is_refused(here):
    (here / "counting.py").write_text(
        COUNTING + "class Needy(Counter):\n    def __init__(self, x): ...\n"
    )
    assert refusal("counting:Needy").startswith(
        "'counting:Needy' cannot be made without arguments: TypeError: "
    )


def test_a_module_that_fails_is_refused_with_its_line(here):
    (here / "pilots.py").write_text("speed = 1\nspeed / 0\n")
    assert refusal("pilots:steer") == (
        "module 'pilots' cannot be imported: ZeroDivisionError: division by zero"
        " (pilots.py, line 2)"
    )


def test_a_module_that_is_no_python_is_refused_with_its_line(here):
    (here / "pilots.py").write_text("speed = 1\n\ndef (:\n")
    assert refusal("pilots:steer") == (
        "module 'pilots' cannot be imported: SyntaxError: invalid syntax"
        " (pilots.py, line 3)"
    )


def test_a_module_that_needs_something_absent_is_refused_with_its_line(here):
    (here / "pilots.py").write_text("\nimport no_such_package\n")
    assert refusal("pilots:steer") == (
        "module 'pilots' cannot be imported: ModuleNotFoundError: No module named"
        " 'no_such_package' (pilots.py, line 2)"
    )


@pytest.mark.parametrize(
    "failure",
    ["import json\n\njson.loads('{')\n", "import numpy\n\nnumpy.stack([])\n"],
)
def test_a_failure_inside_a_library_is_placed_in_ones_own_file(here, failure):
    (here / "pilots.py").write_text(failure)
    assert refusal("pilots:steer").endswith("(pilots.py, line 3)")


def test_a_module_named_from_nowhere_is_refused():
    assert refusal(".pilots:steer").startswith(
        "module '.pilots' cannot be imported: TypeError: "
    )
