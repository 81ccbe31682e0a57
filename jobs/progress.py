"""How far a run is: a bar on a terminal, a log line a minute elsewhere. Runs on the driver."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from jobs import logs

LOG_SECONDS = 60.0
POLL_SECONDS = 0.5


class Display:
    """Shows images, faces, images a second and the time left; writes nothing but counts.

    Args:
        total: images of the run.
        stream: where to; a bar is drawn only on a terminal.
    """

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._total, self._done, self._faces, self._sure = total, 0.0, 0, 0
        self._started = self._logged = time.monotonic()
        self._bar = self._make_bar() if self._stream.isatty() and total else None

    def _make_bar(self) -> Progress:
        columns = (
            TextColumn("anonymizing"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("images, {task.fields[faces]} faces, {task.fields[rate]:.1f}/s, left"),
            TimeRemainingColumn(),
        )
        return Progress(*columns, console=Console(file=self._stream))

    def __enter__(self) -> Self:
        """Start."""
        if self._bar:
            self._bar.start()
            self._task = self._bar.add_task("", total=self._total, faces=0, rate=0.0)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Leave the last state on the terminal."""
        if self._bar:
            self._bar.stop()

    def estimate(self, images: float) -> None:
        """Show about how many images are done, of which the batch under way is known by its tasks only."""
        self._done = max(self._done, min(images, self._total))
        self._show()

    def batch_done(self, images: int, faces: int) -> None:
        """Count a batch that is committed."""
        self._sure += images
        self._faces += faces
        self._done = float(self._sure)
        self._show()

    @property
    def committed(self) -> int:
        """Images that are committed."""
        return self._sure

    def _show(self) -> None:
        now = time.monotonic()
        rate = self._done / max(now - self._started, 1e-6)
        if self._bar:
            self._bar.update(self._task, completed=int(self._done), faces=self._faces, rate=rate)
        elif now - self._logged >= LOG_SECONDS:
            self._logged = now
            left = (self._total - self._done) / rate if rate else 0.0
            done = int(self._done)
            said = {"done": done, "total": self._total, "faces": self._faces, "images_per_second": round(rate, 3)}
            logs.event("progress", said)
            if logs.on_terminal():
                self._stream.write(
                    f"faceveil: {done} of {self._total} images, {self._faces} faces, {rate:.1f} images/s, "
                    f"{left:.0f} s left\n"
                )
                self._stream.flush()


class Counting:
    """Shows how many of something are done: a bar on a terminal, a log line a minute elsewhere.

    Args:
        what: what is being done.
        total: how many there are.
        stream: where to.
    """

    def __init__(self, what: str, total: int, stream: TextIO | None = None) -> None:
        self._what, self._total, self._done = what, total, 0
        self._stream, self._logged = stream or sys.stderr, time.monotonic()
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        drawn = self._stream.isatty() and total
        self._bar = Progress(*columns, console=Console(file=self._stream)) if drawn else None

    def __enter__(self) -> Self:
        """Start."""
        if self._bar:
            self._bar.start()
            self._task = self._bar.add_task("", total=self._total)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Leave the last state on the terminal."""
        if self._bar:
            self._bar.stop()

    def more(self, count: int = 1) -> None:
        """Count some that are done."""
        self._done += count
        if self._bar:
            self._bar.update(self._task, completed=self._done)
        elif time.monotonic() - self._logged >= LOG_SECONDS:
            self._logged = time.monotonic()
            if logs.on_terminal():
                self._stream.write(f"faceveil: {self._what}: {self._done} of {self._total}\n")
                self._stream.flush()
            else:
                logs.event("progress", {"done": self._done, "total": self._total})


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show, on a terminal alone, that something is under way whose end is not known."""
    if not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(f"{what} ..."):
        yield


@contextmanager
def watching(look: Callable[[], None]) -> Iterator[None]:
    """Call ``look`` twice a second in a thread of its own while the block runs."""
    done = threading.Event()

    def poll() -> None:
        while not done.wait(POLL_SECONDS):
            look()

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
