"""``faceveil verify``: a lake that is what its runs made holds, and whatever was done to it is found and named."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from conf import gates
from jobs import ledger, verify
from jobs.lake import APP, Commit, Lake
from jobs.metrics import Metrics
from jobs.signing import Signer
from jobs.verifying import rows, trees
from jobs.verifying.finding import Kind
from jobs.verifying.rows import CONSTRAINTS
from schemas import IMAGES
from tests.support import evidence, lakes, tampering
from tests.unit.jobs.cases import Asked, Told

NAMES = [f"n{number}" for number in range(6)]
ROWS = [lakes.row(name, name.encode(), faces=[lakes.face()]) for name in NAMES[:-1]] + [lakes.row(NAMES[-1], None)]
IDS = [row["image_id"] for row in ROWS]
NEWER = lakes.row(NAMES[0], b"newer", status="anonymized")
Tamper = Callable[[Lake], object]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a lake of two runs, the second of which replaced an image and added one."""
    place = tmp_path_factory.mktemp("pristine") / "lake"
    lakes.sealed(place, ROWS, [NEWER, lakes.row("later")])
    return place


@pytest.fixture
def lake(pristine: Path, tmp_path: Path) -> Lake:
    """Return a copy of it, to be tampered with."""
    shutil.copytree(pristine, tmp_path / "lake")
    return Lake(str(tmp_path / "lake"), signer=lambda: lakes.SIGNER)


def found(lake: Lake, **how: Any) -> dict[Kind, list[tuple[str, ...]]]:
    """Return the findings of a verification: by kind the images that each names."""
    out: dict[Kind, list[tuple[str, ...]]] = {}
    for one in verify.run(lake, **how).findings:
        out.setdefault(one.kind, []).append(one.image_ids)
    return out


def test_a_lake_that_nobody_touched_holds(lake: Lake, asked: Asked) -> None:
    """Every event, root, row and picture, and nothing is left uncovered."""
    said = asked(verify, lake.uri)
    assert said["holds"]
    assert (said["events"], said["events_signed"], said["public_keys"]) == (4, 4, [lakes.SIGNER.public])
    assert (said["rows"], said["rows_that_hold"], said["rows_without_root"]) == (7, 7, 0)
    assert (said["pictures"], said["pictures_hashed"]) == (6, 6)
    assert [root["images"] for root in said["roots"]] == [6, 2]


def test_an_empty_lake_holds(tmp_path: Path, told: Told) -> None:
    """There is nothing in it that could be wrong."""
    made = Lake(str(tmp_path / "lake"))
    made.create()
    assert "0 of 0" in told(verify, made.uri)


def test_a_run_of_nothing_commits_to_nothing(lake: Lake) -> None:
    """Its root is the hash of nothing, and the lake holds."""
    lakes.add_run(lake, "run-3", [])
    made = verify.run(lake)
    assert made.findings == ()
    assert made.trees.roots[-1].root.startswith("e3b0c442")


def change(name: str, row: int = 1) -> Tamper:
    """Return what changes one column of one row of the first run."""

    def tamper(lake: Lake) -> None:
        kind = {c.name: c.type for c in IMAGES.columns}[name]
        number, at = _where(lake, IDS[row])
        tampering.rewrite(
            lake, lambda rows: rows[at].update({name: tampering.other(rows[at][name], kind)}), number=number
        )

    return tamper


def _where(lake: Lake, image_id: str) -> tuple[int, int]:
    """Return in which file an image is, and where in it."""
    for number, path in enumerate(tampering.files(lake)):
        ids = _read(path).column("image_id").to_pylist()
        if image_id in ids:
            return number, ids.index(image_id)
    raise AssertionError(image_id)


def _read(path: Path) -> pa.Table:
    """Return the rows of one file, whatever the log says of them."""
    return pq.ParquetFile(path).read()


