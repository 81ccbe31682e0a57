"""``anonymize --stream``: what it may be asked, and how it is told to stop."""

import os
import signal
import time
from pathlib import Path

import pytest

from jobs import anonymize
from jobs.errors import UsageError
from jobs.streaming import Stopping, seconds
from tests.unit.jobs.cases import Told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
def test_a_signal_asks_to_stop_and_wakes_who_waits(number: signal.Signals, capfd: pytest.CaptureFixture[str]) -> None:
    """It is told, ends no process, and afterwards signals mean what they meant before."""
    before = signal.getsignal(number)
    with Stopping() as stopping:
        assert not stopping.come()
        os.kill(os.getpid(), number)
        begun = time.monotonic()
        assert stopping.wait(30)
        assert time.monotonic() - begun < 5
        assert signal.getsignal(number) is signal.SIG_DFL
    assert signal.getsignal(number) is before
    assert "after the batch that is under way" in capfd.readouterr().err


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("60s", 60), ("5m", 300), ("168h", 604_800)])
def test_a_time_is_read(text: str, value: int) -> None:
    """In seconds, minutes or hours."""
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "0", "0s", "-1s", "1.5m", "5d", "169h", "s", "60 s", "1e3"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """With what is one."""
    with pytest.raises(UsageError, match="such as 60s, 5m or 2h"):
        seconds(text)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(("--once",), "how --stream looks", id="once-alone"),
        pytest.param(("--every", "60s"), "how --stream looks", id="every-alone"),
        pytest.param(("--stream", "--every", "soon"), "--every takes a time", id="no-time"),
        *(
            pytest.param(("--stream", *more), "leave out --explain, --mirror, --limit, --retry", id=more[0])
            for more in (("--explain",), ("--mirror",), ("--limit", "5"), ("--retry", "unreadable"))
        ),
    ],
)
def test_what_cannot_go_on_for_ever_is_refused(words: tuple[str, ...], says: str, tmp_path: Path, told: Told) -> None:
    """With 2, before Spark starts and before anything is made."""
    source = tmp_path / "photos"
    source.mkdir()
    assert says in told(anonymize, source, tmp_path / "lake", *words, code=2)
    assert [one.name for one in tmp_path.iterdir()] == ["photos"]
