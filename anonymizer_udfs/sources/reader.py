"""Read the images that a listing named (executor, one reader a task)."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from anonymizer_udfs.errors import CredentialsError, SourceError, SpecError, UnknownNameError
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.sources.base import Entry, Storage
from anonymizer_udfs.sources.stores import is_lasting, refuses_us

DELAYS_S = (0.2, 1.0, 3.0)
"""Waits before the second, third and fourth try; the same each time, since runs are repeatable."""
_QUEUED_A_THREAD = 4


class Reader:
    """Reads the bytes of entries of any kind; thread-safe but for :meth:`close`.

    Args:
        storage: how to reach the store.
        max_bytes: above it an image is ``too_large``, and not one of its bytes is kept; at least 1.
        content_column: of tables; ``None``: a file's only binary column.
        delays_s: waits in seconds before each further try after a passing failure.
        dated: whether what was written again since it was listed is ``changed``, whatever its size; else who reads
            looks at the bytes' digest.
    """

    def __init__(
        self,
        storage: Storage,
        max_bytes: int,
        content_column: str | None = None,
        delays_s: tuple[float, ...] = DELAYS_S,
        *,
        dated: bool = False,
    ) -> None:
        from anonymizer_udfs.sources import SOURCES  # noqa: PLC0415  # the family's table lies in front of all its files

        if max_bytes < 1:
            raise SpecError(f"max_bytes must be at least 1, got {max_bytes}")
        self._members = {kind: member(storage, content_column) for kind, member in SOURCES.items()}
        self._max_bytes, self._delays_s = max_bytes, delays_s
        self._storage, self._dated = storage, dated

    def read(self, entry: Entry) -> bytes:
        """Return an image's bytes.

        Raises:
            BadImageError: ``UNREADABLE``, ``CHANGED``, ``EMPTY`` or ``TOO_LARGE``; it names nothing.
            UnknownNameError: the entry is of no known kind.
        """
        found = self.outcome(entry)
        # Raised here, outside any except: an exception that names the source would hang on as its context.
        if isinstance(found, Reason):
            raise BadImageError(found)
        return found

    def read_ahead(
        self, entries: Iterable[Entry], threads: int, max_bytes_in_flight: int
    ) -> Iterator[tuple[Entry, bytes | Reason]]:
        """Yield each entry with its bytes, or the reason for which it has none, in the order given.

        What is read but not yet asked for, and the image last yielded, stay together within ``max_bytes_in_flight``;
        when nothing is left to yield, one more is read whatever its size. Of images whose size no listing told (rows of
        tables) one is read at a time, while the one before is in use. Closing the iterator waits for running reads and
        drops the rest.

        Args:
            entries: taken lazily, a few for each thread ahead.
            threads: reads at a time, at least 1.
            max_bytes_in_flight: at least 1.
        """
        if threads < 1 or max_bytes_in_flight < 1:
            raise SpecError(f"threads and max_bytes_in_flight must be at least 1: {threads} and {max_bytes_in_flight}")
        pool = ThreadPoolExecutor(threads, thread_name_prefix="read-ahead")
        try:
            queue = _Queue(self, pool, iter(entries), threads * _QUEUED_A_THREAD, max_bytes_in_flight)
            while queue.start_one():
                queue.fill()
                found = queue.take()
                # Before the yield, so that the next images are read while this one is in use.
                queue.fill()
                yield found
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def close(self) -> None:
        """Close what the members keep open."""
        for member in self._members.values():
            member.close()

    def listed_bytes(self, entry: Entry) -> int:
        """Return what reading will hold in memory: -1 unknown; 0 where the listing already says that it will fail."""
        member = self._members.get(entry.kind)
        if member is None or entry.start < 0 or entry.size_bytes > self._max_bytes:
            return 0
        return -1 if member.ordered else entry.size_bytes

    def outcome(self, entry: Entry) -> bytes | Reason:
        """Return an image's bytes or the reason for which there are none; tries again after passing failures.

        Raises:
            UnknownNameError: the entry is of no known kind.
            CredentialsError: whatever is asked of the store is refused.
        """
        if entry.kind not in self._members:
            raise UnknownNameError("kind of source", entry.kind, self._members)
        if entry.start < 0:
            return Reason.UNREADABLE
        if entry.size_bytes > self._max_bytes:
            return Reason.TOO_LARGE
        for delay_s in self._delays_s:
            found = self._try(entry)
            if found is not None:
                return found
            time.sleep(delay_s)
        return self._try(entry) or Reason.UNREADABLE

    def _try(self, entry: Entry) -> bytes | Reason | None:
        """Return bytes or a reason, or ``None`` after a failure that may pass.

        Raises:
            CredentialsError: whatever is asked of the store is refused.
        """
        asked = entry if self._dated or entry.kind != "object" else replace(entry, modified_us=0)
        try:
            return self._members[entry.kind].fetch(asked, self._max_bytes) or Reason.EMPTY
        except BadImageError as error:
            return error.reason
        except SourceError:
            return Reason.UNREADABLE
        except OSError as error:
            refused = refuses_us(error, entry.container, self._storage)
            found = Reason.UNREADABLE if is_lasting(error) else None
        # Raised here, outside any except: an exception that names the source would hang on as its context.
        if refused:
            raise CredentialsError(
                "the store of the source refuses these credentials: they have expired, or were taken back; renew "
                "them and run the same command again"
            )
        return found


@dataclass
class _Pending:
    """One image on its way: ``listed_bytes`` is what the listing said, -1 nothing."""

    entry: Entry
    result: Future[bytes | Reason]
    listed_bytes: int

    @property
    def cost_bytes(self) -> int:
        """What it holds in memory, now or soon."""
        if not self.result.done():
            return max(self.listed_bytes, 0)
        found = self.result.result()
        return len(found) if isinstance(found, bytes) else 0


class _Queue:
    """The images on their way, in order, within a bound of bytes; used by one thread."""

    def __init__(
        self, reader: Reader, pool: ThreadPoolExecutor, upcoming: Iterator[Entry], most: int, most_bytes: int
    ) -> None:
        self._reader, self._pool, self._upcoming = reader, pool, upcoming
        self._most, self._most_bytes = most, most_bytes
        self._following = next(upcoming, None)
        self._waiting: deque[_Pending] = deque()
        self._held_bytes = 0

    def start_one(self) -> bool:
        """Make sure that something is on its way, whatever its size; ``False`` when all is done."""
        if not self._waiting and self._following is not None:
            self._start(self._following)
        return bool(self._waiting)

    def fill(self) -> None:
        """Start as many reads as fit."""
        while self._following is not None and len(self._waiting) < self._most and self._fits(self._following):
            self._start(self._following)

    def take(self) -> tuple[Entry, bytes | Reason]:
        """Wait for the first and return it; it counts as held until the next one is taken."""
        first = self._waiting.popleft()
        found = first.result.result()
        self._held_bytes = first.cost_bytes
        return first.entry, found

    def _start(self, entry: Entry) -> None:
        result = self._pool.submit(self._reader.outcome, entry)
        self._waiting.append(_Pending(entry, result, self._reader.listed_bytes(entry)))
        self._following = next(self._upcoming, None)

    def _fits(self, entry: Entry) -> bool:
        listed = self._reader.listed_bytes(entry)
        if listed < 0 and any(p.listed_bytes < 0 and not p.result.done() for p in self._waiting):
            return False
        taken = self._held_bytes + sum(pending.cost_bytes for pending in self._waiting)
        return taken + max(listed, 0) <= self._most_bytes
