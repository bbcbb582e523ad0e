"""What stands for values of any length and kind."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.value_keys import value_key
from queries.cube import meant

ODD = ["x" * 20_000, "x" * 20_001, "__proto__", "a__PROTO__b", "tab\t", "\u202ea", "≡x", "\ud800"]


@pytest.mark.parametrize("value", ["rwa", "", "Côte d'Ivoire", "a b", "2030", "toString", "日本"])
def test_a_usual_value_stands_for_itself(value: str) -> None:
    assert value_key(value) == value


def test_others_have_short_keys_of_their_own() -> None:
    keys = [value_key(value) for value in ODD]
    assert len(set(keys)) == len(ODD)
    assert all(len(key) == 17 and key.isprintable() and "__" not in key for key in keys)


@pytest.mark.parametrize("value", ODD)
def test_a_key_means_its_value_and_no_other(value: str) -> None:
    stored = pd.Series([*ODD, "rwa", "RWA"], dtype="category")
    assert meant(stored, [value_key(value)]) == {value}
    assert meant(stored, ["rwa", value_key(value)]) == {value, "rwa"}
    assert meant(stored, [value_key(value) + "0"]) == set()


@given(st.text())
def test_a_value_is_found_by_its_key(value: str) -> None:
    assert meant(pd.Series([value, "other"], dtype="category"), [value_key(value)]) == {value}
