"""What a review server works with: rows, decisions, pictures and the audit of one lake, read anew when they change.

Runs without Spark. One desk serves all threads of a server; other servers on the same lake have their own.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from anonymizer_udfs.outcome import Reason, Status
from jobs.decision import Decision
from jobs.decisions import Decisions
from jobs.errors import JobError, UsageError
from jobs.lake import Lake
from jobs.ledger import new_run_id
from jobs.originals import Originals
from jobs.placed import among
from jobs.reviewing import audit, pictures, queue
from jobs.reviewing.asking import Ask
from jobs.reviewing.audit import Audit
from jobs.reviewing.deciding import Eyes, Key, Standing, standing, standings
from jobs.reviewing.queue import Filter, Item, Listing

COLUMNS = (
    "image_id, content_version, status, reason, format, width, height, frames, output_sha256, faces, run_id, "
    "policy, policy_digest"
)
DRAWS = 50
"""So many images of the draw are handed out at a time."""
FRESH_S = 0.5


class GoneError(JobError):
    """There is no such image, or nothing of it to show."""


@dataclass(frozen=True)
class Decided:
    """What became of decisions that were sent together.

    Attributes:
        images: where the images stand whose decisions count.
        refused: image to why none of its decisions does.
    """

    images: list[dict[str, Any]]
    refused: dict[str, str]


@dataclass
class Desk:
    """The review of one lake.

    Attributes:
        lake: opened without Spark; its ledger's signer signs decisions.
        eyes: how many people have to agree, by policy.
        originals: reads sources; none for whoever may not open the vault.
        max_pixels: larger pictures are not decoded.
        session_id: names this sitting in the ledger.
    """

    lake: Lake
    eyes: Eyes
    originals: Originals | None = None
    max_pixels: int = 100_000_000
    session_id: str = field(default_factory=new_run_id)

    def __post_init__(self) -> None:
        """Nothing is read before it is asked for."""
        self._lock = threading.RLock()
        self._decisions = Decisions(self.lake)
        self._known: dict[str, tuple[Any, Any]] = {}
        self._versions: dict[str, tuple[float, Any]] = {}

    def listing(self, wanted: Filter) -> Listing:
        """Return what waits for people, those that leak most first."""
        with self._lock:
            stand = self._standings()
            return queue.listing([_item(row, stand) for row in self._waiting()], wanted)

    def audit(self) -> tuple[Audit, list[str]]:
        """Return how far the audit is, and the next images of the draw, in no order."""
        with self._lock:
            rows, order = self._releasable()
            looked, missed = audit.looked(self._all(), rows)
            some = audit.drawn(order, looked, DRAWS)
            random.SystemRandom().shuffle(some)  # so that two who look at once seldom look at the same image
            return Audit(len(rows), len(looked), len(missed)), some

    def detail(self, image_id: str) -> dict[str, Any]:
        """Return what a page shows of one image; places are those of the upright picture.

        Raises:
            GoneError: there is no such image.
        """
        with self._lock:
            row, turned = self._row(image_id), self._turn(image_id)
            mine = self._standings().get(_key(row)) or standing((), self.eyes(row.get("policy")))
            stored = row["width"] or 1, row["height"] or 1
            upright = (stored[1], stored[0]) if turned >= 5 else stored  # noqa: PLR2004 - EXIF: from 5 on sides change

            def there(box: Mapping[str, float]) -> list[float]:
                place = (float(box["x0"]), float(box["y0"]), float(box["x1"]), float(box["y1"]))
                return list(pictures.on_screen(place, turned, stored))

            regions = [
                {name: face[name] for name in ("kind", "confidence", "method", "look", "steps")}
                | {"box": there(face["box"]), "region": there(face["region"])}
                for face in row["faces"]
            ]
            log = [
                _told(one, turned, stored) for one in self._all() if (one.image_id, one.content_version) == _key(row)
            ]
            return {
                "image_id": image_id,
                "sha256": row["output_sha256"],
                "status": row["status"],
                "size": upright,
                "frames": row["frames"] or 1,
                "regions": regions,
                "log": log,
                "live": [one.decision_id for one in mine.live],
                "accepted_by": mine.accepted_by,
                "eyes": mine.eyes,
                "source": self.originals is not None,
                "item": _item(row, {_key(row): mine}).as_list(),
            }

    def result(self, image_id: str) -> tuple[bytes, str]:
        """Return an image's stored file as a browser shows it, and its media type.

        Raises:
            GoneError: there is none.
            BadImageError: it cannot be shown.
        """
        return pictures.shown(self._content(image_id), self.max_pixels)

    def source(self, image_id: str) -> tuple[bytes, str]:
        """Return an image's source as a browser shows it, and its media type.

        Raises:
            GoneError: it cannot be read, or is not for this reviewer.
            BadImageError: it cannot be shown.
        """
        found = None if self.originals is None else self.originals.read(image_id)
        if found is None:
            raise GoneError("the source cannot be shown: the vault does not name it, or it is gone")
        return pictures.shown(found, self.max_pixels)

    def decide(self, asks: Sequence[Ask], reviewer: str) -> Decided:
        """Write decisions and return where their images stand then; those about one image all count, or none does.

        Raises:
            UsageError, StaleError, GoneError: none of them can be.
            LakeError: they could not be written, or not vouched for; sent again they count once.
        """
        by: dict[str, list[Ask]] = {}
        for ask in asks:
            by.setdefault(ask.image_id, []).append(ask)
        made, refused = list[Decision](), dict[str, str]()
        for image_id, mine in by.items():
            try:
                made += [self._made(ask, reviewer) for ask in mine]
            except (UsageError, GoneError) as error:
                if len(by) == 1:
                    raise
                refused[image_id] = str(error)
        with self._lock:
            if made:
                self._decisions.append(made, again=any(ask.again for ask in asks))
                self._versions.clear()
            return Decided([self.detail(image_id) for image_id in by if image_id not in refused], refused)

    def _made(self, ask: Ask, reviewer: str) -> Decision:
        row = self._row(ask.image_id)
        if ask.undoes is not None and not any(one.decision_id == ask.undoes for one in self._live(row)):
            raise UsageError("what is to be undone is no decision about this image that counts; reload the page")
        return ask.decision(row, self._turn(ask.image_id), reviewer, self.session_id)

    def _live(self, row: Mapping[str, Any]) -> tuple[Decision, ...]:
        found = self._standings().get(_key(row))
        return found.live if found else ()

    def _content(self, image_id: str) -> bytes:
        found = next(self.lake.contents([_checked(image_id)]), None)
        if found is None:
            raise GoneError("nothing of this image is stored")
        return found[1]

    def _row(self, image_id: str) -> dict[str, Any]:
        where = among("image_id", [_checked(image_id)])
        rows = self._of("row", image_id, lambda: self._rows(where))
        if not rows:
            raise GoneError("there is no such image in this lake")
        return dict(rows[0])

    def _turn(self, image_id: str) -> int:
        def look() -> int:
            found = next(self.lake.contents([_checked(image_id)]), None)
            return pictures.turn(found[1], self.max_pixels) if found else 1

        return int(self._of("turn", image_id, look))

    def _waiting(self) -> list[dict[str, Any]]:
        where = f"status = '{Status.REVIEW.value}' OR reason = '{Reason.WITHHELD.value}'"
        return list(self._of("waiting", "", lambda: self._rows(where)))

    def _releasable(self) -> tuple[dict[str, dict[str, Any]], list[str]]:
        def look() -> tuple[dict[str, dict[str, Any]], list[str]]:
            some = f"status IN ('{Status.ANONYMIZED.value}', '{Status.CLEAN.value}')"
            sql = f"SELECT image_id, content_version, output_sha256, policy_digest FROM images WHERE {some}"  # noqa: S608 - ours
            rows = {row["image_id"]: row for row in self.lake.tables.query(sql).to_pylist()}
            return rows, audit.order(rows, self.lake.ledger.beginning())

        found: tuple[dict[str, dict[str, Any]], list[str]] = self._of("releasable", "", look)
        return found

    def _rows(self, where: str) -> list[dict[str, Any]]:
        return list(self.lake.tables.query(f"SELECT {COLUMNS} FROM images WHERE {where}").to_pylist())  # noqa: S608 - ours

    def _of(self, what: str, which: str, look: Callable[[], Any]) -> Any:
        """Return what was looked up last, unless the table changed or another one is asked for."""
        with self._lock:
            now = self._version("images", lambda: self.lake.tables.open("images").version()), which
            then, found = self._known.get(what, (None, None))
            if then != now:
                found = look()
                self._known[what] = now, found
            return found

    def _version(self, what: str, look: Callable[[], Any]) -> Any:
        """Return a version as it was :data:`FRESH_S` ago at most: to look costs more than the rest of an answer."""
        at, found = self._versions.get(what, (-FRESH_S, None))
        if time.monotonic() - at >= FRESH_S:
            at, found = time.monotonic(), look()
            self._versions[what] = at, found
        return found

    def _all(self) -> tuple[Decision, ...]:
        with self._lock:
            now = self._version("decisions", self._decisions.version)
            then, found = self._known.get("decisions", (None, ()))
            if then != now:
                found = self._decisions.all()
                self._known["decisions"] = now, found
            return tuple(found)

    def _standings(self) -> dict[Key, Standing]:
        with self._lock:
            some = self._all()
            then, found = self._known.get("standings", (None, {}))
            if then is not some:
                found = standings(some, self.eyes)
                self._known["standings"] = self._known["decisions"][1], found
            return dict(found)


def _item(row: Mapping[str, Any], stand: Mapping[Key, Standing]) -> Item:
    return queue.item(row, stand.get(_key(row)))


def _told(one: Decision, turned: int, stored: tuple[int, int]) -> dict[str, Any]:
    place = one.box or one.region
    return {
        "decision_id": one.decision_id,
        "action": one.action,
        "reviewer": one.reviewer,
        "at": one.decided_at.isoformat(timespec="seconds"),
        "why": one.why,
        "undoes": one.undoes,
        "box": None if place is None else list(pictures.on_screen(place, turned, stored)),
    }


def _key(row: Mapping[str, Any]) -> Key:
    return str(row["image_id"]), str(row["content_version"])


def _checked(image_id: str) -> str:
    if len(image_id) != 32 or not set(image_id) <= set("0123456789abcdef"):  # noqa: PLR2004 - digits of an id
        raise GoneError("there is no such image in this lake")
    return image_id
