"""``faceveil anonymize --stream``: run after run over what has arrived, until somebody says stop. Runs on the driver.

Spark's own file stream keeps names in its checkpoints and does not see a file that is replaced; here each round lists
the source again and plans as any run does, so a round is exactly what the command would do. A round that finds nothing
to do writes nothing: no event, no commit.

The lease of the lake is kept between rounds, so that nobody else writes in between and no round has to wait.
"""

import json
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Self

from jobs import applying, listing, logs, orders, progress, run
from jobs.errors import UsageError
from jobs.request import Report, Request
from jobs.run import Stopped
from jobs.site import Site, opened, prepared

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_LEAST_S, _MOST_S = 1, 7 * 24 * 3600
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def seconds(text: str) -> int:
    """Return the seconds of a text such as ``60s``, ``5m`` or ``2h``.

    Raises:
        UsageError: it is none, or not from a second to a week.

    Examples:
        >>> seconds("60s"), seconds("5m"), seconds("90")
        (60, 300, 90)
    """
    found = re.fullmatch(r"(\d{1,9})([smh]?)", text)
    value = int(found[1]) * _UNITS[found[2]] if found else 0
    if not _LEAST_S <= value <= _MOST_S:
        raise UsageError(f"--every takes a time from 1s to 168h, such as 60s, 5m or 2h; got {text!r}")
    return value


class Stopping:
    """Whether SIGTERM or SIGINT has come; a second one ends the process as it would have without us.

    A context manager: at its end signals mean again what they meant before.
    """

    def __init__(self) -> None:
        self._come = threading.Event()
        self._before = {one: signal.getsignal(one) for one in _SIGNALS}

    def __enter__(self) -> Self:
        """Take the signals."""
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        """Give them back."""
        for one, before in self._before.items():
            signal.signal(one, before)

    def listen(self) -> None:
        """Take the signals once more: Spark takes SIGINT for itself when it starts."""
        for one in _SIGNALS:
            signal.signal(one, self._take)

    def _take(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._come.set()
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_DFL)
        sys.stderr.write("faceveil: stopping after the batch that is under way; once more ends it at once\n")

    def come(self) -> bool:
        """Return whether to stop."""
        return self._come.is_set()

    def wait(self, most_s: float) -> bool:
        """Return whether to stop, after waiting for it."""
        return self._come.wait(most_s)


def stream(request: Request, every_s: float, say: Callable[[Report], None], *, forever: bool = True) -> bool:
    """Run whenever something has arrived; return whether any run wrote rows that no release takes.

    Args:
        request: what each round does.
        every_s: seconds from the end of a round to the next.
        say: is given what each run did.
        forever: until a signal comes; else one round.

    Raises:
        JobError: a round failed; the next start goes on where it stopped.
    """
    held = quiet = False
    with Stopping() as stopping, opened(request) as site:
        site.stopping = stopping.come
        stopping.listen()
        while not stopping.come():
            report = _round(site)
            if report is not None:
                say(report)
                held, quiet = held or report.held_back, False
            if not forever or stopping.come():
                if report is None and not stopping.come():
                    sys.stderr.write("faceveil: nothing is new; all is done that is there\n")
                break
            if not quiet:
                quiet = True
                logs.event("waiting", {"every_seconds": every_s})
                sys.stderr.write(f"faceveil: all is done that is there; looking again every {every_s:g} s\n")
            # What the vault says of data sets may have changed since.
            site.request = replace(request, tiers=None, others={})
            stopping.wait(every_s)
    return held


def _round(site: Site) -> Report | None:
    """Return what a run did; none where there was nothing to do, or it was asked to stop."""
    clock = time.monotonic()
    try:
        return run.once(site, clock) if _news(site) else None
    except Stopped:
        return None


def _news(site: Site) -> bool:
    """Return whether a run has something to do: an image that is not done, or a run that was cut off."""
    ready = prepared(site)
    request, lake = ready.request, ready.lake
    if orders.event(request, lake, ready.key).event == "resumed":
        return True
    with progress.waiting("listing the source"):
        listed = listing.listed(request, site.spark, ready.key, lake.uri, ready.vault, ready.suppressed)
        try:
            decided = applying.decided(request, lake)
            return not listing.todo(request, listed, lake.frame("images"), decided).isEmpty()
        finally:
            listed.unpersist()


def told(as_json: bool) -> Callable[[Report], None]:
    """Return what prints each run: a line of JSON, or lines for people."""

    def say(report: Report) -> None:
        text = json.dumps(report.as_dict(), default=str) if as_json else "\n".join(report.lines())
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    return say
