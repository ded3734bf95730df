"""Where there is no display, MuJoCo is drawn without one."""

import sys

import pytest

from novice.envs.display import drawn_without_display


@pytest.fixture(autouse=True)
def on_linux(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "linux")


def test_without_a_display_mujoco_is_drawn_by_egl():
    empty = {"DISPLAY": "", "HOME": "/"}

    assert drawn_without_display(empty) == {"MUJOCO_GL": "egl"}


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY", "MUJOCO_GL"])
def test_a_display_or_somebodys_choice_is_left_alone(name: str):
    assert drawn_without_display({name: "one"}) == {}


def test_elsewhere_there_is_no_egl(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "darwin")

    assert drawn_without_display({}) == {}
