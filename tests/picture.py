"""Films the README's moving picture from the running sample: `make picture`.

It needs more than five minutes: rates and ETAs are shown from five minutes after the first file.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from selenium.webdriver.remote.webelement import WebElement

from jobs.sample import write_sample
from layouts.links import pipeline_link
from settings import SOURCE
from tests.chrome import chrome, prefer, resize, run, visit
from tests.film import Film
from tests.monitor import Monitor, started, wait_for
from tests.screenshots import RATE_SECONDS, completed, submit

TARGET = SOURCE / "docs" / "screenshots" / "tour.webp"
WIDTH, HEIGHT = 1280, 800
# With one worker, phase 1 of tiles of this size lasts about as long as the film.
PIXELS = 600
STACK, MERGE = "process_fathom_stack", "process_fathom_merge"


def main() -> None:
    """Starts the sample, waits for rates, and films while phase 1 runs."""
    with tempfile.TemporaryDirectory(prefix="pm-") as folder:
        # Before the start, which is not waited for as long as large tiles take.
        write_sample(Path(folder, "files"), PIXELS, lambda _: None)
        film = filmed(Path(folder))
    film.save(TARGET)
    size = TARGET.stat().st_size / 1e6
    sys.stdout.write(f"{TARGET.relative_to(SOURCE)}: {film.seconds:.0f} s, {size:.1f} MB\n")


def filmed(folder: Path) -> Film:
    """The film of a sample that runs in a folder."""
    settings = {"SAMPLE_PIXELS": str(PIXELS), "REFRESH_SECONDS": "1", "WORKERS": "1"}
    with started(folder, **settings) as monitor:
        wait_for(lambda: completed(monitor, "phase1") > 0, 600)
        since = time.monotonic()
        wait_for(lambda: not monitor.stats()["active_jobs"], 900)
        wait_for(lambda: time.monotonic() - since > RATE_SECONDS, RATE_SECONDS + 60)
        submit(monitor, STACK, "civ")
        wait_for(lambda: monitor.stats(region="civ")["phases"]["phase1"]["completed"] > 80, 120)
        return shoot(monitor)


def shoot(monitor: Monitor) -> Film:
    """The whole film, scene by scene."""
    with chrome() as browser:
        prefer(browser, "light")
        resize(browser, WIDTH, HEIGHT)
        visit(browser, f"{monitor.url}{pipeline_link('fathom')}", "[id*='phase1.completed']")
        film = Film(browser, WIDTH, HEIGHT)
        _numbers_move(film)
        _open_a_chart(film)
        _filter(film)
        _submit_a_job(film)
        _watch_it(film)
    return film


def _numbers_move(film: Film) -> None:
    film.hold(900)
    _refreshed(film, 9)


def _open_a_chart(film: Film) -> None:
    opener = film.find("#charts-opener")
    film.scroll_to(opener)
    film.press(opener)
    film.wait_for("#charts .barlayer .point")
    film.scroll_to(film.find("#charts"), block="end")
    _refreshed(film, 4)


def _filter(film: Film) -> None:
    film.scroll_to(film.find("#page h1"), block="end")
    film.press(film.find(".filters button.dash-dropdown"))
    film.hold(600)
    film.press(film.named(".dash-dropdown-option", "rwa"))
    wait_for(lambda: "region=rwa" in urlsplit(film.browser.current_url).query)
    film.press(film.find("#page h1"))
    film.hold(1600)


def _submit_a_job(film: Film) -> None:
    film.press(_part(film, MERGE, "open"))
    wait_for(lambda: "to process" in _part(film, MERGE, "preview").text, 30)
    film.hold(2200)
    film.press(_part(film, MERGE, "send"))
    wait_for(lambda: "submitted" in _part(film, MERGE, "answer").text, 30)
    film.hold(1000)


def _watch_it(film: Film) -> None:
    film.press(_part(film, MERGE, "answer").find_element("css selector", "a"))
    wait_for(lambda: "job_id=" in film.browser.current_url)
    film.wait_for(".flow")
    film.hold(600)
    film.scroll_to(film.find(".flow"))
    _refreshed(film, 8)
    film.hold(1200)


def _part(film: Film, job_type: str, name: str) -> WebElement:
    return film.find(f"""[id='{{"form":"{job_type}","part":"{name}"}}']""")


def _refreshed(film: Film, times: int) -> None:
    """A frame for each second of the real one, at three times its speed."""
    for _ in range(times):
        run(film.browser, "document.getElementById('refresh').click()")
        time.sleep(1)
        film.hold(350)


if __name__ == "__main__":
    main()