@pytest.mark.parametrize("name", [c.name for c in IMAGES.columns if c.name not in {"image_id", "content"}])
def test_a_change_of_any_column_is_found_and_named(name: str, lake: Lake) -> None:
    """In place, with the file's size put right in the log: the row's leaf tells, and nobody else is accused."""
    change(name)(lake)
    named = found(lake)
    assert named[Kind.CHANGED] == [(IDS[1],)]
    assert {images for kind, many in named.items() if kind is not Kind.TABLE for images in many} == {(IDS[1],)}


def test_a_changed_picture_is_found_and_named(lake: Lake) -> None:
    """Its digest is in the row, and the row is as it was."""
    change("content")(lake)
    assert found(lake) == {Kind.CONTENT: [(IDS[1],)]}


def test_a_sample_of_pictures_looks_at_all_rows_and_says_what_it_can_miss(lake: Lake, told: Told) -> None:
    """A changed row is found by any sample, a changed picture where it is drawn; the share that would show is told."""
    assert "if 95.00% or more had been exchanged" in told(verify, lake.uri, "--sample", 1)
    change("status")(lake)
    assert found(lake, sample=1)[Kind.CHANGED] == [(IDS[1],)]
    change("content", 2)(lake)
    drawn = [found(lake, sample=6)[Kind.CONTENT] for _ in range(2)]
    assert drawn == [[(IDS[2],)]] * 2


def test_a_sample_is_drawn_evenly(lake: Lake) -> None:
    """Over many draws each picture comes about as often as any other."""
    counts = dict.fromkeys(range(6), 0)
    grown = trees.load(lake, lake.ledger.events())
    for _ in range(600):
        one = rows.Comparison(lake, grown, {}, sample=2)
        for number in range(6):
            one._seen.releasable += 1
            one._draw(str(number), "", 2)
        for name, _digest in one._drawn:
            counts[int(name)] += 1
    assert all(140 <= count <= 260 for count in counts.values()), counts


def test_a_dropped_row_is_named(lake: Lake) -> None:
    """Whether its file still has it is all the same: the leaf says that it was there."""
    number, at = _where(lake, IDS[3])
    tampering.rewrite(lake, lambda rows: rows.pop(at), number=number)
    assert found(lake) == {Kind.DROPPED: [(IDS[3],)]}


def test_an_added_row_is_named(lake: Lake) -> None:
    """No run vouches for it, whatever run it names."""
    for run_id, strange in (("run-1", "x"), ("run-77", "y")):
        row = {**lakes.row(strange), "run_id": run_id}
        tampering.rewrite(lake, lambda rows, row=row: rows.append(row))  # type: ignore[misc]  # a lambda with a default
    assert found(lake)[Kind.ADDED] == [(lakes.KEY.image_id("x"), lakes.KEY.image_id("y"))]


def test_a_doubled_row_is_named(lake: Lake) -> None:
    """One image, one row."""
    number, at = _where(lake, IDS[2])
    tampering.rewrite(lake, lambda rows: rows.append(dict(rows[at])), number=number)
    assert found(lake) == {Kind.DOUBLED: [(IDS[2],)]}


def test_pictures_that_were_swapped_are_both_named(lake: Lake) -> None:
    """With their digests, so that each row fits its picture: neither is what its run wrote."""

    def swap(rows: tampering.Rows) -> None:
        one, two = (next(row for row in rows if row["image_id"] == IDS[n]) for n in (1, 2))
        for name in ("content", "output_sha256"):
            one[name], two[name] = two[name], one[name]

    number, _ = _where(lake, IDS[1])
    tampering.rewrite(lake, swap, number=number)
    ((named,),) = found(lake).values()
    assert sorted(named) == sorted(IDS[1:3])


def test_an_earlier_row_that_was_put_back_is_named(lake: Lake) -> None:
    """It was once right, and a later run replaced it."""
    number, at = _where(lake, IDS[0])
    old = {**ROWS[0], "run_id": "run-1"}
    tampering.rewrite(lake, lambda rows: rows[at].update(old), number=number)
    (one,) = verify.run(lake).findings
    assert (one.kind, one.image_ids) == (Kind.CHANGED, (IDS[0],))
    assert "an earlier row was put back" in one.text


