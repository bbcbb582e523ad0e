"""What is not there is told, with the HTTP status too."""

from __future__ import annotations

import json

import pytest

from tests.tab import Tab


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/api/interface/pipeline", 200),
        ("/api/interface/pipeline?type=fathom&region=rwa", 200),
        ("/api/interface/pipeline?type=vector", 404),
        ("/api/interface/groups?type=%3Cb%3E&phase=phase1&state=failed", 404),
        ("/api/interface/tasks?job_id=abc", 200),
        ("/api/interface/jobs", 200),
        ("/api/interface/nothing", 404),
        ("/index.php", 404),
    ],
)
def test_the_status_of_a_page_says_whether_it_is_there(tab: Tab, path: str, status: int) -> None:
    answer = tab.get(path)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")


def test_a_page_that_is_not_there_is_told(tab: Tab) -> None:
    tab.open("/index.php")
    assert "There is no page “/index.php”." in json.dumps(tab.page, ensure_ascii=False)
