"""The report in a real browser: nothing from outside, the verdict first, at a desk, on a phone, dark, and on paper."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from jobs import report
from tests.support import browser, evaluated_lakes
from tests.support.browser import AXE, Browser, Page

pytestmark = pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing()))

FIGURES = {
    "none": None,
    "anonymous": evaluated_lakes.good(),
    "faces": evaluated_lakes.good(context=False),
    "refused": evaluated_lakes.refused(),
    "void": evaluated_lakes.void(),
}
VIEWS: dict[str, dict[str, Any]] = {
    "desk": {"size": (1280, 800)},
    "dark": {"size": (1280, 800), "dark": True},
    "phone": {"size": (390, 844), "phone": True},
    "phone-dark": {"size": (390, 844), "phone": True, "dark": True},
}
BAD = """<!doctype html><html><head><title>x</title></head><body><h3>a</h3>
<h1 style="margin-top:3000px" id="word">w</h1><div style="width:3000px;color:#eee;background:#fff">faint</div><img src="http://127.0.0.1:9/a.png">
<script>console.error("said"); throw new Error("thrown")</script></body></html>"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a running browser."""
    with Browser() as running:
        yield running


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write the report of a lake of each kind, with the command itself."""
    home = tmp_path_factory.mktemp("reports")
    for name, figures in FIGURES.items():
        evaluated_lakes.make(home / name, figures)
        assert report.main([str(home / name), "--out", str(home / f"{name}.html")]) == 0
    return {name: home / f"{name}.html" for name in FIGURES}


def outside(page: Page) -> bool:
    """Return whether a reader has to scroll sideways."""
    return bool(page.value("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def unseen(page: Page) -> bool:
    """Return whether the word is not wholly on the first screen."""
    box = page.value(
        "(r => [r.top, r.bottom, r.width, innerHeight])(document.getElementById('word').getBoundingClientRect())"
    )
    top, bottom, width, height = box
    return not (0 <= top < bottom <= height and width > 0)


def skipped_headings(page: Page) -> list[int]:
    """Return the levels of headings where one is skipped, or the first is not the highest."""
    levels = page.value("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])")
    skipped = any(after > before + 1 for before, after in pairwise(levels))
    return levels if skipped or levels[:1] != [1] or levels.count(1) != 1 else []


def faults(page: Page) -> list[str]:
    """Return what axe finds: contrast, names, roles, order, each with where."""
    page.value(AXE.read_text(encoding="utf-8"))
    found = json.loads(page.value("axe.run().then(r => JSON.stringify(r.violations))"))
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]


def test_the_checks_see_what_they_are_to_see(chromium: Browser, tmp_path: Path) -> None:
    """A page with each of the faults is caught at each of them; else the tests below would prove nothing."""
    file = tmp_path / "bad.html"
    file.write_text(BAD, encoding="utf-8")
    page = chromium.page((390, 844), phone=False)
    page.open(file)
    assert page.requests() == ["http://127.0.0.1:9/a.png"]
    assert len(page.complaints()) >= 2
    assert outside(page)
    assert unseen(page)
    assert skipped_headings(page)
    assert {"image-alt", "color-contrast", "html-has-lang"} <= {one.split(":")[0] for one in faults(page)}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", FIGURES)
def test_a_report_can_be_read_everywhere(name: str, view: str, chromium: Browser, pages: dict[str, Path]) -> None:
    """Nothing is asked for, nothing complains, the word is on the first screen, and nobody scrolls sideways."""
    page = chromium.page(**VIEWS[view])
    page.open(pages[name])
    assert page.requests() == []
    assert page.complaints() == []
    assert not unseen(page)
    assert not outside(page)
    assert skipped_headings(page) == []
    assert faults(page) == []
    assert page.complaints() == []


def test_every_picture_is_told_in_words(chromium: Browser, pages: dict[str, Path]) -> None:
    """Pictures have a text, drawings a title and a description, and all of them are shown."""
    page = chromium.page()
    page.open(pages["refused"])
    images = page.value("[...document.images].map(i => [i.alt.length > 5, i.complete && i.naturalWidth > 0])")
    assert len(images) == 8
    assert images == [[True, True]] * 8
    drawings = page.value(
        "[...document.querySelectorAll('svg')].map(s => s.getAttribute('aria-labelledby').split(' ')"
        ".every(id => document.getElementById(id).textContent.length > 20) && s.getBoundingClientRect().height > 200)"
    )
    assert len(drawings) == 4
    assert all(drawings)


def test_no_text_of_a_drawing_is_cut(chromium: Browser, pages: dict[str, Path]) -> None:
    """Every label lies inside its drawing, and no two of the key lie over one another."""
    page = chromium.page()
    page.open(pages["refused"])
    cut = page.value(
        "[...document.querySelectorAll('svg text')].filter(t => { const a = t.getBoundingClientRect(), "
        "b = t.ownerSVGElement.getBoundingClientRect(); return a.left < b.left - 1 || a.right > b.right + 1 || "
        "a.top < b.top - 1 || a.bottom > b.bottom + 1 }).map(t => t.textContent)"
    )
    assert cut == []


@pytest.mark.parametrize("name", FIGURES)
def test_a_report_can_be_printed(name: str, chromium: Browser, pages: dict[str, Path]) -> None:
    """It fits on some sheets of A4, in the dark as in the light."""
    page = chromium.page(dark=True)
    page.open(pages[name])
    sheets = page.printed()
    assert sheets.startswith(b"%PDF-")
    assert 1 <= sheets.count(b"/Type /Page\n") <= 12
    page.call("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert page.value("getComputedStyle(document.documentElement).color") == "rgb(0, 0, 0)"
