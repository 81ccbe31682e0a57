"""The dashboard in a real browser: the same checks as the report's page, on a lake whose newest run drifted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs import monitor
from tests.browser.test_report_page import VIEWS, faults, outside, skipped_headings, unseen
from tests.support import browser, evaluated_lakes
from tests.support.browser import Browser
from tests.unit.jobs.monitoring import cases
from tests.unit.jobs.monitoring.cases import usual

pytestmark = pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing()))
OFF = ("--set", "tracking.enabled=false", "--vault", "none")
DRIFTED = 5


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a running browser."""
    with Browser() as running:
        yield running


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page of a lake of four runs, with the command itself."""
    home = tmp_path_factory.mktemp("dashboards")
    lake = cases.make(home / "lake", usual("run-1", 320, 1))
    evaluated_lakes.evaluate(lake, evaluated_lakes.refused())
    lower = {"faces": lambda row, _: [one | {"confidence": 0.3} for one in row["faces"]]}
    page = home / "dashboard.html"
    for number, changes, code in ((2, {}, 0), (3, {}, 0), (4, lower, DRIFTED)):
        cases.add(lake, f"run-{number}", usual(f"run-{number}", 320, number, **changes))
        assert monitor.main([lake.uri, "--out", str(page), *OFF]) == code
    return page


@pytest.mark.parametrize("view", VIEWS)
def test_the_dashboard_can_be_read_everywhere(view: str, chromium: Browser, written: Path) -> None:
    """Nothing is asked for, nothing complains, the word comes first, and axe finds nothing."""
    page = chromium.page(**VIEWS[view])
    page.open(written)
    assert page.requests() == []
    assert not unseen(page)
    assert not outside(page)
    assert skipped_headings(page) == []
    assert faults(page) == []
    assert page.complaints() == []


def test_its_drawings_are_told_in_words_and_whole(chromium: Browser, written: Path) -> None:
    """Each has a title and a description, and no label that is cut."""
    page = chromium.page()
    page.open(written)
    told = page.value(
        "[...document.querySelectorAll('svg')].map(s => s.getAttribute('aria-labelledby').split(' ')"
        ".every(id => document.getElementById(id).textContent.length > 10))"
    )
    assert told == [True, True]
    cut = page.value(
        "[...document.querySelectorAll('svg text')].filter(t => { const a = t.getBoundingClientRect(), "
        "b = t.ownerSVGElement.getBoundingClientRect(); return a.left < b.left - 1 || a.right > b.right + 1 }"
        ").map(t => t.textContent)"
    )
    assert cut == []
