"""The HTML of a page has its numbers, whatever they are of."""

from __future__ import annotations

import pytest
from dash import Dash
from sqlalchemy import Engine

from layouts.links import PIPELINE
from queries.snapshots import Snapshots
from tests.factories import add_files

EVIL = '</div><script>alert("1")</script>'


def html_of(dashboard: Dash, path: str) -> str:
    return dashboard.server.test_client().get(path).text


def test_the_first_answer_carries_the_numbers(dashboard: Dash, snapshots: Snapshots) -> None:
    snapshots.renew("fathom")
    answer = html_of(dashboard, f"{PIPELINE}?type=fathom")
    view = answer.split('<div id="react-entry-point">')[0]
    assert '<div class="number"><span>3</span></div><div class="label">Total files' in view
    assert "FATHOM Flood Data Pipeline" in view


def test_before_the_first_reading_there_is_none(dashboard: Dash) -> None:
    assert 'class="first"' not in html_of(dashboard, f"{PIPELINE}?type=fathom")


@pytest.mark.parametrize("path", ["/nowhere", f"{PIPELINE}?type=none"])
def test_what_is_not_there_has_no_first_view(dashboard: Dash, path: str) -> None:
    assert 'class="first"' not in html_of(dashboard, path)


def test_values_of_the_tables_and_the_address_stay_text(
    dashboard: Dash, engine: Engine, snapshots: Snapshots
) -> None:
    with engine.begin() as connection:
        add_files(connection, 1, metadata={"region": EVIL})
    snapshots.renew("fathom")
    answer = dashboard.server.test_client().get(
        PIPELINE, query_string={"type": "fathom", "region": EVIL}
    )
    assert EVIL not in answer.text
    assert '<span>1</span></div><div class="label">Total files' in answer.text
