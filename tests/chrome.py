"""A real browser of any width and with any wish of its viewer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains

from tests.conftest import pytest_setup_options
from tests.monitor import wait_for

PHONE = 500


@contextmanager
def chrome(*more: str) -> Iterator[Chrome]:
    """A headless browser, without scroll bars that take room; `more` are options of its own."""
    options = pytest_setup_options()
    for argument in ("--headless", "--hide-scrollbars", *more):
        options.add_argument(argument)
    browser = Chrome(options=options)
    browser.set_page_load_timeout(30)
    browser.set_script_timeout(30)
    yield browser
    browser.quit()


def resize(browser: Chrome, width: int, height: int) -> None:
    """Makes the window so many pixels wide and high; a narrow one is a phone's."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def prefer(browser: Chrome, scheme: str, media: str = "screen", **wishes: str) -> None:
    """What the viewer's system asks for: `scheme` is light or dark, `media` screen or print."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    features += [{"name": name.replace("_", "-"), "value": wish} for name, wish in wishes.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


def visit(browser: Chrome, url: str, selector: str = "#page h1") -> None:
    """Opens a page and waits until what the selector names is there."""
    browser.get(url)
    wait_for(lambda: bool(browser.find_elements("css selector", selector)), 20)


def run(browser: Chrome, script: str, *arguments: Any) -> Any:
    """What a script returns."""
    return browser.execute_script(script, *arguments)


def press(browser: Chrome, *keys: str) -> None:
    """Presses keys where the focus is."""
    actions = ActionChains(browser)
    for key in keys:
        actions = actions.send_keys(key)
    actions.perform()
