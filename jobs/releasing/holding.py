"""Which releases hold an image: asked of the lake alone, by id or by what went out. Driver, without Spark."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from jobs.errors import UsageError
from jobs.lake import Lake
from jobs.lookup import Finder
from jobs.placed import Placed, among
from jobs.releasing.members import Members
from jobs.releasing.place import stored
from jobs.releasing.records import Releases
from jobs.screen import Section, counted
from jobs.tables import Tables
from schemas import RELEASE_TABLES, RELEASED_TABLES, views

_ID, _SHA256 = re.compile(r"[0-9a-f]{32}"), re.compile(r"[0-9a-f]{64}")
_SOME = 2000
"""Ids that are asked for at a time."""
_BOTH = RELEASE_TABLES | RELEASED_TABLES
_OLDER = "was made by an older faceveil, which kept no list: its members.jsonl says what it holds"


@dataclass(frozen=True)
class Holder:
    """A release that holds some of the images that were asked for.

    Attributes:
        name: of the release.
        uri: where it was written to.
        images: how many of them it holds.
        recalled: whether it was taken back already.
    """

    name: str
    uri: str
    images: int
    recalled: bool


@dataclass(frozen=True)
class Known:
    """What a lake keeps of its releases' images.

    Attributes:
        erased: release to how many of its images were erased since; of those alone that are known.
        unknown: releases of which no list is kept, since an older faceveil made them.
    """

    erased: dict[str, int]
    unknown: tuple[str, ...]

    @classmethod
    def of(cls, lake: Lake, rows: Sequence[dict[str, Any]]) -> "Known":
        """Return it for rows of ``releases``."""
        counts = Members(lake).counts() if rows else {}
        known = {row["name"]: counts[row["run_id"]][1] for row in rows if row["run_id"] in counts}
        # One that holds no image has no rows, and is known all the same.
        known |= {row["name"]: 0 for row in rows if not row["images"]}
        return cls(known, tuple(row["name"] for row in rows if row["name"] not in known))

    def notes(self) -> tuple[tuple[str, str], ...]:
        """Return for people where the lake cannot say whether a release holds an image."""
        erased = [
            (name, f"holds {counted(count, 'image')} erased since: its members.jsonl says which, the lake does not")
            for name, count in self.erased.items()
            if count
        ]
        return (*erased, *((name, _OLDER) for name in self.unknown))


@dataclass(frozen=True)
class Held:
    """Which releases hold what a word stands for.

    Attributes:
        asked: the word.
        rows: of the view ``holdings``, the oldest release first.
        known: what the lake keeps of releases at all.
    """

    asked: str
    rows: tuple[dict[str, Any], ...]
    known: Known

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        erased = {name: count for name, count in self.known.erased.items() if count}
        return {"asked": self.asked, "held_by": list(self.rows), "not_known": self.known.unknown, "erased": erased}

    def sections(self) -> list[Section]:
        """Return what a person reads."""
        head = ("release", "at (UTC)", "word", "RECALLED", "image", "where")
        rows = tuple(
            (
                row["name"],
                f"{row['at']:%Y-%m-%d %H:%M}",
                row["word"],
                "-" if row["recalled_at"] is None else f"{row['recalled_at']:%Y-%m-%d}: {row['recalled_why']}",
                row["image_id"],
                _where(row),
            )
            for row in self.rows
        )
        none = (("no release of which this lake knows the images",),) if not rows else ()
        sections = (Section("held by", rows, head), Section("held by", none), Section("not known", self.known.notes()))
        return [one for one in sections if one.rows]


def _where(row: dict[str, Any]) -> str:
    within = f", member {row['file_member']}" if row["file_member"] is not None else ""
    within += f", row {row['file_row']}" if row["file_row"] is not None else ""
    return f"{row['uri']}/{row['file']}{within}"


def held(placed: Placed, word: str) -> Held:
    """Return which releases hold an image.

    Args:
        placed: the lake; a source's name needs its key.
        word: an id, the SHA-256 of what went out, a local file that went out, or the name of a source.

    Raises:
        UsageError: the word stands for nothing that is known.
    """
    ids, digests = _stands_for(placed, word)
    lake = placed.lake
    either = [among(*one) for one in (("image_id", ids), ("output_sha256", digests)) if one[1]]
    rows = _holdings(lake, f"SELECT * FROM holdings WHERE {' OR '.join(either)} ORDER BY at, name, image_id")  # noqa: S608 - digits, checked by among
    return Held(word, tuple(rows), Known.of(lake, Releases(lake).rows()))


def _stands_for(placed: Placed, word: str) -> tuple[list[str], list[str]]:
    """Return ids and digests."""
    if _ID.fullmatch(word):
        return [word], []
    if _SHA256.fullmatch(word):
        return [], [word]
    try:
        digests = [stored("", Path(word)).sha256] if Path(word).is_file() else []
    except OSError:
        digests = []
    found = Finder(placed).find(word)
    if found.row is None and not digests:
        why = "".join(f"; {note}" for note in found.notes)
        raise UsageError(f"--holds takes an id, a SHA-256, a file, or a source of this lake, got none of them{why}")
    return ([found.row["image_id"]] if found.row else []), digests


@dataclass(frozen=True)
class GoneOut:
    """Which releases hold images that are to be erased: how many, and not which.

    Attributes:
        holders: releases that hold some of them.
        unknown: releases of which nobody can tell here, as :class:`Known` has them.
    """

    holders: tuple[Holder, ...]
    unknown: tuple[str, ...]

    @classmethod
    def of(cls, lake: Lake, image_ids: Collection[str]) -> "GoneOut":
        """Return it for some ids; for none nothing is asked."""
        if not image_ids:
            return cls((), ())
        return cls(tuple(holders(lake, image_ids)), Known.of(lake, Releases(lake).rows()).unknown)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return {"held_by": [vars(one) for one in self.holders], "held_by_not_known": list(self.unknown)}

    def lines(self) -> list[str]:
        """Return what a person reads."""
        todo = "what went out is not touched: remove it there, tell those who have it, and release anew"
        held = [
            f"{one.name} at {one.uri} holds {one.images:,} of them{' (recalled)' if one.recalled else ''}: {todo}"
            for one in self.holders
        ]
        return [*held, *(f"{name} {_OLDER}" for name in self.unknown)]


def holders(lake: Lake, image_ids: Iterable[str]) -> list[Holder]:
    """Return the releases that hold some of many images, by their names: how many, and not which."""
    found: dict[str, Holder] = {}
    coming = iter(sorted(set(image_ids)))
    while some := list(islice(coming, _SOME)):
        sql = (
            "SELECT name, uri, recalled_at IS NOT NULL AS recalled, COUNT(*) AS n FROM holdings "  # noqa: S608 - checked digits
            f"WHERE {among('image_id', some)} GROUP BY 1, 2, 3"
        )
        for row in _holdings(lake, sql):
            before = found[row["name"]].images if row["name"] in found else 0
            found[row["name"]] = Holder(row["name"], row["uri"], before + int(row["n"]), bool(row["recalled"]))
    return [found[name] for name in sorted(found)]


def _holdings(lake: Lake, sql: str) -> list[dict[str, Any]]:
    tables = Tables(lake.uri, _BOTH, lake.tables.storage)
    return list(tables.query(sql, **views("unnest", _BOTH)).to_pylist()) if tables.exist() else []
