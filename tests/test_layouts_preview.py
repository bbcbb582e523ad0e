"""What a form says before and after it is submitted."""

from __future__ import annotations

import math

import pytest
from dash import html

from layouts.preview import (
    Pace,
    asked_for,
    foretold,
    known,
    send_label,
    told,
    told_again,
)
from tests.trees import links, text_of

NO_PACE = Pace(math.nan, "no file finished yet")
JOB = "/api/interface/tasks?job_id=0123456789"


def said(*given: object, pace: Pace = NO_PACE) -> str:
    groups, files, note = given
    return text_of(html.Div(foretold(groups, files, note, pace)))  # type: ignore[arg-type]


def test_groups_files_and_duration_are_foretold() -> None:
    assert said(234, 1872, "", pace=Pace(2496.0)) == (
        "234 groups with 1,872 files would be worked on. "
        "Expected duration: 45m 0s at 2,496/hr, the rate of now."
    )


def test_without_a_rate_the_reason_is_told() -> None:
    assert "Expected duration: no rate yet: no file finished yet." in said(1, 8, "")


def test_one_group_is_not_groups() -> None:
    assert said(1, 1, "").startswith("1 group with 1 file would")


def test_what_is_not_known_is_told_without_a_number() -> None:
    assert said(None, None, "The platform knows.", pace=Pace(80.0)) == "The platform knows."


def test_nothing_to_do_has_no_duration() -> None:
    assert said(0, 0, "") == "Nothing is left to do with these parameters."


@pytest.mark.parametrize(
    ("groups", "label"),
    [
        (None, "Submit"),
        (0, "Submit (nothing to do)"),
        (1, "Submit 1 group"),
        (12345, "Submit 12,345 groups"),
    ],
)
def test_the_button_says_what_it_submits(groups: int | None, label: str) -> None:
    assert send_label(groups) == label


@pytest.mark.parametrize(
    ("created", "words"), [(True, "submitted"), (False, "exists already (✓ completed)")]
)
def test_what_became_of_a_submission_is_told_with_a_link(created: bool, words: str) -> None:
    answer = html.Div(told("0123456789", created, "completed"))
    assert words in text_of(answer)
    assert links(answer) == [JOB]


def test_a_job_that_exists_is_linked_and_a_failed_one_offered_again() -> None:
    failed = html.Div(known("0123456789", "failed", True, 4))
    assert links(failed) == [JOB]
    assert "exists already (✕ failed)" in text_of(failed)
    assert "“Run again” does what failed" in text_of(failed)


@pytest.mark.parametrize(("status", "told"), [("completed", True), ("processing", False)])
def test_groups_that_came_after_a_completed_job_are_told(status: str, told: bool) -> None:
    words = text_of(html.Div(known("0123456789", status, False, 4)))
    assert ("4 groups came since: a job for them needs another parameter." in words) is told
    assert "Run again" not in words


@pytest.mark.parametrize(
    ("tasks", "done", "words"),
    [
        (1, 5, "is run again: 1 task to do; 5 stay done."),
        (2, 0, "is run again: 2 tasks to do."),
        (None, None, "was sent to the platform again (○ queued)."),
    ],
)
def test_what_is_done_again_is_told_with_a_link(
    tasks: int | None, done: int | None, words: str
) -> None:
    answer = html.Div(told_again("0123456789", "queued", tasks, done))
    assert words in text_of(answer)
    assert links(answer) == [JOB]


def test_what_is_missing_is_asked_for_by_its_name() -> None:
    assert asked_for(["Region", "Year"], False).endswith("job would do, fill in Region and Year.")
    assert asked_for([], True).endswith("job would do, mend what is marked.")
    assert asked_for(["Region"], True).endswith("fill in Region and mend what is marked.")
