"""Opens a page in a browser that has never seen it, and tells when it showed what, and its cost."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from selenium.webdriver import Chrome

from tests.conftest import pytest_setup_options
from tests.monitor import wait_for

# What still comes when nothing has come for so long belongs to no first view.
QUIET_SECONDS = 1.0

# Runs before the page's own scripts. The first frame after the number was there shows it, the
# second tells that it has; none begins before the style sheets have come.
WATCH = """
window.__seen = {};
const wanted = %s;
const look = () => {
    for (const [name, { selector, text }] of Object.entries(wanted)) {
        const found = document.querySelector(selector);
        if (name in window.__seen || !found || !new RegExp(text).test(found.textContent)) continue;
        window.__seen[name] = null;
        requestAnimationFrame(() => requestAnimationFrame(() => {
            window.__seen[name] = performance.now();
        }));
    }
};
const everything = { childList: true, subtree: true, characterData: true };
new MutationObserver(look).observe(document, everything);
"""
LOADED = """
return [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .map((entry) => [entry.name, entry.transferSize]);
"""


@dataclass(frozen=True)
class Opened:
    """A page that was opened.

    first_ms, whole_ms: from the navigation's start to the first number, and to the whole page, on
    the screen; loaded: bytes over the network by URL, headers included; elsewhere: what was asked
    of hosts other than the page's.
    """

    first_ms: float
    whole_ms: float
    loaded: Mapping[str, int]
    elsewhere: tuple[str, ...]

    @property
    def kilobytes(self) -> float:
        """All that came over the network."""
        return sum(self.loaded.values()) / 1000

    @property
    def requests(self) -> int:
        """How often something was asked for."""
        return len(self.loaded)


def opened(url: str, first: str, whole: str) -> Opened:
    """Opens a page in a new browser.

    first: a CSS selector of what is to show a number (or a text, where it is the same as `whole`);
    whole: of what the page shows last.
    """
    options = pytest_setup_options()
    for argument in ("--headless", "--hide-scrollbars"):
        options.add_argument(argument)
    browser = Chrome(options=options)
    try:
        wanted = {
            "first": {"selector": first, "text": "\\d" if first != whole else "."},
            "whole": {"selector": whole, "text": "."},
        }
        source = {"source": WATCH % json.dumps(wanted)}
        browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", source)
        browser.get(url)
        wait_for(lambda: len(_seen(browser)) == len(wanted))
        loaded = _all_loaded(browser)
        seen = _seen(browser)
    finally:
        browser.quit()
    own = urlsplit(url).netloc
    elsewhere = tuple(name for name in loaded if urlsplit(name).netloc != own)
    return Opened(seen["first"], seen["whole"], loaded, elsewhere)


def _seen(browser: Chrome) -> dict[str, float]:
    """When each of what is wanted was on the screen, in ms; not yet what is not there."""
    seen: dict[str, float | None] = browser.execute_script("return window.__seen")
    return {name: when for name, when in seen.items() if when is not None}


def _all_loaded(browser: Chrome) -> dict[str, int]:
    """Bytes by URL, when no more come."""
    before: list[Any] = []
    while (now := browser.execute_script(LOADED)) != before:
        before = now
        time.sleep(QUIET_SECONDS)
    loaded: dict[str, int] = {}
    for name, size in now:
        loaded[name] = loaded.get(name, 0) + size
    return loaded
