"""The parameters of a question: read and checked, told by name where they are wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from http import HTTPStatus

from werkzeug.datastructures import MultiDict

from api.problems import Problem
from queries.paging import LARGEST_SIZE, Paging

LAST_PAGE = 1_000_000
PAGING = ("page", "size", "sort")
PLAIN_SIZE = 50


def wrong(name: str, expected: str, given: str | None = None) -> Problem:
    """The problem of a parameter that is wrong: its name, and what is expected."""
    got = "" if given is None else f", got '{given[:100]}'"
    detail = f"{name}: expected {expected}{got}"
    return Problem(HTTPStatus.BAD_REQUEST, detail, parameter=name, expected=expected)


class Parameters:
    """What a question gives. Raises Problem for a parameter that is not among `allowed`, or that no
    database can hold; `noun` says what those are, `also` are allowed and not told."""

    def __init__(
        self,
        given: MultiDict[str, str],
        allowed: Iterable[str],
        noun: str = "parameter",
        also: Collection[str] = (),
    ) -> None:
        names = list(allowed)
        for name in given:
            if name not in names and name not in also:
                expected = "one of: " + ", ".join(names) if names else "no parameters"
                detail = f"'{name[:100]}' is no {noun}; expected {expected}"
                raise Problem(
                    HTTPStatus.BAD_REQUEST, detail, parameter=name[:100], expected=expected
                )
            if any("\0" in value for value in given.getlist(name)):
                raise wrong(name, "text without NUL characters")
        self._given = given

    def many(self, name: str) -> tuple[str, ...]:
        """The values of a parameter that may be repeated; empty ones say nothing."""
        return tuple(value for value in self._given.getlist(name) if value)

    def values(self, name: str) -> tuple[str, ...]:
        """All values of a parameter; an empty one is a value like any other."""
        return tuple(self._given.getlist(name))

    def one(self, name: str, default: str = "") -> str:
        """The value of a parameter that stands at the most once."""
        values = self.many(name)
        if len(values) > 1:
            raise wrong(name, "one value", ", ".join(values))
        return values[0] if values else default

    def choice(self, name: str, choices: Collection[str], default: str = "") -> str:
        """The value of a parameter that has to be one of some."""
        value = self.one(name, default)
        if value not in choices:
            raise wrong(name, "one of: " + ", ".join(choices), value)
        return value

    def choices(self, name: str, choices: Collection[str]) -> tuple[str, ...]:
        """The values of a parameter, each of which has to be one of some."""
        values = self.many(name)
        for value in values:
            if value not in choices:
                raise wrong(name, "one of: " + ", ".join(choices), value)
        return values

    def whole(self, name: str, default: int, most: int) -> int:
        """A whole number from 1."""
        return _whole(name, self.one(name, str(default)), 1, most)

    def wholes(self, name: str, most: int) -> tuple[int, ...]:
        """Whole numbers from 0."""
        return tuple(_whole(name, value, 0, most) for value in self.many(name))

    def paging(self, sorts: Collection[str]) -> Paging:
        """Which page is asked for, of what size and in which order."""
        sort = self.one("sort")
        if sort.removeprefix("-") not in ("", *sorts):
            expected = "one of: " + ", ".join(sorts) + "; with - before it for descending"
            raise wrong("sort", expected, sort)
        page = self.whole("page", 1, LAST_PAGE)
        return Paging(page, self.whole("size", PLAIN_SIZE, LARGEST_SIZE), sort)


def _whole(name: str, value: str, least: int, most: int) -> int:
    if not re.fullmatch("[0-9]{1,9}", value) or not least <= int(value) <= most:
        raise wrong(name, f"a whole number from {least} to {most}", value)
    return int(value)
