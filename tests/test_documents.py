"""Links of the Markdown files lead to files and headings that exist."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from settings import RENAMED, SOURCE

HIDDEN = re.compile(r"\.(?!github)|node_modules|build")


def ours(pattern: str) -> list[Path]:
    """The files of the repository; not what was installed or generated in it."""
    found = sorted(SOURCE.rglob(pattern))
    return [p for p in found if not any(map(HIDDEN.match, p.relative_to(SOURCE).parts))]


DOCUMENTS = ours("*.md")
CODE = re.compile(r"```.*?^ *```$|`[^`\n]*`", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


def prose(path: Path) -> str:
    """A document without code."""
    return CODE.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """The anchors that the hosting site makes of a document's headings."""
    # A heading may hold code, a block of code no heading.
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
    found: set[str] = set()
    for heading in HEADING.findall(text):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        base = name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        number = 0
        while name in found:
            number += 1
            name = f"{base}-{number}"
        found.add(name)
    return found


def broken(document: Path) -> list[str]:
    """The links of a document that lead nowhere; those to other sites are left out."""
    wrong = []
    for link in LINK.findall(prose(document)):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = unquote(link).partition("#")
        target = document.parent / place if place else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(SOURCE)))
def test_links_lead_somewhere(path: Path) -> None:
    assert broken(path) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# The `one` & other\n[a](#the-one--other) [b](#none) [c](gone.md) `[d](no)`")
    assert broken(page) == ["#none", "gone.md"]


def test_every_page_is_named_by_another() -> None:
    pages = [path for path in DOCUMENTS if path.parent == SOURCE / "docs"]
    linked = {
        (path.parent / link.partition("#")[0]).resolve()
        for path in DOCUMENTS
        for link in LINK.findall(prose(path))
    }
    assert len(pages) > 10
    assert [path.name for path in pages if path not in linked] == []


def test_renamed_settings_are_told_in_the_page_on_upgrades() -> None:
    page = (SOURCE / "docs" / "upgrade.md").read_text()
    assert all(f"`{old}`" in page and f"`{new}`" in page for old, new in RENAMED.items())


@pytest.mark.parametrize("path", ours("*.yml"), ids=lambda path: path.name)
def test_the_forms_of_the_issues_can_be_read(path: Path) -> None:
    form = yaml.safe_load(path.read_text())
    if path.name != "config.yml":
        assert {"name", "description", "body"} <= form.keys()
        assert all({"type", "attributes"} <= part.keys() for part in form["body"])
