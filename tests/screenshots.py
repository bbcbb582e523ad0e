"""Takes the pictures of docs/screenshots/ from the running sample: `make screenshots`.

It needs about eight minutes: rates and ETAs are shown from five minutes after the first file.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import requests
from selenium.webdriver import Chrome

from layouts.links import SELECTOR, group_link, job_link, jobs_link, pipeline_link
from settings import SOURCE
from tests.chrome import chrome, prefer, resize
from tests.monitor import Monitor, started, wait_for

FOLDER = SOURCE / "docs" / "screenshots"
# A rate needs the first file to be this old.
RATE_SECONDS = 300
DESK, PHONE = (1280, 900), (360, 780)


def main() -> None:
    """Starts the sample, waits for rates, lets phases 1 and 2 run, and takes each page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="pm-") as folder,
        started(Path(folder), SAMPLE_PIXELS="900", REFRESH_SECONDS="1") as monitor,
    ):
        wait_for(lambda: completed(monitor, "phase1") > 0, 300)
        since = time.monotonic()
        wait_for(lambda: not monitor.stats()["active_jobs"], 300)
        submit(monitor, "process_fathom_merge", "rwa", grid_size=2)
        wait_for(lambda: time.monotonic() - since > RATE_SECONDS, RATE_SECONDS + 60)
        submit(monitor, "process_fathom_stack", "civ")
        wait_for(lambda: bool(monitor.stats()["active_jobs"]))
        time.sleep(15)
        for name, address in _pages(monitor).items():
            take(monitor, name, address)


def take(monitor: Monitor, name: str, address: str) -> None:
    """One page in light, in dark, and on a phone."""
    for suffix, size, scheme in (
        ("", DESK, "light"),
        ("-dark", DESK, "dark"),
        ("-phone", PHONE, "light"),
    ):
        with chrome() as browser:
            prefer(browser, scheme)
            resize(browser, *size)
            browser.get(f"{monitor.url}{address}")
            wait_for(lambda: bool(browser.find_elements("css selector", "#page h1")))
            time.sleep(1.5)
            _whole_height(browser, size)
            path = FOLDER / f"{name}{suffix}.png"
            browser.save_screenshot(str(path))
            sys.stdout.write(f"{path.relative_to(SOURCE)}\n")


def _pages(monitor: Monitor) -> dict[str, str]:
    job_id = monitor.stats()["active_jobs"][0]["job_id"]
    return {
        "pipeline": pipeline_link("fathom"),
        "pipelines": SELECTOR,
        "narrowed": pipeline_link("fathom", {"region": ["rwa"], "flood_type": ["fluvial"]}),
        "failed-groups": group_link("fathom", "phase1", "failed"),
        "jobs": jobs_link(),
        "job": job_link(job_id),
        "not-found": pipeline_link("vector"),
    }


def completed(monitor: Monitor, phase: str) -> int:
    if monitor.get("/api/etl/stats?etl_type=fathom").status_code != 200:
        return 0
    return int(monitor.stats()["phases"][phase]["completed"])


def submit(monitor: Monitor, job_type: str, region: str, **parameters: int) -> None:
    answer = requests.post(
        f"{monitor.url}/api/jobs/submit/{job_type}",
        json={"region_code": region, **parameters},
        timeout=30,
    )
    answer.raise_for_status()


def _whole_height(browser: Chrome, size: tuple[int, int]) -> None:
    height = browser.execute_script("return document.documentElement.scrollHeight")
    resize(browser, size[0], max(size[1], height))
    time.sleep(0.5)


if __name__ == "__main__":
    main()