def test_a_file_that_is_gone_is_named_with_its_images(lake: Lake) -> None:
    """The log still has it."""
    number, _ = _where(lake, IDS[4])
    path = tampering.files(lake)[number]
    ids = set(_read(path).column("image_id").to_pylist())
    path.unlink()
    named = found(lake)
    assert len(named[Kind.FILE]) == 2  # it is gone, and cannot be read
    assert set(named[Kind.DROPPED][0]) == ids


def test_a_bit_that_was_turned_is_found_wherever_a_row_reads_differently(lake: Lake) -> None:
    """Anywhere in a file; what changes no row (padding, an unread statistic) may pass, and nothing else."""
    number, _ = _where(lake, IDS[4])
    path = tampering.files(lake)[number]
    was, rows = path.read_bytes(), _read(path).to_pylist()
    passed = 0
    for place in random.Random(8).sample(range(len(was)), 60):  # noqa: S311 - places, no secrets
        path.write_bytes(was[:place] + bytes([was[place] ^ 0x10]) + was[place + 1 :])
        if not found(lake):
            assert _read(path).to_pylist() == rows, place
            passed += 1
    assert passed < 45


def test_a_file_of_another_size_is_named(lake: Lake, told: Told) -> None:
    """Bytes after the end of a Parquet file are no row, and still not what was written."""
    path = tampering.files(lake)[0]
    path.write_bytes(path.read_bytes() + b"more")
    assert path.name in told(verify, lake.uri, code=5)


def test_a_commit_by_a_stranger_is_named_by_its_version(lake: Lake, told: Told) -> None:
    """An append without a transaction, a delete, and one under a transaction that no event has."""
    images = str(Path(lake.uri, "images"))
    write_deltalake(images, lakes.images([lakes.row("stranger")]), mode="append")
    DeltaTable(images).delete(f"image_id = '{IDS[2]}'")
    lake.tables.append("images", lakes.images([lakes.row("another")]), APP, Commit(99, 1).version)
    said = told(verify, lake.uri, code=5)
    for version, why in ((3, "under no transaction"), (4, "DELETE"), (5, "the ledger does not know")):
        assert any(f"version {version} of table 'images'" in line and why in line for line in said.splitlines())
    assert IDS[2] in said


def test_a_commit_that_is_cut_out_of_the_log_is_named(lake: Lake) -> None:
    """With a checkpoint the table still reads; the log has a gap."""
    table = lake.tables.open("images")
    table.create_checkpoint()
    Path(lake.uri, "images", "_delta_log", f"{1:020d}.json").unlink()
    (one,) = verify.run(lake).findings
    assert one.kind is Kind.COMMIT
    assert "versions 1 to 1" in one.text


def test_files_that_are_put_together_hold(lake: Lake) -> None:
    """Maintenance rewrites files under no transaction, and changes no row; a vacuum changes nothing."""
    table = lake.tables.open("images")
    table.optimize.compact()
    lake.tables.open("images").vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    assert verify.run(lake).findings == ()


