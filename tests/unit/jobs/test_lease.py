"""The lease of a lake on a disk, held by real processes that are killed and paused; an S3 server: ``tests/s3``."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from anonymizer_udfs.sources.base import Storage
from jobs import alive
from jobs.errors import LakeBusyError, LakeError
from jobs.lease import NAME, Holder, Lease, Terms
from jobs.record import Record, open_record
from tests.support import lease_holder

ROOT = Path(__file__).resolve().parents[3]
QUICK = Terms(renew_s=0.1, expire_s=1.0)
LOCAL = Storage()


def record(lake: Path) -> Record:
    """Return the record of a lake."""
    return open_record(str(lake), NAME, LOCAL, 5)


def holder(lake: Path) -> Holder:
    """Return what the record of a lake says."""
    found = record(lake).read()
    assert found is not None
    return Holder.read(found.content)


def lease(terms: Terms = QUICK) -> Lease:
    """Return a lease that is not yet taken."""
    return Lease("maintain", terms, LOCAL)


@contextmanager
def holding(uri: str, renew_s: float = 0.1, expire_s: float = 1.0) -> Iterator[subprocess.Popen[str]]:
    """Give another process that has the lease."""
    line = [sys.executable, "-m", lease_holder.__name__, uri, str(renew_s), str(expire_s)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holds\n"
        try:
            yield process
        finally:
            process.kill()


def elsewhere(lake: Path) -> None:
    """Have the record say what a process of another machine would have written."""
    seen = record(lake).read()
    assert seen is not None
    theirs = replace(Holder.read(seen.content), process="0123456789abcdef:1:1", beat=999)
    assert record(lake).swap(theirs.written(), seen) is not None


def test_a_lease_is_given_back(tmp_path: Path) -> None:
    """One after another: the second one finds it free and waits for nothing."""
    for _ in range(2):
        with lease(Terms(10, 60)) as mine:
            mine.take(str(tmp_path))
            mine.check()
            assert not holder(tmp_path).free
        assert holder(tmp_path).free
    assert len(list((tmp_path / NAME).iterdir())) == 1


def test_a_lease_that_is_taken_again_is_checked(tmp_path: Path) -> None:
    """One process may do many runs under one lease: it goes on being ours, or says that it is not."""
    with lease(QUICK) as mine:
        mine.take(str(tmp_path))
        before = threading.active_count()
        mine.take(str(tmp_path))
        assert threading.active_count() == before
        mine._stop.set()
        time.sleep(0.3)
        elsewhere(tmp_path)
        with lease(QUICK) as theirs:
            theirs.take(str(tmp_path))
            with pytest.raises(LakeBusyError, match="taken over"):
                mine.take(str(tmp_path))


def test_whoever_comes_second_is_told_who_has_it(tmp_path: Path) -> None:
    """Job, run and since when, and what to do; within a few renewals; the one that has it goes on."""
    with holding(str(tmp_path)) as process:
        began = time.monotonic()
        with pytest.raises(LakeBusyError, match=r"anonymize run-1, since 20\d\d-.* UTC; run the command .*--wait"):
            lease().look(str(tmp_path))
        assert time.monotonic() - began < 1
        assert process.poll() is None


def test_whoever_waits_gets_it(tmp_path: Path) -> None:
    """With --wait the second one begins as soon as the first one is done."""
    with holding(str(tmp_path)) as process, ThreadPoolExecutor(1) as pool, lease(replace(QUICK, wait_s=30)) as mine:
        taken = pool.submit(mine.take, str(tmp_path))
        time.sleep(1.5)
        assert not taken.done()
        process.communicate("done\n")
        taken.result(timeout=5)
        assert holder(tmp_path).job == "maintain"


def test_a_killed_one_is_followed_at_once(tmp_path: Path) -> None:
    """Its process is gone from this machine, which is sure, so that nobody waits a minute."""
    with holding(str(tmp_path), 10, 60) as process:
        process.kill()
        process.wait()
        with lease(Terms(10, 60)) as mine:
            began = time.monotonic()
            mine.take(str(tmp_path))
            assert time.monotonic() - began < 2
            mine.check()


def test_one_that_died_elsewhere_is_followed_after_a_minute_without_a_sign(tmp_path: Path) -> None:
    """What cannot be looked at is waited for, as long as the longer of both terms; here a second."""
    with lease(Terms(0.1, 0.3)) as dead:
        dead.take(str(tmp_path))
        dead._stop.set()
        time.sleep(0.3)
        elsewhere(tmp_path)
        with lease(QUICK) as mine:
            began = time.monotonic()
            mine.take(str(tmp_path))
            assert 1.0 <= time.monotonic() - began < 3
            with pytest.raises(LakeBusyError, match="taken over"):
                dead.say("run-1")


def test_one_that_was_paused_finds_out(tmp_path: Path) -> None:
    """Stopped and woken up again, it knows before its next commit that another one has the lake."""
    with holding(str(tmp_path), 0.1, 0.5) as process, lease(Terms(0.1, 0.5)) as mine:
        os.kill(process.pid, signal.SIGSTOP)
        began = time.monotonic()
        mine.take(str(tmp_path))
        assert time.monotonic() - began >= 0.5
        os.kill(process.pid, signal.SIGCONT)
        assert process.wait(timeout=10) == lease_holder.LOST
        mine.check()


def test_one_that_was_paused_alone_goes_on(tmp_path: Path) -> None:
    """Nobody came meanwhile: it renews, and has lost nothing."""
    with holding(str(tmp_path), 0.1, 0.5) as process:
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(1)
        os.kill(process.pid, signal.SIGCONT)
        before = holder(tmp_path).beat
        time.sleep(0.5)
        assert process.poll() is None
        assert holder(tmp_path).beat > before


def test_of_many_one_takes_it(tmp_path: Path) -> None:
    """Eight at the same time, twenty times over: one of them has it, the others are told."""
    for turn in range(20):
        lake = str(tmp_path / str(turn))
        leases = [lease(Terms(0.05, 5)) for _ in range(8)]

        def tried(one: Lease, lake: str = lake) -> bool:
            try:
                one.take(lake)
            except LakeBusyError:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(tried, leases)) == 1
        for one in leases:
            with one:
                pass


@pytest.mark.parametrize("when", ["1970-01-01 00:00:00 UTC", "2999-12-31 23:59:59 UTC"])
def test_no_clock_is_compared(when: str, tmp_path: Path) -> None:
    """Whatever the holder's clock said: a lease lives while it is renewed, and no longer."""
    with lease() as theirs:
        theirs.take(str(tmp_path))
        theirs._mine = replace(theirs._mine, since=when)
        theirs.say("run-1")
        with pytest.raises(LakeBusyError, match=when):
            lease().look(str(tmp_path))
        theirs._stop.set()
        time.sleep(0.3)
        elsewhere(tmp_path)
        with lease() as mine:
            mine.take(str(tmp_path))


