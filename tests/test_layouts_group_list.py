"""The list of groups: which states a phase has."""

from __future__ import annotations

from layouts import ids
from layouts.group_list import group_list_page, states
from pipelines.models import Phase, Pipeline
from tests.trees import find, ids_of, written

EVERY = ["pending", "eligible", "processing", "failed", "completed"]


def without_tasks(pipeline: Pipeline) -> Pipeline:
    """The same phases, of whose tasks nothing is known."""
    phases = [
        Phase(id=phase.id, name=phase.name, completed_field=phase.completed_field)
        for phase in pipeline.phases
    ]
    return pipeline.model_copy(update={"phases": tuple(phases)})


def test_the_first_phase_has_no_eligible_groups_of_its_own(fathom: Pipeline) -> None:
    first, second = fathom.phases
    assert states(fathom, first) == [name for name in EVERY if name != "eligible"]
    assert states(fathom, second) == EVERY


def test_nobody_knows_what_is_processing_or_failed_of_a_phase_without_tasks(
    fathom: Pipeline,
) -> None:
    plain = without_tasks(fathom)
    first, second = plain.phases
    assert states(plain, first) == ["pending", "completed"]
    assert states(plain, second) == ["pending", "eligible", "completed"]
    page = group_list_page(plain, second, "pending", {})
    assert find(page, ids.href("groups.eligible")).children == "Eligible"
    assert written(ids.href("groups.failed")) not in ids_of(page)
