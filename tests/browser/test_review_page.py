"""The review page in a real browser: a reviewer's whole path, by mouse, by keyboard alone, and on a phone."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs.decision import Decision
from jobs.decisions import Decisions
from jobs.reviewing import queue
from jobs.reviewing.desk import Desk
from jobs.reviewing.queue import Item
from tests.support import browser, reviewed
from tests.support.browser import AXE, Browser, Page

pytestmark = pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing()))

PICTURES = Path(__file__).resolve().parents[2] / "build" / "review"
"""Where screenshots are left for people to look at."""
VIEWS: dict[str, dict[str, Any]] = {
    "desk": {"size": (1280, 800)},
    "dark": {"size": (1280, 800), "dark": True},
    "phone": {"size": (390, 844), "phone": True},
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a running browser."""
    with Browser() as running:
        yield running


def until(page: Page, script: str) -> None:
    """Wait until a script gives true."""
    end = time.monotonic() + 60
    while not page.value(script):
        assert time.monotonic() < end, script
        time.sleep(0.05)


def within(script: str) -> str:
    """Return a script that sees the page's state, which its modules keep to themselves."""
    return f"import('/shared.js').then(({{ state }}) => {script})"


def entered(chromium: Browser, link: str, **view: Any) -> Page:
    """Return the page that a printed link leads to, with its first image shown."""
    page = chromium.page(**view)
    page.call("Page.navigate", url=link)
    until(page, "document.readyState === 'complete' && !!document.querySelector('#image:not([hidden]) #log li')")
    until(page, "document.getElementById('result').complete && document.getElementById('result').naturalWidth > 0")
    return page


def press(page: Page, key: str, **modifiers: int) -> None:
    """Press a key."""
    said = {"key": key, "modifiers": modifiers.get("modifiers", 0)}
    if key == "Enter":
        said |= {"text": "\r", "windowsVirtualKeyCode": 13}
    if len(key) == 1:
        said |= {"text": key}
    page.call("Input.dispatchKeyEvent", type="keyDown", **said)
    page.call("Input.dispatchKeyEvent", type="keyUp", key=key)


def saved(page: Page) -> None:
    """Wait until the server has all decisions."""
    until(page, within("document.getElementById('saving').textContent === 'all saved' && state.outbox.length === 0"))


def faults(page: Page) -> list[str]:
    """Return what axe finds: contrast, names, roles, order, each with where."""
    # The page's own policy allows no script that it did not bring: the test's comes past it, as a tool of the browser.
    page.value(AXE.read_text(encoding="utf-8"))
    found = json.loads(page.value("axe.run().then(r => JSON.stringify(r.violations))"))
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]