def test_what_a_stale_writer_makes_in_a_gap_counts_for_nothing(tmp_path: Path) -> None:
    """Versions that others removed leave room for a number that one of long ago may still take: it is refused."""
    mine, stale = record(tmp_path), record(tmp_path)
    first = mine.swap(b"1", None)
    seen = stale.read()
    newest = mine.swap(b"3", mine.swap(b"2", first))
    assert stale.swap(b"x", seen) is None
    assert stale.swap(b"x", None) is None
    assert mine.read() == newest


def test_a_record_of_something_else_is_refused(tmp_path: Path) -> None:
    """Nobody takes over what he cannot read."""
    record(tmp_path).swap(json.dumps({"by": "a later faceveil"}).encode(), None)
    with pytest.raises(LakeError, match="remove the folder"):
        lease().look(str(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="told from what Linux shows of processes")
@pytest.mark.parametrize(
    ("change", "ended"),
    [
        pytest.param(lambda said: said, False, id="alive"),
        pytest.param(lambda said: said.rpartition(":")[0] + ":1", True, id="another-of-its-number"),
        pytest.param(lambda said: f"{'0' * 16}:{said.partition(':')[2]}", False, id="another-machine"),
        pytest.param(lambda _: None, False, id="nothing-said"),
        pytest.param(lambda _: "what is this", False, id="nonsense"),
    ],
)
def test_only_what_is_sure_counts_as_dead(change: Callable[[str], str | None], ended: bool) -> None:
    """This process lives; one of its number that began at another time does not; others may."""
    said = alive.note()
    assert said is not None
    assert alive.has_ended(change(said)) is ended
