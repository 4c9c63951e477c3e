"""Colours of the page: told apart by everybody, and read on their ground."""

from __future__ import annotations

import re
from importlib import resources
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

Floats = npt.NDArray[np.float64]

# Machado, Oliveira and Fernandes (2009), A physiologically-based model for simulation of color vision deficiency, IEEE
# TVCG 15(6), severity 1.0; on linear RGB.
DEFICIENCIES = {
    "none": np.eye(3),
    "protan": np.array([[0.152286, 1.052583, -0.204868],
                        [0.114503, 0.786281, 0.099216],
                        [-0.003882, -0.048116, 1.051998]]),
    "deutan": np.array([[0.367322, 0.860646, -0.227968],
                        [0.280085, 0.672501, 0.047413],
                        [-0.011820, 0.042940, 0.968881]]),
    "tritan": np.array([[1.255528, -0.076749, -0.178779],
                        [-0.078411, 0.930809, 0.147602],
                        [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip
VIEWS = (("met", "not_met", "planned", "not_judged"), ("always", "sometimes", "never", "not_judged"))
LEAST_DIFFERENCE = 20.0  # CIE76; 2.3 is just noticeable side by side, dots lie apart


def data(name: str) -> str:
    return (resources.files("quarterhour") / "data" / "map" / name).read_text(encoding="utf-8")


def colours() -> dict[str, str]:
    block = data("base.js").split("const quarterhourColours = {")[1].split("\n};")[0]
    return dict(re.findall(r"\b(\w+): \"(#[0-9a-f]{6})\"", block))


def ramp() -> list[str]:
    found = re.search(r"share: \[([^\]]*)\]", data("base.js"))
    assert found is not None
    return re.findall(r"#[0-9a-f]{6}", found[1])


def linear(colour: str) -> Floats:
    part = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(rgb: Floats) -> Floats:
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    )
    ratio = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def luminance(colour: str) -> float:
    return float(np.array([0.2126, 0.7152, 0.0722]) @ linear(colour))


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("view", VIEWS)
def test_states_are_told_apart_under_each_colour_deficiency(deficiency: str, view: tuple[str, ...]) -> None:
    seen = {name: lab(DEFICIENCIES[deficiency] @ linear(colours()[name])) for name in view}
    apart = {(a, b): float(np.linalg.norm(seen[a] - seen[b])) for a, b in combinations(view, 2)}
    assert min(apart.values()) >= LEAST_DIFFERENCE, apart


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_the_ramp_of_shares_grows_lighter_step_by_step_the_worst_darkest(deficiency: str) -> None:
    light = [lab(DEFICIENCIES[deficiency] @ linear(colour))[0] for colour in ramp()]
    assert len(light) == 5 and min(np.diff(light)) > 8


def test_words_on_chips_tabs_and_ribbon_have_a_contrast_of_four_and_a_half() -> None:
    style = data("base.css")
    chips = re.findall(r"\.qh-(met|not_met|planned|always|sometimes|never|not_judged) \{ background: (#\w{6})", style)
    assert len(chips) == 7
    assert {name: contrast(colour, "#ffffff") for name, colour in chips if contrast(colour, "#ffffff") < 4.5} == {}
    for words, ground in (
        ("#ffffff", "#1f5fa8"),
        ("#6b4a00", "#fff1c9"),
        ("#5d636c", "#ffffff"),
        ("#b93a0e", "#ffffff"),
    ):
        assert words == "#ffffff" or words in style
        assert contrast(words, ground) >= 4.5


WHAT_IF = {
    "bars": (r"\.qh-track i (?:b|b \+ b|b\.qh-less)? ?\{[^}]*background: (#\w{6})", 4),
    "marks": (r"\.qh-(?:tried|shut) b \{ background: (#\w{6})", 2),
}


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("part", WHAT_IF)
def test_what_is_tried_is_told_apart_under_each_colour_deficiency(deficiency: str, part: str) -> None:
    pattern, count = WHAT_IF[part]
    found = re.findall(pattern, data("what_if.css")) + ([colours()["site"]] if part == "marks" else [])
    assert len(found) == count + (part == "marks")
    seen = [lab(DEFICIENCIES[deficiency] @ linear(colour)) for colour in found]
    apart = [float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)]
    assert min(apart) >= LEAST_DIFFERENCE, dict(zip(combinations(found, 2), apart, strict=True))
