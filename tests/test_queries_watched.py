"""Answers that are read once for all who look."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import OperationalError

from queries.watched import Watched


class Source:
    """A database that counts who asks it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False
        self.slow = threading.Event()
        self.slow.set()

    def take(self, key: str) -> str | None:
        self.asked.append(key)
        self.slow.wait(5)
        if self.away:
            raise OperationalError("SELECT", {}, Exception("it is away"))
        return None if key == "nothing" else f"{key} {len(self.asked)}"


@pytest.fixture
def source() -> Source:
    return Source()


def test_within_an_interval_one_reading_serves_all(source: Source) -> None:
    watched = Watched(source.take, 60)
    assert [watched.latest("a").value for _ in range(3)] == ["a 1"] * 3
    assert watched.latest("b").value == "b 2"
    assert source.asked == ["a", "b"]


def test_after_an_interval_it_is_read_again(source: Source) -> None:
    watched = Watched(source.take, 0)
    assert [watched.latest("a").value for _ in range(2)] == ["a 1", "a 2"]


def test_who_wants_new_numbers_gets_them_at_once(source: Source) -> None:
    watched = Watched(source.take, 60)
    watched.latest("a")
    assert watched.latest("a", renew=True).value == "a 2"
    assert watched.latest("a").value == "a 2"


def test_those_who_ask_while_it_is_read_share_the_reading(source: Source) -> None:
    watched = Watched(source.take, 60)
    source.slow.clear()
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(watched.latest, "a") for _ in range(8)]
        while not source.asked:
            time.sleep(0.01)
        source.slow.set()
        assert {answer.result().value for answer in answers} == {"a 1"}


def test_what_is_not_there_is_not_found(source: Source) -> None:
    answer = Watched(source.take, 60).latest("nothing")
    assert (answer.value, answer.found, answer.error) == (None, False, None)


def test_a_database_that_is_away_leaves_the_last_value_with_its_age(source: Source) -> None:
    watched = Watched(source.take, 0)
    taken = watched.latest("a").taken
    source.away = True
    answer = watched.latest("a")
    assert (answer.value, answer.found, answer.taken) == ("a 1", True, taken)
    assert "it is away" in (answer.error or "")
    source.away = False
    assert watched.latest("a").error is None


def test_a_database_that_was_never_there_has_found_out_nothing(source: Source) -> None:
    source.away = True
    answer = Watched(source.take, 60).latest("a")
    assert (answer.value, answer.found) == (None, True)


def test_only_the_latest_keys_are_kept(source: Source) -> None:
    watched = Watched(source.take, 60)
    for number in range(watched.LARGEST + 1):
        watched.latest(str(number))
    watched.latest("0")
    watched.latest(str(watched.LARGEST))
    assert source.asked.count("0") == 2
    assert source.asked.count(str(watched.LARGEST)) == 1