def test_rows_deleted_by_a_vector_are_gone(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file's rows count only where its deletion vector keeps them."""
    number, at = _where(lake, IDS[1])
    path = tampering.files(lake)[number]
    keep = [place != at for place in range(_read(path).num_rows)]
    monkeypatch.setattr(rows, "_masks", lambda _: iter([(f"file://{path}", np.array(keep))]))
    assert found(lake) == {Kind.DROPPED: [(IDS[1],)]}


@pytest.mark.parametrize("name", ["position", "image_id", "leaf", "run_id", "epoch"])
def test_a_leaf_that_was_changed_is_found(name: str, lake: Lake) -> None:
    """The root tells, or the row that the leaf was of."""

    def tamper(rows: tampering.Rows) -> None:
        kind = {"position": pa.int64(), "epoch": pa.int64(), "leaf": pa.binary()}.get(name, pa.string())
        rows[0][name] = tampering.other(rows[0][name], kind)

    tampering.rewrite(lake, tamper, "leaves")
    assert set(found(lake)) & {Kind.ROOT, Kind.DROPPED, Kind.ADDED, Kind.CHANGED}


def test_leaves_that_are_gone_are_found(lake: Lake) -> None:
    """Without them the roots cannot be made, and no row is vouched for."""
    shutil.rmtree(Path(lake.uri, "leaves"))
    named = found(lake)
    assert len(named[Kind.ROOT]) == 2
    assert sorted(named[Kind.ADDED][0]) == sorted([*IDS, lakes.KEY.image_id("later")])


def test_a_leaf_without_its_image_needs_an_erasure(lake: Lake) -> None:
    """Whoever drops a row and takes the id out of its leaf needs an event that says so, and that is signed."""

    def tamper(rows: tampering.Rows) -> None:
        for row in rows:
            row["image_id"] = None if row["image_id"] == IDS[3] else row["image_id"]

    for place in range(len(tampering.files(lake, "leaves"))):
        tampering.rewrite(lake, tamper, "leaves", place)
    number, at = _where(lake, IDS[3])
    tampering.rewrite(lake, lambda rows: rows.pop(at), number=number)
    assert set(found(lake)) == {Kind.ROOT}
    lake.ledger.append(lakes.event("erased", "run-e", counts={"leaves": 1}))
    assert found(lake) == {}


def test_constraints_and_columns_are_those_of_the_declaration(lake: Lake) -> None:
    """A table that checks less, or has a column more, is told."""
    log = Path(lake.uri, "images", "_delta_log", f"{0:020d}.json")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for line in lines:
        line.get("metaData", {}).get("configuration", {}).pop("delta.constraints.status_known", None)
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (one,) = verify.run(lake).findings
    assert one.kind is Kind.TABLE
    assert "delta.constraints.status_known" in one.text


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"status": "released"}, id="status_known"),
        pytest.param({"status": "quarantined", "reason": "corrupt"}, id="quarantined_has_no_content"),
        pytest.param({"content": None, "output_sha256": None}, id="released_has_content"),
        pytest.param({"status": "quarantined", "content": None, "output_sha256": None}, id="quarantined_says_why"),
        pytest.param({}, id=""),
    ],
)
def test_constraints_say_of_a_row_what_the_table_says(
    columns: dict[str, Any], lake: Lake, request: pytest.FixtureRequest
) -> None:
    """Each constraint of the table has its like here, and Delta refuses the rows for which it does not hold."""
    assert set(CONSTRAINTS) == set(dict(IMAGES.constraints))
    row = lakes.row("wrong", reason=None) | columns
    broken = {name for name, holds in CONSTRAINTS.items() if not holds(row, row["content"] is not None)}
    assert broken == set(filter(None, [request.node.callspec.id]))
    try:
        lake.tables.append("images", lakes.images([row]), APP, Commit(9, 1).version)
    except Exception:  # noqa: BLE001 - whatever Delta calls it
        assert broken
    else:
        assert not broken


def test_rows_of_a_run_that_has_not_finished_are_not_covered(lake: Lake, told: Told) -> None:
    """They are counted and not vouched for: a run may be under way. It may replace rows, too."""
    lakes.add_run(lake, "run-9", [lakes.row("new"), lakes.row(NAMES[1], b"again")], finished=False)
    made = verify.run(lake)
    assert made.findings == ()
    assert sorted(made.seen.open_ids) == sorted([lakes.KEY.image_id("new"), IDS[1]])
    assert "2 rows of runs that have not finished" in told(verify, lake.uri)


