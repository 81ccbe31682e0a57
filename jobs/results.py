"""Some results of a run as tiles for a contact sheet. Runs on the driver, a few images in memory at a time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from anonymizer_udfs.outcome import Status
from jobs.lake import Lake
from jobs.originals import Originals
from jobs.placed import among
from jobs.sheet import MAX_PIXELS, Tile

SHORT_ID = 12
_SOME = 4
_RARE_SHARE = 6


def tiles(lake: Lake, run_id: str, most: int, originals: Originals | None = None) -> Iterator[Tile]:
    """Yield a tile for each of at most ``most`` images of a run: a random sample, and the same one each time.

    Anonymized images fill the sheet; each other status that occurs has up to a sixth of it, so that none goes unseen.

    Args:
        lake: where the results are.
        run_id: the run.
        most: tiles at most.
        originals: given only where originals may be seen beside the results.
    """
    ids = chosen(_candidates(lake, run_id, most), most)
    for start in range(0, len(ids), _SOME):
        some = ids[start : start + _SOME]
        found = {row["image_id"]: row for row in _rows(lake, some)}
        for image_id in some:
            if image_id in found:
                yield tile(found[image_id], originals.read(image_id) if originals else None)


def chosen(candidates: Mapping[Status, Sequence[str]], most: int) -> list[str]:
    """Return the ids to show, those of one status together.

    Examples:
        >>> chosen({Status.ANONYMIZED: ["a", "b", "c"], Status.QUARANTINED: ["x", "y"]}, 3)
        ['a', 'b', 'x']
        >>> chosen({Status.QUARANTINED: ["x", "y"]}, 3)
        ['x', 'y']
    """
    have = {status: list(candidates.get(status, ())) for status in Status}
    share = max(1, most // _RARE_SHARE)
    take = {status: min(share, len(ids)) for status, ids in have.items()}
    for status in Status:  # anonymized comes first, and takes what the others leave
        others = sum(n for other, n in take.items() if other is not status)
        take[status] = max(take[status], min(len(have[status]), most - others))
    return [image_id for status in Status for image_id in have[status][: take[status]]][:most]


def tile(row: Mapping[str, Any], original: bytes | None = None, name: str | None = None) -> Tile:
    """Return the tile of one row of ``images`` with its content.

    Args:
        row: ``image_id``, ``status``, ``reason``, ``content``, ``width``, ``height`` and ``faces``.
        original: the source's bytes, where they may be seen.
        name: what it is called; a short id if nothing is said.
    """
    faces = row["faces"] or []
    return Tile(
        name=name or row["image_id"][:SHORT_ID],
        status=Status(row["status"]),
        content=row["content"],
        faces=len(faces),
        methods=tuple(dict.fromkeys(face["method"] for face in faces)),
        reason=row["reason"],
        original=original,
    )


def _candidates(lake: Lake, run_id: str, most: int) -> dict[Status, list[str]]:
    """Return the smallest ids of each status; ids are keyed hashes, so they are a random sample."""
    small = f"COALESCE(CAST(width AS BIGINT) * height, 0) <= {MAX_PIXELS}"
    place = "ROW_NUMBER() OVER (PARTITION BY status ORDER BY image_id) AS place"
    mine = f"SELECT image_id, status, {place} FROM images WHERE run_id = '{run_id}' AND {small}"  # noqa: S608 - ours
    found = lake.tables.query(f"SELECT image_id, status FROM ({mine}) WHERE place <= {most} ORDER BY image_id")  # noqa: S608 - ours
    out: dict[Status, list[str]] = {status: [] for status in Status}
    for row in found.to_pylist():
        out[Status(row["status"])].append(row["image_id"])
    return out


def _rows(lake: Lake, image_ids: Sequence[str]) -> list[dict[str, Any]]:
    columns = "image_id, status, reason, content, width, height, faces"
    where = among("image_id", list(image_ids))
    return list(lake.tables.query(f"SELECT {columns} FROM images WHERE {where}").to_pylist())  # noqa: S608 - checked digits