def kept(page: Page, name: str) -> None:
    """Leave a screenshot for people."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{name}.png").write_bytes(page.picture())


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_can_be_used_everywhere(view: str, chromium: Browser, tmp_path: Path) -> None:
    """Nothing is asked for elsewhere, nothing complains, nobody scrolls sideways, axe finds no fault."""
    desk = reviewed.desk(tmp_path)
    with reviewed.serving(desk) as guard:
        page = entered(chromium, guard.links()["anna"], **VIEWS[view])
        page.value("document.querySelector('[data-act=source]').click()")
        until(page, "document.getElementById('source').naturalWidth > 0")
        kept(page, view)
        assert page.complaints() == []
        assert {one.split("/")[2] for one in page.requests()} == {f"127.0.0.1:{guard.port}"}
        assert not page.value("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert "token" not in page.value("location.href")
        assert page.value("document.cookie") == ""
        assert faults(page) == []
        page.value("document.getElementById('to-audit').click()")
        until(page, within("!document.getElementById('audit-told').hidden && state.items.length === 2"))
        kept(page, f"{view}-audit")
        assert page.value("document.getElementById('remaining').textContent") == "2"
        assert faults(page) == []


@pytest.mark.parametrize("view", VIEWS)
def test_the_dashboard_opens_from_the_page(view: str, chromium: Browser, tmp_path: Path) -> None:
    """By its link, with its style, for whoever was let in; nothing complains, and axe finds no fault."""
    desk = reviewed.desk(tmp_path)
    with reviewed.serving(desk) as guard:
        page = entered(chromium, guard.links()["anna"], **VIEWS[view])
        link = page.value(
            "[...document.querySelectorAll('header a')].map(a => [a.textContent, a.href, a.target]).flat()"
        )
        assert link == ["Dashboard", f"http://127.0.0.1:{guard.port}/dashboard", "_blank"]
        page.call("Page.navigate", url=link[1])
        until(page, "document.readyState === 'complete' && !!document.getElementById('backlog')")
        kept(page, f"{view}-dashboard")
        plate = page.value("getComputedStyle(document.getElementById('word')).backgroundColor")
        assert plate != "rgba(0, 0, 0, 0)"
        assert not page.value("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert page.complaints() == []
        assert faults(page) == []


def test_the_end_of_the_queue_says_what_comes_next(chromium: Browser, tmp_path: Path) -> None:
    """After the last image, and where none waits: what follows the decisions, and what else there is to look at.

    On a phone the picture is seen without scrolling: between its heading and the buttons there is room for it.
    """
    with reviewed.serving(reviewed.desk(tmp_path)) as guard:
        page = entered(chromium, guard.links()["anna"], **VIEWS["phone"])
        top = "getBoundingClientRect().top"
        room = f"document.querySelector('.acts').{top} - document.getElementById('stage').{top}"
        assert page.value(room) > 150
        for at in range(3):
            until(page, within(f"state.at === {at} && state.shown.image_id === state.items[{at}][0]"))
            press(page, "a")
        until(page, "document.getElementById('told').textContent.includes('The next faceveil anonymize follows')")
        saved(page)
        page.call("Page.reload")
        until(page, "document.getElementById('nothing-text')?.textContent.startsWith('Nothing waits. The next')")
        page.value("document.getElementById('filters').elements.state.value = 'withheld'")
        page.value("document.getElementById('filters').dispatchEvent(new Event('change'))")
        until(page, "document.getElementById('nothing-text').textContent === 'Nothing fits these filters.'")


def made(desk: Desk) -> list[Decision]:
    """Return all decisions of a lake."""
    return list(Decisions(desk.lake).all())


def by_keyboard(page: Page) -> None:
    """Draw a region in the middle of the first image and accept it; withhold the next one, and take that back."""
    press(page, "d")
    press(page, "ArrowRight")
    press(page, "ArrowDown", modifiers=8)
    press(page, "Enter")
    press(page, "]")
    press(page, "n")
    press(page, "a")
    press(page, "w")  # before the next picture is there: it is about nothing yet
    until(page, within("state.at === 1 && state.shown.image_id === state.items[1][0]"))
    press(page, "w")
    until(page, within("state.at === 2 && state.shown.image_id === state.items[2][0]"))
    press(page, "k")
    until(page, within("state.at === 1 && state.shown.image_id === state.items[1][0]"))
    saved(page)
    until(page, within("state.shown.live.length === 1"))
    press(page, "u")


def by_mouse(page: Page) -> None:
    """Do the same by dragging and clicking."""
    if page.value("matchMedia('(max-width: 52rem)').matches"):
        click(page, "[data-act=add]")
    page.value("document.getElementById('over').scrollIntoView({block: 'center'})")
    x, y, w, h = page.value(
        "(r => [r.left, r.top, r.width, r.height])(document.getElementById('over').getBoundingClientRect())"
    )
    ends = [(x + w * 0.7, y + h * 0.6), (x + w * 0.9, y + h * 0.9)]
    page.call("Input.dispatchMouseEvent", type="mousePressed", x=ends[0][0], y=ends[0][1], button="left", clickCount=1)
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=ends[1][0], y=ends[1][1], button="left")
    page.call("Input.dispatchMouseEvent", type="mouseReleased", x=ends[1][0], y=ends[1][1], button="left", clickCount=1)
    click(page, "#regions button")
    click(page, "[data-act=keep]")
    click(page, "[data-act=accept]")
    until(page, within("state.at === 1 && state.shown.image_id === state.items[1][0]"))
    click(page, "[data-act=withhold]")
    until(page, within("state.at === 2"))
    click(page, "[data-act=before]")
    until(page, within("state.at === 1 && state.shown.image_id === state.items[1][0]"))
    saved(page)
    until(page, within("state.shown.live.length === 1"))
    click(page, "[data-act=undo]")


def click(page: Page, what: str) -> None:
    """Click the middle of what is there, where a person would."""
    page.value(f"document.querySelector('{what}').scrollIntoView({{block: 'center'}})")
    x, y = page.value(
        f"(r => [r.left + r.width / 2, r.top + r.height / 2])(document.querySelector('{what}').getBoundingClientRect())"
    )
    for kind in ("mousePressed", "mouseReleased"):
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


@pytest.mark.parametrize(
    ("walk", "view"),
    [
        pytest.param(by_keyboard, "desk", id="keyboard"),
        pytest.param(by_mouse, "desk", id="mouse"),
        pytest.param(by_mouse, "phone", id="phone"),
    ],
)
def test_a_reviewer_walks_the_whole_path(
    walk: Callable[[Page], None], view: str, chromium: Browser, tmp_path: Path
) -> None:
    """From the printed link to decisions that the ledger vouches for, and one that is taken back."""
    desk = reviewed.desk(tmp_path)
    names = reviewed.ids(tmp_path / "photos")
    with reviewed.serving(desk) as guard:
        page = entered(chromium, guard.links()["anna"], **VIEWS[view])
        first, second = (page.value(within(f"state.items[{n}][0]")) for n in (0, 1))
        assert first == names["b.png"]
        walk(page)
        saved(page)
        until(page, within("state.shown.live.length === 0"))
        kept(page, f"walked-{walk.__name__}-{view}")
        found = made(desk)
        assert [(one.image_id, one.action) for one in found] == [
            (first, "add"),
            (first, "keep"),
            (first, "accept"),
            (second, "withhold"),
            (second, "undo"),
        ]
        x0, y0, x1, y1 = found[0].box or (0, 0, 0, 0)
        assert 0 <= x0 < x1 <= 96
        assert 0 <= y0 < y1 <= 64
        assert found[1].region == (32.0, 18.0, 50.0, 38.0)
        assert page.value(within("state.items[0][7]")) == "accepted"
        assert page.complaints() == []


def test_a_server_that_is_away_for_a_moment_loses_nothing(chromium: Browser, tmp_path: Path) -> None:
    """The page says that it is not saved, sends it again under its id, and it counts once."""
    desk = reviewed.desk(tmp_path)
    with reviewed.serving(desk) as guard:
        page = entered(chromium, guard.links()["anna"])
        page.value(
            "window.sent = 0; const real = fetch; window.fetch = (u, o) => o && o.method === 'POST' "
            "&& window.sent++ === 0 ? real(u, o).then(() => { throw new Error('lost'); }) : real(u, o); 1"
        )
        press(page, "a")
        until(page, "window.sent === 1 && document.getElementById('saving').textContent.includes('not saved')")
        saved(page)
        assert page.value("window.sent") == 2
        assert [one.action for one in made(desk)] == ["accept"]


def test_ten_thousand_images_scroll_without_lag(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page holds the rows that are seen and no other, and no step of the way takes a tenth of a second."""
    desk = reviewed.desk(tmp_path)
    some = [Item(f"{n:08x}{n:024x}", 1 - n / 20_000, "unsure", "public", "run-1", 0.5, 1) for n in range(10_000)]
    real = queue.listing
    monkeypatch.setattr(queue, "listing", lambda items, wanted: real([*items, *some], wanted))
    with reviewed.serving(desk) as guard:
        page = chromium.page(size=(1280, 800))
        page.call("Page.navigate", url=guard.links()["anna"])
        until(page, "!!document.getElementById('list')")
        until(page, within("state.items.length >= 9000"))
        worst = page.value(
            "(async () => { const { drawRows } = await import('/list.js');"
            "const list = document.getElementById('list'); let worst = 0;"
            "for (let i = 0; i <= 60; i++) { list.scrollTop = i / 60 * list.scrollHeight;"
            "const begun = performance.now(); drawRows(); list.offsetHeight;"
            "worst = Math.max(worst, performance.now() - begun);"
            "await new Promise(requestAnimationFrame); } return worst; })()"
        )
        assert page.value("document.querySelectorAll('.row').length") < 60
        assert page.value("[...document.querySelectorAll('.row .id')].at(-1).textContent") == some[9_999].image_id[:12]
        assert worst < 100, worst


def test_the_items_are_plain_values() -> None:
    """What the page reads by place is what the server sends in that place."""
    one = Item("a", 0.5, "unsure", "public", "run", 0.25, 2)
    assert one.as_list() == ["a", 0.5, "unsure", "public", "run", 0.25, 2, "open"]
    assert replace(one, state="accepted").as_list()[7] == "accepted"