def test_a_run_that_was_cut_off_vouches_for_nothing_later(lake: Lake) -> None:
    """A row that names an unfinished run which began before the row's own run finished is a changed row."""
    place = lake.ledger.append(lakes.event(run_id="run-8"))
    lakes.add_run(lake, "run-10", [lakes.row(NAMES[1], b"after")])
    number, at = _where(lake, IDS[1])
    tampering.rewrite(lake, lambda rows: rows[at].update(run_id="run-8"), number=number)
    assert place == 5
    assert found(lake)[Kind.CHANGED] == [(IDS[1],)]


def test_a_lake_of_an_older_faceveil_is_readable(tmp_path: Path, told: Told) -> None:
    """Its events have no root and no signature: that is said, and the chain is verified."""
    made = lakes.make(tmp_path / "old", ROWS)
    said = told(verify, made.uri)
    assert "unsigned" in said
    assert "6 rows of runs that have not finished, or that an older faceveil made" in said
    assert "no event is signed" in said


class TestSignatures:
    """Who signed, and whether everybody did."""

    def test_an_event_that_is_not_signed_after_one_that_is_does_not_hold(self, lake: Lake) -> None:
        """Whoever has no key cannot add an event; nor does the ledger itself write one."""
        bare = Lake(lake.uri)
        with pytest.raises(Exception, match="there is no key to sign with"):
            bare.ledger.append(lakes.event())
        rows = lake.ledger.events()
        row: dict[str, Any] = {**rows[-1], "event_seq": 5, "previous_hash": rows[-1]["hash"], "run_id": "forged"}
        row |= {"signed_by": None, "signature": None}
        row["hash"] = ledger.hashed(row)
        lake.tables.append("runs", lakes.ledger_rows([row]), ledger.CHAIN, 5)
        assert Kind.SIGNATURE in found(lake)
        assert lake.ledger.verify() == 5  # as a chain it is whole

    def test_a_stranger_cannot_sign(self, lake: Lake) -> None:
        """A key that no key before it named is none."""
        forged = Lake(lake.uri, signer=lambda: Signer(bytes(32)))
        forged.ledger.append(lakes.event())
        assert Kind.SIGNATURE in found(lake)

    def test_a_public_key_that_is_known_tells_a_lake_that_was_written_anew(self, tmp_path: Path, told: Told) -> None:
        """Roots and signatures all fit each other, under a key of the forger's."""
        forged = lakes.sealed(tmp_path / "forged", ROWS, signer=Signer(bytes(32)))
        assert verify.run(forged).findings == ()
        said = told(verify, forged.uri, "--public-key", lakes.SIGNER.public, code=5)
        assert "no event is signed by the public key that was given" in said

    def test_a_head_that_is_known_tells_events_that_were_cut_off(self, lake: Lake, told: Told) -> None:
        """A chain has no end mark: what was noted of its head shows the cut."""
        head = lake.ledger.events()[-1]["hash"]
        told(verify, lake.uri, "--head", head)
        assert "is not there any more" in told(verify, lake.uri, "--head", "0" * 64, code=5)

    def test_a_signature_is_of_its_own_event(self, lake: Lake) -> None:
        """Another event's does not hold, nor does one that is no base64."""
        mine = _read(tampering.files(lake, "runs")[0]).column("signature").to_pylist()
        other = next(one["signature"] for one in lake.ledger.events() if one["signature"] not in mine)
        for wrong in (other, "!!", None):
            tampering.rewrite(lake, lambda rows, wrong=wrong: rows[0].update(signature=wrong), "runs")  # type: ignore[misc]  # a default
            assert Kind.SIGNATURE in found(lake)


