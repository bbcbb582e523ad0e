"""The style sheet's colours: readable in both themes, and apart for colour-blind eyes."""

from __future__ import annotations

import math
import re
from itertools import combinations

import pytest

from settings import SOURCE

SHEET = (SOURCE / "assets" / "20-theme.css").read_text()
PAIR = re.compile(r"--pm-([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
THEMES = ("light", "dark")
COLOURS = {
    theme: {name: pair[number] for name, *pair in PAIR.findall(SHEET)}
    for number, theme in enumerate(THEMES)
}
STATUSES = ("completed", "processing", "failed")
TEXTS = ("ink", "muted", "accent", *STATUSES)
# WCAG 2.2 AA: 4.5 for text (1.4.3), 3 for what else has to be seen (1.4.11).
TEXT, SHAPE = 4.5, 3.0
# How eyes without one kind of cones see linear RGB (Machado, Oliveira, Fernandes 2009, severity 1).
EYES = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
# CIE 1976 differences: 2.3 can just be noticed side by side; this is ten times as much.
APART = 23

Three = tuple[float, float, float]


def linear(colour: str) -> Three:
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return red, green, blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """The contrast ratio as WCAG 2 defines it."""
    light, dark = sorted((_luminance(linear(c)) for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(rgb: Three) -> float:
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]


def difference(one: str, other: str, eyes: tuple[Three, Three, Three]) -> float:
    """How far apart these eyes see two colours, in CIE L*a*b*."""
    return math.dist(_lab(_seen(linear(one), eyes)), _lab(_seen(linear(other), eyes)))


def _seen(rgb: Three, eyes: tuple[Three, Three, Three]) -> Three:
    red, green, blue = (
        min(1.0, max(0.0, sum(a * b for a, b in zip(row, rgb, strict=True)))) for row in eyes
    )
    return red, green, blue


def _lab(rgb: Three) -> Three:
    red, green, blue = rgb
    x = _root((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047)
    y = _root(_luminance(rgb))
    z = _root((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _root(t: float) -> float:
    return t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["paper", "ground", "notice"])
def test_every_text_is_readable(theme: str, ground: str) -> None:
    colours = COLOURS[theme]
    ratios = {name: contrast(colours[name], colours[ground]) for name in TEXTS}
    assert {name: ratio for name, ratio in ratios.items() if ratio < TEXT} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_a_button_in_the_accent_is_readable(theme: str) -> None:
    assert contrast(COLOURS[theme]["on-accent"], COLOURS[theme]["accent"]) >= TEXT


@pytest.mark.parametrize("theme", THEMES)
def test_each_part_of_a_bar_stands_out_from_its_track(theme: str) -> None:
    colours = COLOURS[theme]
    ratios = {name: contrast(colours[name], colours["track"]) for name in STATUSES}
    assert {name: ratio for name, ratio in ratios.items() if ratio < SHAPE} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_the_edge_of_a_field_is_seen(theme: str) -> None:
    colours = COLOURS[theme]
    assert min(contrast(colours["edge"], colours[on]) for on in ("paper", "ground")) >= SHAPE


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("eyes", EYES)
def test_the_statuses_stay_apart_for_all_eyes(theme: str, eyes: str) -> None:
    colours = COLOURS[theme]
    close = {
        pair: difference(colours[pair[0]], colours[pair[1]], EYES[eyes])
        for pair in combinations(STATUSES, 2)
    }
    assert {pair: apart for pair, apart in close.items() if apart < APART} == {}


def test_a_part_of_a_bar_is_told_by_its_pattern_too() -> None:
    sheet = (SOURCE / "assets" / "30-page.css").read_text()
    patterns = {
        name: re.sub(r"--pm-[a-z]+", "", rule)
        for name, rule in re.findall(r"\n\.segment\.(\w+) \{([^}]*)\}", sheet)
    }
    assert sorted(patterns) == sorted(STATUSES)
    assert len(set(patterns.values())) == len(STATUSES)
