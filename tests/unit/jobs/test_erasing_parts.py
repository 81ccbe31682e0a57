"""The parts of an erasure that need no JVM: what is found, what is written down, what is swept, what is remembered."""

import io
import json
import shutil
import sys
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from anonymizer_udfs.keys import Key
from anonymizer_udfs.sources.base import Storage
from conf.groups import Retention
from conf.settings import load
from jobs import erase, erasures, mirror, options, release, retention, targets
from jobs.erasures import Order, Orders
from jobs.errors import LakeBusyError, UsageError
from jobs.lake import Lake
from jobs.mirror import Lost
from jobs.options import Common
from jobs.placed import Placed
from jobs.suppression import Suppression
from jobs.sweep import Sweep, version_of
from jobs.vault import KeySource
from tests.support.lakes import KEY, event, make, make_vault, name_sources, row
from tests.support.searching_bytes import holding

A, B, C = "file:///x/album/a.jpg", "file:///x/album/b.jpg", "file:///x/c.jpg"
SAME = KEY.source_digest(b"one photo")
ORDER = Order("erasure-1", "asked", ("0" * 32,), ("1" * 64,), 1)


@pytest.fixture
def placed(tmp_path: Path) -> Placed:
    """A lake of three images, of which two had the same bytes, and its vault."""
    rows = [row(A, source_digest=SAME), row(B), row(C, source_digest=SAME)]
    lake = make(tmp_path / "lake", rows)
    make_vault(tmp_path / "lake.vault", [A, B, C])
    return Placed(lake, Common(load(), None, KeySource()))


def ids(*uris: str) -> frozenset[str]:
    """Return the ids of sources."""
    return frozenset(KEY.image_id(uri) for uri in uris)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        pytest.param([], ids(), id="nothing"),
        pytest.param(["/x/c.jpg"], ids(C), id="file"),
        pytest.param(["/x/album"], ids(A, B), id="folder"),
        pytest.param(["/x/album/", "/x/c.jpg"], ids(A, B, C), id="both"),
        pytest.param(["/x/alb"], ids(), id="part-of-a-name"),
    ],
)
def test_sources_are_files_and_what_lies_in_folders(placed: Placed, sources: list[str], expected: set[str]) -> None:
    """By the names that the vault has; a name that begins alike is another one, and counts as unknown."""
    found = targets.Finder(placed).wanted(sources, [])
    assert found.image_ids == expected
    assert found.unknown == (sources == ["/x/alb"])


def test_a_local_file_stands_for_its_bytes(placed: Placed, tmp_path: Path) -> None:
    """One that lies elsewhere by now is found by what it holds."""
    file = tmp_path / "moved.jpg"
    file.write_bytes(b"one photo")
    assert targets.Finder(placed).wanted([str(file)], []).image_ids == ids(A, C)


def test_an_id_is_one_or_is_refused(placed: Placed) -> None:
    """Known, unknown, and what can be none at all."""
    finder = targets.Finder(placed)
    assert finder.wanted([], sorted(ids(B))).image_ids == ids(B)
    assert finder.wanted([], ["f" * 32]).unknown == 1
    with pytest.raises(UsageError, match="32 hexadecimal digits"):
        finder.wanted([], ["b' OR 1=1"])


@pytest.mark.parametrize(
    ("why", "expected"),
    [
        pytest.param("asked", (ids(A, C), 2, 1, (SAME,), True), id="asked"),
        pytest.param("retention", (ids(A), 1, 0, (), True), id="past-its-time"),
        pytest.param("mirror", (ids(A), 1, 0, (), False), id="gone-from-the-source"),
    ],
)
def test_who_asks_for_an_image_asks_for_its_copies(placed: Placed, why: str, expected: tuple[object, ...]) -> None:
    """And neither comes back; what is past its time takes no younger copy along; what a source lost may come back."""
    order = targets.order(placed, "erasure-1", ids(A), why)
    assert (set(order.image_ids), order.images, order.copies, order.digests, order.suppress) == expected


def test_a_run_whose_list_is_gone_may_have_shown_any_image(placed: Placed) -> None:
    """Nothing in the vault says what the run of this lake processed, so its sheet goes as well."""
    assert targets.order(placed, "erasure-1", ids(B)).shown_by == ("run-1",)


def test_an_empty_file_stands_for_nobody() -> None:
    """Its digest is that of all empty files, and none is erased for another."""
    rows = [row(A, source_digest=KEY.source_digest(b"")), row(B, source_digest=SAME)]
    assert targets.digests_of(rows, KEY) == {SAME}


