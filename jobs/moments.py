"""A moment in a lake's history: ``--at 12``, ``--at 2026-01-31`` or ``--at "2026-01-31 18:00"``. Driver only."""

from dataclasses import dataclass
from datetime import UTC, datetime

from deltalake import DeltaTable

from jobs.errors import UsageError

_PER_SECOND = 1000


@dataclass(frozen=True)
class Moment:
    """A version of ``images``, or a time.

    Attributes:
        version: of ``images``; none where a time was given.
        time: with its zone; none where a version was given.
    """

    version: int | None = None
    time: datetime | None = None

    def of_images(self, kept: dict[int, datetime]) -> tuple[int, datetime]:
        """Return the version of ``images`` at this moment, and the time at which other tables are to be read.

        Args:
            kept: the versions of ``images``, from :func:`versions`.

        Raises:
            UsageError: the table was not there yet, or is there no more in that version.
        """
        first, last = min(kept), max(kept)
        if self.version is not None:
            if self.version not in kept:
                raise UsageError(f"images has versions {first} to {last}, got {self.version}")
            return self.version, kept[self.version]
        if self.time is None:
            return last, kept[last]
        past = [version for version, made in kept.items() if made <= self.time]
        if not past:
            raise UsageError(
                f"images was first written at {kept[first]:%Y-%m-%d %H:%M:%S} UTC (version {first}, older ones "
                f"are not kept), got {self.time:%Y-%m-%d %H:%M:%S %Z}"
            )
        return max(past), self.time


def moment(text: str) -> Moment:
    """Return what somebody typed: digits are a version, anything else a date or time, in UTC unless it says its zone.

    Raises:
        UsageError: it is neither.

    Examples:
        >>> moment("12").version, str(moment("2026-01-31").time)
        (12, '2026-01-31 00:00:00+00:00')
    """
    if text.isdecimal() and text.isascii():
        return Moment(version=int(text))
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"expected a version or a time such as 2026-01-31 or 2026-01-31T18:00Z, got {text!r}"
        ) from None
    return Moment(time=said if said.tzinfo else said.replace(tzinfo=UTC))


def versions(table: DeltaTable) -> dict[int, datetime]:
    """Return the versions of a table that are kept, and when each was made; after an erasure they begin with it.

    The table must be as it was opened: taken back to an earlier version it numbers its history wrongly.
    """
    kept = {one["version"]: datetime.fromtimestamp(one["timestamp"] / _PER_SECOND, UTC) for one in table.history()}
    return kept or {table.version(): datetime.now(UTC)}


def as_of(table: DeltaTable, time: datetime) -> bool:
    """Take a table back to a time; return whether it was there, as far as its history is kept."""
    past = [version for version, made in versions(table).items() if made <= time]
    if past:
        table.load_as_version(max(past))
    return bool(past)