class TestProofs:
    """One image, for someone who has only the root."""

    @pytest.fixture
    def proof(self, lake: Lake, tmp_path: Path, asked: Asked) -> tuple[Path, str]:
        """Return a proof of the second image, and the root."""
        said = asked(verify, lake.uri, "--image", IDS[1], "--proof", tmp_path / "proof")
        assert said["bytes"] == (tmp_path / "proof").stat().st_size < 500
        return tmp_path / "proof", said["root"]

    def test_it_is_proven_without_the_lake(
        self, proof: tuple[Path, str], lake: Lake, tmp_path: Path, asked: Asked
    ) -> None:
        """The proof says what the image is, and the picture is told from others."""
        shutil.rmtree(lake.uri)
        (tmp_path / "picture").write_bytes(ROWS[1]["content"])
        words = ("--check-proof", proof[0], "--root", proof[1])
        said = asked(verify, *words, "--file", tmp_path / "picture")
        assert (said["holds"], said["file"], said["image_id"]) == (True, True, IDS[1])
        (tmp_path / "picture").write_bytes(b"another")
        assert asked(verify, *words, "--file", tmp_path / "picture", code=5)["file"] is False
        assert asked(verify, *words, "--image", IDS[1])["holds"]
        assert not asked(verify, *words, "--image", IDS[2], code=5)["holds"]

    def test_it_proves_nothing_under_another_root(self, proof: tuple[Path, str], told: Told) -> None:
        """Nor does it where one byte of it is another one."""
        assert "does not lead" in told(verify, "--check-proof", proof[0], "--root", "0" * 64, code=5)
        content = proof[0].read_bytes()
        for place in range(len(b"faceveil-proof-1\n"), len(content), 7):
            proof[0].write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            assert verify.main(["--check-proof", str(proof[0]), "--root", proof[1]]) in {2, 5}

    def test_an_image_that_was_changed_is_not_proven(self, lake: Lake, tmp_path: Path, told: Told) -> None:
        """No proof is written of what does not hold."""
        change("risk")(lake)
        said = told(verify, lake.uri, "--image", IDS[1], "--proof", tmp_path / "p", code=1)
        assert "not what its run vouched for" in said
        assert not (tmp_path / "p").exists()

    def test_the_newest_run_proves_a_replaced_image(self, lake: Lake, tmp_path: Path, asked: Asked) -> None:
        """What is in the lake is proven, not what was."""
        said = asked(verify, lake.uri, "--image", IDS[0], "--proof", tmp_path / "p")
        assert (said["run_id"], said["output_sha256"]) == ("run-2", NEWER["output_sha256"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param([], "give LAKE", id="nothing"),
        pytest.param(["LAKE", "--sample", "0"], "--sample must be at least 1", id="sample"),
        pytest.param(["LAKE", "--image", "a"], "go together", id="image-alone"),
        pytest.param(["LAKE", "--root", "0" * 64], "go with --check-proof", id="root-alone"),
        pytest.param(["LAKE", "--image", "0" * 32, "--proof", "PROOF"], "no run of this lake", id="no-such-image"),
        pytest.param(["LAKE", "--public-key", "short"], "--public-key: expected 32 bytes", id="public-key"),
        pytest.param(["--check-proof", "PROOF"], "needs --root HEX", id="no-root"),
        pytest.param(["--check-proof", "PROOF", "--root", "0" * 64], "a file cannot be read", id="no-proof"),
        pytest.param(["--check-proof", "NOISE", "--root", "0" * 64], "expected a proof", id="no-proof-at-all"),
    ],
)
def test_what_cannot_be_is_refused(words: list[str], message: str, lake: Lake, tmp_path: Path, told: Told) -> None:
    """With exit code 2 and a line that says what to give."""
    (tmp_path / "noise").write_bytes(b"\x00" * 100)
    places = {"LAKE": lake.uri, "PROOF": str(tmp_path / "proof"), "NOISE": str(tmp_path / "noise")}
    assert message in told(verify, *(places.get(word, word) for word in words), code=2)


def test_metrics_are_looked_at_too(lake: Lake) -> None:
    """Figures that an evaluation wrote hold, and those of a stranger do not."""
    number = lake.ledger.append(lakes.event(run_id="run-e", job="evaluate"))
    Metrics(lake).append(evidence.whole(gates.load(gates.DEFAULT))[:3], "run-e", number)
    assert found(lake) == {}
    Metrics(lake).append(evidence.whole(gates.load(gates.DEFAULT))[:3], "run-x", 77)
    assert set(found(lake)) == {Kind.COMMIT}
