"""The lease: which one run may write to a lake, or to a vault. Runs on the driver.

The run that has it writes a new version of one small record every few seconds. Another one takes its place when the
record has not changed for a minute of its own waiting, so that no clock is ever compared with another machine's; at
once where the process that wrote it has surely ended. A run that slept through that loses nothing: it finds the record
changed, and what it would still commit is outranked by the epoch of the one that came after (``SparkLake.fence``).
"""

import contextlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from anonymizer_udfs.sources.base import Storage
from jobs import alive, progress, stores
from jobs.errors import LakeBusyError, LakeError
from jobs.options import Common
from jobs.record import Record, Version, open_record

NAME = "_lease"
_LOOKS_A_RENEWAL = 4


@dataclass(frozen=True)
class Terms:
    """How a lease is kept.

    Attributes:
        renew_s: seconds between two versions of the record.
        expire_s: seconds without a new version after which another run takes over.
        wait_s: seconds to wait for a run that lives before giving up.
    """

    renew_s: float = 10.0
    expire_s: float = 60.0
    wait_s: float = 0.0


@dataclass(frozen=True)
class Holder:
    """What the record says; ``token`` and ``beat`` together are in no other version.

    Attributes:
        token: random, of one holder.
        beat: number of its version.
        job: the command.
        since: when it took the lake, by its own clock: for people.
        expire_s: what it asks others to wait.
        run_id: the run, once that is known.
        process: as :func:`jobs.alive.note` gives it.
        free: whether it has given the lake back.
    """

    token: str
    beat: int
    job: str
    since: str
    expire_s: float
    run_id: str | None = None
    process: str | None = None
    free: bool = False

    def written(self) -> bytes:
        """Return the record's bytes."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, content: bytes) -> "Holder":
        """Return what a record says.

        Raises:
            LakeError: if it was written by something else.
        """
        try:
            return cls(**json.loads(content))
        except (ValueError, TypeError) as error:
            raise LakeError(
                f"the record in the folder {NAME} was not written by this version of faceveil; "
                "remove the folder when nothing writes to the lake"
            ) from error

    def told(self) -> str:
        """Return who it is, for a message."""
        run = f" {self.run_id}" if self.run_id else ""
        return f"{self.job}{run}, since {self.since}"


class Lease:
    """The lease of one run; a context manager that gives it back.

    Args:
        job: the command, for messages to others.
        terms: how it is kept.
        storage: how to reach object stores.
    """

    def __init__(self, job: str, terms: Terms, storage: Storage) -> None:
        self._terms, self._storage = terms, storage
        token, since = secrets.token_hex(8), f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        self._mine = Holder(token, 0, job, since, terms.expire_s, process=alive.note())
        self._record: Record | None = None
        self._version: Version | None = None
        self._seen: tuple[str, float] | None = None
        self._lives, self._taken, self._lost, self._renewed_at = False, False, False, 0.0
        self._began = _now()
        self._guard, self._stop = threading.RLock(), threading.Event()

    def look(self, uri: str) -> None:
        """Return when no other run has the lake at a normalised URI; writes nothing.

        Raises:
            LakeBusyError: another run has it, and goes on having it for longer than is to be waited.
            LakeError: the store failed.
        """
        self._open(uri)
        with _told():
            self._wait_until_free()

    def take(self, uri: str) -> None:
        """Take the lake at a normalised URI, and begin to renew the lease; one that is taken is checked.

        Raises:
            LakeBusyError: as :meth:`look`.
            LakeError: the store failed.
        """
        if self._taken:
            return self.check()
        record = self._open(uri)
        with _told():
            while self._version is None:
                self._renewed_at = _now()
                self._version = record.swap(self._mine.written(), self._wait_until_free())
        self._taken = True
        threading.Thread(target=self._keep, name="lease", daemon=True).start()
        return None

    def say(self, run_id: str) -> None:
        """Tell others which run it is, and make sure that the lease is still ours.

        Raises:
            LakeBusyError: it is not.
            LakeError: the store failed.
        """
        with self._guard, _told():
            self._mine = replace(self._mine, run_id=run_id)
            self._renew()
        self.check()

    def check(self) -> None:
        """Return if the lease is ours.

        Raises:
            LakeBusyError: another run has taken over.
            LakeError: it could not be renewed for so long that another run may have taken over.
        """
        with self._guard:
            if not self._lost and _now() - self._renewed_at > self._terms.expire_s / 2:
                with _told():
                    self._renew()
            if self._lost:
                raise LakeBusyError(
                    "another run has taken over this lake: this one did not renew its lease in time, because it was "
                    "paused or cut off; nothing is lost: run the command again when the other one is done"
                )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lease back, if it is ours; where the store fails it expires by itself."""
        self._stop.set()
        with self._guard, contextlib.suppress(*stores.FAILURES):
            if self._version is not None and not self._lost and self._record is not None:
                self._mine = replace(self._mine, beat=self._mine.beat + 1, free=True)
                self._record.swap(self._mine.written(), self._version)
                self._version = None

    def _open(self, uri: str) -> Record:
        if self._record is None:
            self._record = open_record(uri, NAME, self._storage, self._terms.renew_s)
        return self._record

    def _wait_until_free(self) -> Version | None:
        """Return the version that may be replaced; ``None`` where there is none yet."""
        found, holder = self._found()
        if found is None or self._is_over(found, holder):
            return found
        with progress.waiting(f"another run has this: {holder.told()}; looking whether it lives"):
            while found is not None and not self._is_over(found, holder):
                if self._lives and _now() - self._began >= self._terms.wait_s:
                    raise LakeBusyError(
                        f"another run has this lake: {holder.told()}; run the command again when it is done, or wait "
                        "for it with --wait SECONDS"
                    )
                time.sleep(self._terms.renew_s / _LOOKS_A_RENEWAL)
                found, holder = self._found()
        return found

    def _found(self) -> tuple[Version | None, Holder]:
        found = self._record.read() if self._record else None
        return found, Holder.read(found.content) if found else self._mine

    def _is_over(self, found: Version, holder: Holder) -> bool:
        """Tell whether a version may be replaced: given back, left by the dead, or the same for too long."""
        if holder.free or alive.has_ended(holder.process):
            return True
        now = _now()
        if self._seen is None or self._seen[0] != found.mark:
            self._lives = self._seen is not None
            self._seen = found.mark, now
        return now - self._seen[1] >= max(holder.expire_s, self._terms.expire_s)

    def _keep(self) -> None:
        while not self._stop.wait(self._terms.renew_s) and not self._lost:
            # What a store fails with now may pass; whoever commits next asks for the lease's age.
            with self._guard, contextlib.suppress(LakeError, *stores.FAILURES):
                if not self._stop.is_set():
                    self._renew()

    def _renew(self) -> None:
        if self._record is None or self._version is None or self._lost:
            return
        before, self._mine = _now(), replace(self._mine, beat=self._mine.beat + 1)
        self._version = self._record.swap(self._mine.written(), self._version)
        if self._version is None:
            # A put that was taken for failed may have been heard: then what is there is an earlier one of ours.
            own = self._own()
            self._version = self._record.swap(self._mine.written(), own) if own else None
        self._lost = self._version is None
        self._renewed_at = before

    def _own(self) -> Version | None:
        found, holder = self._found()
        return found if holder.token == self._mine.token else None


def of(job: str, common: Common, wait_s: float) -> Lease:
    """Return a run's lease, not yet taken.

    Args:
        job: the command.
        common: what it was told.
        wait_s: what ``--wait`` said.
    """
    given = common.settings.lease
    return Lease(job, Terms(given.renew_seconds, given.expire_seconds, wait_s), common.storage)


@contextlib.contextmanager
def held(uri: str, job: str, common: Common, wait_s: float) -> Iterator[Lease]:
    """Hold the lease of a lake or a vault for the length of a block; arguments as :func:`of`.

    Raises:
        LakeBusyError: another run has it.
    """
    with of(job, common, wait_s) as lease:
        lease.take(uri)
        yield lease


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except stores.FAILURES as error:
        raise LakeError(f"the lease of the lake cannot be read or written: {stores.why(error)}") from error


def _now() -> float:
    """Return seconds that only grow, and also while the machine sleeps; no wall clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)
