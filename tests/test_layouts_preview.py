"""What a form says before and after it is submitted."""

from __future__ import annotations

import math

import pytest
from dash import html

from layouts.preview import (
    Throughput,
    existing_lines,
    missing_text,
    preview_lines,
    rerun_text,
    send_label,
    submitted_text,
)
from tests.trees import links, text_of

NO_THROUGHPUT = Throughput(math.nan, "no file finished yet")
JOB = "/api/interface/tasks?job_id=0123456789"


def said(*given: object, throughput: Throughput = NO_THROUGHPUT) -> str:
    groups, files, note = given
    return text_of(html.Div(preview_lines(groups, files, note, throughput)))  # type: ignore[arg-type]


def test_groups_files_and_duration_are_estimated() -> None:
    assert said(234, 1872, "", throughput=Throughput(2496.0)) == (
        "234 groups with 1,872 files to process. "
        "Expected duration: 45m 0s at the current rate of 2,496/hr."
    )


def test_without_a_rate_the_reason_is_told() -> None:
    assert "Expected duration: unknown, no file finished yet." in said(1, 8, "")


def test_one_group_is_not_groups() -> None:
    assert said(1, 1, "").startswith("1 group with 1 file to process")


def test_what_is_not_known_is_told_without_a_number() -> None:
    assert (
        said(None, None, "The platform knows.", throughput=Throughput(80.0))
        == "The platform knows."
    )


def test_nothing_to_do_has_no_duration() -> None:
    assert said(0, 0, "") == "Nothing left to do with these parameters."


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
    ("created", "words"),
    [(True, "submitted"), (False, "was already submitted with these parameters (✓ completed)")],
)
def test_what_became_of_a_submission_is_told_with_a_link(created: bool, words: str) -> None:
    answer = html.Div(submitted_text("0123456789", created, "completed"))
    assert words in text_of(answer)
    assert links(answer) == [JOB]


def test_a_job_that_exists_is_linked_and_a_failed_one_offered_again() -> None:
    failed = html.Div(existing_lines("0123456789", "failed", True, 4))
    assert links(failed) == [JOB]
    assert "was already submitted with these parameters (✕ failed)" in text_of(failed)
    assert "“Run again” retries its failed tasks" in text_of(failed)


@pytest.mark.parametrize(("status", "mentioned"), [("completed", True), ("processing", False)])
def test_groups_that_came_after_a_completed_job_are_told(status: str, mentioned: bool) -> None:
    words = text_of(html.Div(existing_lines("0123456789", status, False, 4)))
    assert (
        "4 groups were added since. A job for them needs a different parameter." in words
    ) is mentioned
    assert "Run again" not in words


def test_one_group_that_came_later_is_not_groups() -> None:
    words = text_of(html.Div(existing_lines("0123456789", "completed", False, 1)))
    assert "1 group was added since." in words


@pytest.mark.parametrize(
    ("tasks", "done", "words"),
    [
        (1, 5, ": retrying 1 task; 5 kept."),
        (2, 0, ": retrying 2 tasks."),
        (None, None, "was sent to the platform again (○ queued)."),
    ],
)
def test_what_is_done_again_is_told_with_a_link(
    tasks: int | None, done: int | None, words: str
) -> None:
    answer = html.Div(rerun_text("0123456789", "queued", tasks, done))
    assert words in text_of(answer)
    assert links(answer) == [JOB]


def test_what_is_missing_is_asked_for_by_its_name() -> None:
    assert missing_text(["Region", "Year"], False).endswith(
        "For a preview, fill in Region and Year."
    )
    assert missing_text([], True).endswith("For a preview, fix the highlighted fields.")
    assert missing_text(["Region"], True).endswith("fill in Region and fix the highlighted fields.")
