"""Options of any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layouts.choices import LONGEST_LABEL, option


def test_an_option_is_its_value() -> None:
    assert option("rwa") == {"label": "rwa", "value": "rwa"}
    assert option("rwa", "rwa (1,872)") == {"label": "rwa (1,872)", "value": "rwa"}
    assert option(2030) == {"label": "2030", "value": 2030}


def test_a_long_label_is_shortened_and_keeps_its_end() -> None:
    value = "a" * 20_000 + "z"
    long = option(value, f"{value} (3)")
    label = str(long["label"])
    assert (len(label), label[:2], label[-5:]) == (LONGEST_LABEL, "aa", "z (3)")
    assert long["value"] == value
    assert str(long["title"]) == value[:1000]


@pytest.mark.parametrize("value", ["__proto__", "a__PROTO__b__proto__", "__proto" * 9 + "__"])
def test_no_label_is_a_key_that_means_something(value: str) -> None:
    label = str(option(value)["label"])
    assert "__proto__" not in label.lower()
    assert label.replace("\u2060", "") == value
    assert option(value)["value"] == value


@given(st.text(max_size=300))
def test_a_label_is_never_longer_than_it_may_be(value: str) -> None:
    label = str(option(value)["label"]).replace("\u2060", "")
    assert len(label) <= LONGEST_LABEL
    assert label == value or len(value) > LONGEST_LABEL
