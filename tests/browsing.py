"""What the browser tests read from a page."""

from __future__ import annotations

from typing import Any

from dash.testing.browser import Browser

PAGE = "/api/interface/pipeline?type=fathom"


def slot(page: Browser, key: str, name: str = "text") -> Any:
    """The element of a slot of the open page."""
    return page.find_element(f"""[id^='{{"{name}":'][id$='.{key}"}}']""")


def text(page: Browser, key: str) -> str:
    """The text of a slot of the open page, behind a dialog too."""
    return str(slot(page, key).get_attribute("textContent"))


def count(page: Browser, key: str) -> int:
    """The number that a slot shows."""
    return int(text(page, key).replace(",", ""))


# Where a table has what: CSS selectors, as layouts/tables.py's component draws it.
PERCENTS = "td[data-dash-column$='percent']"
HEADER, CELL_TEXT = "th.dash-header", ".dash-cell-value"
NEXT, PREVIOUS = "button.next-page", "button.previous-page"


def cell(column: str) -> str:
    """The cells of a column."""
    return f"td[data-dash-column='{column}']"


def header(column: str) -> str:
    """The header of a column that sorts it."""
    return f"th[data-dash-column='{column}']"


def sorter(column: str) -> str:
    """The button that sorts by a column."""
    return f"{header(column)} .column-header--sort"


def filter_field(column: str) -> str:
    """The field that filters a column."""
    return f"th.dash-filter[data-dash-column='{column}'] input"


def cells(page: Browser, column: str, within: str = "") -> list[str]:
    """The texts of a column's cells, read at one moment."""
    selector = f"{within} {cell(column)}"
    texts = "[...document.querySelectorAll(arguments[0])].map((cell) => cell.innerText.trim())"
    found: list[str] = page.driver.execute_script(f"return {texts}", selector)
    return found


def severe(page: Browser) -> list[dict[str, Any]]:
    """The errors on the browser's console."""
    return [entry for entry in page.driver.get_log("browser") if entry["level"] == "SEVERE"]
