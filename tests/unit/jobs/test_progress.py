"""How far a run is: a bar for whoever watches, a line now and then elsewhere, and never anything but counts."""

import io
import json
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from conf.groups import Logs
from jobs import logs, progress


class Terminal(io.StringIO):
    """A stream that says that somebody looks at it."""

    def isatty(self) -> bool:
        """Return that it is a terminal."""
        return True

    @property
    def said(self) -> str:
        """What was written, without colours."""
        return re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", self.getvalue())


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Path]:
    """Return the file to which the log for programs goes meanwhile."""
    logs.configure(Logs(file=str(tmp_path / "log"), format="json"))
    yield tmp_path / "log"
    logs.configure(Logs())


def test_a_terminal_gets_a_bar_with_what_is_done() -> None:
    """Images of all, faces and the speed; its last state stays."""
    terminal = Terminal()
    with progress.Display(8, terminal) as shown:
        shown.estimate(3.7)
        shown.batch_done(4, 9)
    assert shown.committed == 4
    assert "anonymizing" in terminal.said
    assert "4/8 images, 9 faces" in terminal.said


def test_what_is_estimated_is_never_more_than_all_and_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks under way are counted by guess, a batch for certain: what it did then counts, not what was guessed."""
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.0)
    plain = io.StringIO()
    with progress.Display(8, plain) as shown:
        for guess in (3.0, 2.0, 99.0):
            shown.estimate(guess)
        shown.batch_done(6, 1)
    assert [line.split(" images")[0] for line in plain.getvalue().splitlines()] == [
        "faceveil: 3 of 8",
        "faceveil: 3 of 8",
        "faceveil: 8 of 8",
        "faceveil: 6 of 8",
    ]


def test_elsewhere_a_line_comes_once_a_minute() -> None:
    """A file that nobody watches is not filled with them."""
    plain = io.StringIO()
    with progress.Display(8, plain) as shown, progress.Counting("looking", 3, plain) as counting:
        shown.batch_done(6, 1)
        counting.more()
    assert plain.getvalue() == ""


def test_nothing_to_do_draws_no_bar() -> None:
    """A run without images is done before it could be watched."""
    terminal = Terminal()
    with progress.Display(0, terminal), progress.Counting("looking", 0, terminal):
        pass
    assert terminal.getvalue() == ""


def test_the_log_for_programs_has_the_same_in_fields(logged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where standard error is that log, the words for people do not get in between."""
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.0)
    with progress.Display(8, io.StringIO()) as shown:
        shown.batch_done(6, 2)
    (said,) = [json.loads(line) for line in logged.read_text(encoding="utf-8").splitlines()]
    assert {name: said[name] for name in ("event", "done", "total", "faces")} == {
        "event": "progress",
        "done": 6,
        "total": 8,
        "faces": 2,
    }


@pytest.mark.parametrize("people", [True, False])
def test_what_is_counted_is_said_to_people_or_to_programs(
    people: bool, logged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never to both."""
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.0)
    monkeypatch.setattr(logs, "on_terminal", lambda: people)
    plain = io.StringIO()
    with progress.Counting("looking at photos", 3, plain) as counting:
        counting.more(2)
    assert plain.getvalue() == ("faceveil: looking at photos: 2 of 3\n" if people else "")
    assert ('"done":2,"total":3' in logged.read_text(encoding="utf-8")) is not people


def test_counting_draws_a_bar_on_a_terminal() -> None:
    """With what is counted."""
    terminal = Terminal()
    with progress.Counting("looking at photos", 3, terminal) as counting:
        counting.more(2)
    assert "looking at photos" in terminal.said
    assert "2/3" in terminal.said


def test_waiting_is_shown_to_people_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe gets nothing."""
    for stream, said in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress.waiting("starting Spark"):
            pass
        assert ("starting Spark ..." in stream.getvalue()) is said


def test_who_watches_looks_until_the_end_even_where_it_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """And its thread is gone then."""
    monkeypatch.setattr(progress, "POLL_SECONDS", 0.001)
    looked = threading.Event()
    before = set(threading.enumerate())
    with pytest.raises(ZeroDivisionError), progress.watching(looked.set):
        _ = 1 / (0 if looked.wait(10) else 1)
    assert set(threading.enumerate()) <= before