def test_an_order_is_kept_until_it_is_done(placed: Placed) -> None:
    """Readable by its owner alone, and the same after it was read; done twice is no matter."""
    orders = Orders(placed.vault(), Storage())
    assert orders.open() == []
    orders.keep(ORDER)
    (file,) = Path(f"{placed.lake.uri}.vault", erasures.FOLDER).iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert orders.open() == [ORDER]
    assert ORDER.image_ids[0] not in repr(ORDER)
    orders.done(ORDER)
    orders.done(ORDER)
    assert orders.open() == []


def test_a_half_erased_lake_is_told_by_its_ledger(placed: Placed) -> None:
    """From the beginning of an erasure to its tombstone; readers have no vault to ask."""
    erasures.refuse_half(placed.lake, "lake")
    placed.lake.ledger.append(event("started", "erasure-1", job="erase"))
    assert erasures.unfinished(placed.lake) == ["erasure-1"]
    with pytest.raises(LakeBusyError, match="faceveil erase lake"):
        erasures.refuse_half(placed.lake, "lake")
    placed.lake.ledger.append(event("resumed", "erasure-1", job="erase"))
    placed.lake.ledger.append(event("erased", "erasure-1", job="erase", counts={"images": 1}))
    erasures.refuse_half(placed.lake, "lake")


def test_the_list_knows_what_was_erased_and_does_not_hold_it(placed: Placed, tmp_path: Path) -> None:
    """Neither an id nor a digest is in any file of the list; added twice they are there once."""
    told, order = Suppression(placed.vault(), Storage()), targets.order(placed, "erasure-1", ids(A))
    assert (told.words(), told.count()) == (frozenset(), 0)
    for epoch in (7, 8):
        told.add(KEY, order.run_id, epoch, order.image_ids, order.digests)
    assert told.count() == len(order.image_ids)
    assert told.words() >= {KEY.suppressed("image", one) for one in order.image_ids}
    assert KEY.suppressed("content", SAME) in told.words()
    assert Key(bytes(32)).suppressed("content", SAME) not in told.words()
    words = [word.encode() for word in (*order.image_ids, SAME)]
    assert holding([tmp_path / "lake.vault" / "suppressed"], words) == []
    assert targets.Finder(placed).wanted(["/x/none.jpg"], []).already == 0


@pytest.mark.parametrize(
    ("gone", "listed", "forced", "refused"),
    [
        pytest.param(0, 0, None, False, id="nothing-known"),
        pytest.param(5, 5, None, False, id="half"),
        pytest.param(6, 4, None, True, id="more-than-half"),
        pytest.param(1, 0, None, True, id="empty"),
        pytest.param(10, 0, "./photos", False, id="forced"),
        pytest.param(10, 0, "./other", True, id="forced-by-another-name"),
    ],
)
def test_a_source_that_seems_not_to_be_there_erases_nothing(
    gone: int, listed: int, forced: str | None, *, refused: bool
) -> None:
    """Empty, or less than half of what it was: only with its name once more."""
    found = Lost(10 if gone else 0, tuple(f"{n:032x}" for n in range(gone)))
    if not refused:
        found.check(listed, "./photos", forced)
        return
    with pytest.raises(UsageError, match=f"would erase {gone} of 10.*{mirror.FORCE} SOURCE"):
        found.check(listed, "./photos", forced)


def test_a_sweep_leaves_what_is_live_and_what_others_write(tmp_path: Path) -> None:
    """Of a table that nobody fenced, a young file without a commit stays; where it is fenced, it goes; history goes."""
    vault = make_vault(tmp_path / "vault", [A])
    name_sources(tmp_path / "vault", [B])
    folder, fresh = tmp_path / "vault" / "sources", tmp_path / "vault" / "sources" / "part-fresh.parquet"
    fresh.write_bytes(b"whose")
    for epoch, fenced in ((1, False), (2, True)):
        swept = Sweep.begin(vault.tables, "sources", fenced=fenced).end(epoch)
        assert (swept.files, fresh.exists()) == ((1, False) if fenced else (0, True))
        assert vault.tables.query("SELECT uri FROM sources ORDER BY uri").column("uri").to_pylist() == [A, B]
        last = vault.tables.open("sources").version()
        versions = {version_of(path.relative_to(folder).as_posix()) for path in folder.rglob("*.json")}
        assert versions == {last}
    assert vault.tables.transaction("sources", "names") == 2
    name_sources(tmp_path / "vault", [C])
    assert vault.tables.query("SELECT COUNT(*) AS n FROM sources").to_pylist() == [{"n": 3}]


