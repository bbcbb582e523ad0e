"""A moving picture of a browser: frames with a pointer, which a headless one does not show."""

from __future__ import annotations

import time
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw
from selenium.webdriver import Chrome
from selenium.webdriver.remote.webelement import WebElement

from tests.chrome import run
from tests.monitor import wait_for

ARROW = ((0, 0), (0, 19), (4, 15), (8, 23), (11, 22), (7, 14), (13, 14))
RING = 14
# The page's own style scrolls smoothly, at a speed of the browser's.
INTO_VIEW = "arguments[0].scrollIntoView({block: arguments[1], behavior: 'instant'})"
SCROLLED = "window.scrollTo({top: arguments[0], behavior: 'instant'})"
STEP_MILLISECONDS, STEPS = 50, 8


class Film:
    """What was seen so far, and where the pointer is."""

    def __init__(self, browser: Chrome, width: int, height: int) -> None:
        self.browser = browser
        self._frames: list[Image.Image] = []
        self._milliseconds: list[int] = []
        self._pointer = (width * 0.6, height * 0.6)

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return sum(self._milliseconds) / 1000

    def find(self, selector: str) -> WebElement:
        """The first element of a selector."""
        return self.browser.find_element("css selector", selector)

    def wait_for(self, selector: str) -> None:
        """Waits until a selector has an element."""
        wait_for(lambda: bool(self.browser.find_elements("css selector", selector)), 30)

    def named(self, selector: str, text: str) -> WebElement:
        """The element of a selector whose text begins so, as soon as it is there."""
        found: list[WebElement] = []

        def look() -> bool:
            there = self.browser.find_elements("css selector", selector)
            found[:] = [one for one in there if one.text.strip().startswith(text)]
            return bool(found)

        wait_for(look, 20)
        return found[0]

    def hold(self, milliseconds: int) -> None:
        """Shows the page as it is for so long."""
        self._add(self._seen(), milliseconds)

    def scroll_to(self, element: WebElement, block: str = "center") -> None:
        """Scrolls until the element is there, visibly."""
        top = "return document.scrollingElement.scrollTop"
        begin = float(run(self.browser, top))
        run(self.browser, INTO_VIEW, element, block)
        end = float(run(self.browser, top))
        for part in eased():
            run(self.browser, SCROLLED, begin + (end - begin) * part)
            self._add(self._seen(), STEP_MILLISECONDS)

    def press(self, element: WebElement) -> None:
        """Moves the pointer to an element and clicks it."""
        seen, (x, y) = self._seen(), self._pointer
        box = run(self.browser, "return arguments[0].getBoundingClientRect().toJSON()", element)
        to_x, to_y = box["left"] + min(box["width"] / 2, 60), box["top"] + box["height"] / 2
        for part in eased():
            self._pointer = (x + (to_x - x) * part, y + (to_y - y) * part)
            self._add(seen, STEP_MILLISECONDS)
        self._add(seen, 150, pressed=True)
        element.click()
        # Long enough for what a click opens to have come to rest.
        time.sleep(0.6)
        self._add(self._seen(), 300)

    def save(self, path: Path) -> None:
        """Writes it as a WebP that goes on for ever."""
        first, *others = self._frames
        first.save(
            path,
            save_all=True,
            append_images=others,
            duration=self._milliseconds,
            loop=0,
            quality=80,
            method=6,
        )

    def _seen(self) -> Image.Image:
        return Image.open(BytesIO(self.browser.get_screenshot_as_png())).convert("RGB")

    def _add(self, seen: Image.Image, milliseconds: int, pressed: bool = False) -> None:
        frame = seen.copy()
        draw = ImageDraw.Draw(frame)
        x, y = self._pointer
        if pressed:
            draw.ellipse((x - RING, y - RING, x + RING, y + RING), outline="#c2410c", width=3)
        draw.polygon([(x + dx, y + dy) for dx, dy in ARROW], fill="white", outline="black")
        self._frames.append(frame)
        self._milliseconds.append(milliseconds)


def eased() -> list[float]:
    """Parts of a way, slow at both of its ends."""
    return [t * t * (3 - 2 * t) for t in ((step + 1) / STEPS for step in range(STEPS))]