def test_nobody_is_asked_where_nobody_is(placed: Placed, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal and without --yes nothing is erased; nor is what is unknown, or nothing at all."""
    lake = placed.lake.uri
    assert erase.main([lake, "--source", "/x/c.jpg"]) == options.BAD_ARGUMENTS
    assert "--dry-run" in capsys.readouterr().err
    assert erase.main([lake, "--source", "/x/no.jpg", "--yes"]) == options.BAD_ARGUMENTS
    assert "/x/no" not in capsys.readouterr().err
    assert erase.main([lake]) == options.BAD_ARGUMENTS
    assert erase.main([lake, "--source", "/x/no.jpg", "--dry-run"]) == options.FAILED
    assert erase.main([lake, "--source", "/x/c.jpg", "--dry-run", "--json", "--vault", "none"]) == options.FAILED
    capsys.readouterr()
    assert erase.main([lake, "--source", "/x/c.jpg", "--dry-run", "--json"]) == options.DONE
    told = json.loads(capsys.readouterr().out)
    assert (told["images"], told["copies"], told["dry_run"]) == (2, 1, True)
    assert not any(one in json.dumps(told) for one in (*ids(A, B, C), "c.jpg"))


def test_releases_that_hold_what_is_to_be_erased_are_told_before(
    placed: Placed, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many of them each holds, with its place, and what to do; one that an older faceveil made is not known."""
    lake, out = placed.lake.uri, tmp_path / "v1"
    mine = ("--override-by", "A", "--override-reason", "B")
    assert release.main([lake, str(out), "--name", "v1", *mine]) == options.DONE
    capsys.readouterr()
    assert erase.main([lake, "--source", "/x/c.jpg", "--dry-run", "--json"]) == options.DONE
    told = json.loads(capsys.readouterr().out)
    assert told["held_by"] == [{"name": "v1", "uri": str(out), "images": 2, "recalled": False}]
    assert told["held_by_not_known"] == []
    assert not any(one in json.dumps(told) for one in ids(A, B, C))
    monkeypatch.setattr(sys, "stdin", Terminal("no\n"))
    assert erase.main([lake, "--source", "/x/c.jpg"]) == options.BAD_ARGUMENTS
    said = capsys.readouterr().out
    assert f"v1 at {out} holds 2 of them: what went out is not touched: remove it there" in said
    assert said.index("v1 at") < said.index("this cannot be undone")
    shutil.rmtree(Path(lake, "released"))
    assert erase.main([lake, "--source", "/x/c.jpg", "--dry-run"]) == options.DONE
    assert "v1 was made by an older faceveil" in capsys.readouterr().out


def test_only_the_whole_word_goes_on(
    placed: Placed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is asked and says anything else has erased nothing, and no Spark was started for it."""
    for said in ("y\n", "yes\n", "\n", ""):
        monkeypatch.setattr(sys, "stdin", Terminal(said))
        assert erase.main([placed.lake.uri, "--source", "/x/c.jpg"]) == options.BAD_ARGUMENTS
        told = capsys.readouterr()
        assert "to erase: 2 images" in told.out
        assert "nothing was erased" in told.err
    assert Orders(placed.vault(), Storage()).open() == []


class Terminal(io.StringIO):
    """What a person types."""

    def isatty(self) -> bool:
        """Return that somebody is there."""
        return True


def test_nothing_is_past_its_time_unless_a_setting_says_so(placed: Placed) -> None:
    """Rows by when they were made, to the day."""
    at = Lake(placed.lake.uri).tables.query("SELECT MAX(processed_at) AS at FROM images").to_pylist()[0]["at"]
    late = at.astimezone(UTC) + timedelta(days=10, hours=1)
    assert retention.past(placed, Retention(), late).counts == {"images": 0, "work": 0, "metrics": 0}
    assert retention.past(placed, Retention(images_days=11), late).counts["images"] == 0
    assert retention.past(placed, Retention(images_days=10, work_days=1, metrics_days=1), late).counts["images"] == 3


def test_a_time_that_is_none_is_refused() -> None:
    """A day at least: history of no time at all would take what a run is writing."""
    for days in (0, -1, True):
        with pytest.raises(ValueError, match="history_days"):
            Retention(history_days=days)
