"""The job ``anonymize`` on a local Spark: what is new, what is replaced, what is refused, and what it says."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder

from jobs.lake import Lake
from tests.support.anonymizing import (
    BAD_ARGUMENTS,
    DONE,
    FAILED,
    HELD_BACK,
    anonymize,
    by_name,
    copied,
    ends,
    events,
    key_file,
    names,
    outputs,
    rows,
    version,
)
from tests.support.pictures import place, portrait, write

FILES = {
    "one.png": portrait(1),
    "two.jpg": portrait(2, "JPEG", quality=90),
    "sub/place.png": place(),
    "cut.jpg": portrait(3, "JPEG")[:-300],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``photos`` and their ``lake``, made once; ``kept`` has the photos as they were."""
    root = tmp_path_factory.mktemp("made")
    write(root / "photos", FILES)
    shutil.copytree(root / "photos", root / "kept")
    assert anonymize(root / "photos", root / "lake") == HELD_BACK
    return root


@pytest.fixture
def source(made: Path) -> Iterator[Path]:
    """The four photos, of which one is damaged; what a test changes is undone after it, to the modification time."""
    yield made / "photos"
    shutil.rmtree(made / "photos")
    shutil.copytree(made / "kept", made / "photos")


@pytest.fixture
def lake(made: Path, tmp_path: Path) -> Path:
    """A lake of these photos, of the test's own."""
    return copied(made / "lake", tmp_path / "lake")


def test_an_empty_folder_gives_an_empty_lake(tmp_path: Path) -> None:
    """Nothing to do is done, recorded, and no error."""
    (tmp_path / "none").mkdir()
    assert anonymize(tmp_path / "none", tmp_path / "lake") == DONE
    assert rows(tmp_path / "lake") == []
    assert [event["event"] for event in events(tmp_path / "lake")] == ["started", "finished"]


def test_every_file_has_a_row_and_the_exit_code_tells_of_what_is_held_back(lake: Path) -> None:
    """Each file ends as it should; a second run finds nothing to do, and then nothing is held back by it."""
    assert ends(lake) == {
        "one.png": ("anonymized", None),
        "two.jpg": ("anonymized", None),
        "place.png": ("clean", None),
        "cut.jpg": ("quarantined", "truncated"),
    }


def test_nothing_new_changes_nothing(source: Path, lake: Path) -> None:
    """Running again writes no image, ends with 0, and is in the ledger as a run of its own."""
    before = rows(lake)
    assert anonymize(source, lake) == DONE
    assert rows(lake) == before
    told = events(lake)
    assert [event["event"] for event in told] == ["started", "finished"] * 2
    assert told[0]["run_id"] != told[2]["run_id"]


def test_only_what_is_new_is_processed(source: Path, lake: Path) -> None:
    """A new file is one new row of the second run; the other rows stay those of the first."""
    first = events(lake)[0]["run_id"]
    write(source, {"new.png": portrait(9)})
    assert anonymize(source, lake) == DONE
    runs = {name: row["run_id"] for name, row in by_name(lake).items()}
    assert len(runs) == 5
    assert [name for name, run in runs.items() if run != first] == ["new.png"]


def test_a_replaced_file_replaces_its_row(source: Path, lake: Path) -> None:
    """Other content under the same name gives the row new bytes, and the table's history keeps the old ones."""
    before, at = by_name(lake)["one.png"], version(lake)
    write(source, {"one.png": portrait(30), "cut.jpg": portrait(3, "JPEG")})
    assert anonymize(source, lake) == DONE
    now = by_name(lake)
    assert len(now) == 4
    assert now["one.png"]["image_id"] == before["image_id"]
    assert now["one.png"]["content_version"] != before["content_version"]
    assert now["one.png"]["output_sha256"] != before["output_sha256"]
    assert now["cut.jpg"]["status"] == "anonymized"
    old = Lake(str(lake)).tables.open("images")
    old.load_as_version(at)
    assert before["output_sha256"] in _digests(old)
    assert len(names(lake)) == 4


def _digests(table: DeltaTable) -> set[str]:
    found = QueryBuilder().register("t", table).execute("SELECT output_sha256 AS d FROM t").read_all()
    return {row["d"] for row in pa.table(found).to_pylist()}


def test_a_touched_file_is_taken_again(source: Path, lake: Path) -> None:
    """A file with another modification time may be another one; the same bytes give the same result."""
    before = by_name(lake)["one.png"]
    os.utime(source / "one.png", (1, 1))
    assert anonymize(source, lake) == DONE
    now = by_name(lake)["one.png"]
    assert now["content_version"] != before["content_version"]
    assert now["output_sha256"] == before["output_sha256"]


def test_another_policy_takes_everything_again(source: Path, lake: Path) -> None:
    """Images treated under another policy are not done; back under the first they are not done either."""
    before = outputs(lake)
    digest = {row["policy_digest"] for row in rows(lake)}
    assert anonymize(source, lake, "--policy", "internal") == HELD_BACK
    after = rows(lake)
    assert len(after) == 4
    assert {row["policy_digest"] for row in after}.isdisjoint(digest)
    assert [face["method"] for row in after for face in row["faces"]] == ["pixelate"] * 2
    assert anonymize(source, lake) == HELD_BACK
    assert outputs(lake) == before


def test_a_limit_is_a_sample_that_stays_the_same(source: Path, tmp_path: Path) -> None:
    """``--limit`` takes the same images each time, and the rest comes without it."""
    lake = tmp_path / "sample"
    assert anonymize(source, lake, "--limit", "2") in {DONE, HELD_BACK}
    first = outputs(lake)
    assert len(first) == 2
    assert anonymize(source, lake, "--limit", "2") == DONE
    assert outputs(lake) == first
    assert anonymize(source, lake) in {DONE, HELD_BACK}
    assert len(outputs(lake)) == 4
    assert first.items() <= outputs(lake).items()


def test_retry_takes_only_what_was_held_back_for_that_reason(source: Path, lake: Path, tmp_path: Path) -> None:
    """An image that could not be read is taken again on request, and no other is."""
    (source / "link.png").symlink_to(tmp_path / "gone.png")
    assert anonymize(source, lake) == HELD_BACK
    assert ends(lake)["link.png"] == ("quarantined", "unreadable")
    before = rows(lake)
    assert anonymize(source, lake, "--retry", "corrupt") == DONE
    assert rows(lake) == before
    assert anonymize(source, lake, "--retry", "unreadable") == HELD_BACK
    again = events(lake)[-1]["run_id"]
    assert [name for name, row in by_name(lake).items() if row["run_id"] == again] == ["link.png"]


def test_a_file_that_can_be_read_again_is_taken_without_asking(source: Path, lake: Path, tmp_path: Path) -> None:
    """A link that leads somewhere again is a replaced file."""
    (source / "link.png").symlink_to(tmp_path / "mended.png")
    assert anonymize(source, lake) == HELD_BACK
    write(tmp_path, {"mended.png": portrait(5)})
    assert anonymize(source, lake) == DONE
    assert ends(lake)["link.png"] == ("anonymized", None)
    assert ends(lake)["cut.jpg"] == ("quarantined", "truncated")


def test_our_own_files_are_no_images(tmp_path: Path) -> None:
    """Lake, vault and MLflow's files inside the source are left out of its listing, however they are spelt."""
    source = write(tmp_path / "photos", {"one.png": portrait(1)})
    lake = source / "out" / "lake"
    write(source / "out", {"lake.mlflow/1/sheet.png": place(), "lake.mlflow.db": b"SQLite format 3\0"})
    spelt = Path(f"{source}/sub/../out/lake/")
    for code in (DONE, DONE):
        assert anonymize(source, spelt) == code
        assert [name.rpartition("/")[2] for name in names(lake).values()] == ["one.png"]
    assert len(rows(lake)) == 1


def test_names_of_every_kind_have_a_row(tmp_path: Path) -> None:
    """Spaces, percent signs, marks, accents in two forms, line breaks and bytes that are no UTF-8 are names as well."""
    odd = ["a b.png", "100%.png", "%41.png", "a#1!.png", "\u00e9.png", "e\u0301.png", "two\nlines.png", "q?*[1].png"]
    folder = tmp_path / "od\u0111 \u2603"
    folder.mkdir()
    paths = [os.fsencode(folder / name) for name in odd] + [os.fsencode(folder) + b"/\xff\xfe.png"]
    for number, path in enumerate(paths):
        Path(os.fsdecode(path)).write_bytes(place(number))
    assert anonymize(folder, tmp_path / "la ke \u00e9 100%") == DONE
    known = names(tmp_path / "la ke \u00e9 100%")
    assert sorted(os.fsencode(uri.removeprefix("file://")) for uri in known.values()) == sorted(paths)
    assert [row["status"] for row in rows(tmp_path / "la ke \u00e9 100%")] == ["clean"] * len(paths)


def test_a_vault_of_the_lake_is_for_its_owner_alone(lake: Path) -> None:
    """The vault's folder and its key can be read by nobody else."""
    vault = Path(f"{lake}.vault")
    assert vault.stat().st_mode & 0o077 == 0
    assert (vault / "key").stat().st_mode & 0o077 == 0


def test_no_vault_works_with_a_key(source: Path, lake: Path, tmp_path: Path) -> None:
    """Without a vault the same key gives the same rows, and nobody keeps the names."""
    alone, key = tmp_path / "alone", ("--vault", "none", "--key-file", f"{lake}.vault/key")
    assert anonymize(source, alone, *key) == HELD_BACK
    assert outputs(alone) == outputs(lake)
    assert not Path(f"{alone}.vault").exists()
    assert anonymize(source, alone, *key) == DONE


def test_another_key_is_refused(source: Path, lake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second key would make every image look new: it is refused, and neither row nor event is written."""
    before, told = outputs(lake), len(events(lake))
    assert anonymize(source, lake, "--key-file", key_file(tmp_path, bytes(32))) == FAILED
    assert "this lake was made with key" in capsys.readouterr().err
    assert (outputs(lake), len(events(lake))) == (before, told)


REFUSED = {
    "no source": (["{root}/none", "{root}/lake"], FAILED, "does not exist"),
    "empty glob": (["{root}/*.none", "{root}/lake"], FAILED, "matches nothing"),
    "vault in lake": (["{source}", "{root}/lake", "--vault", "{root}/lake/v"], BAD_ARGUMENTS, "must not lie inside"),
    "percent": (["{source}", "{root}/a%20b"], BAD_ARGUMENTS, "rename it"),
    "no key": (["{source}", "{root}/lake", "--vault", "none"], BAD_ARGUMENTS, "needs a key from elsewhere"),
    "no key file": (["{source}", "{root}/lake", "--key-file", "{root}/k"], FAILED, "--key-file cannot be read"),
    "no vault": (["{source}", "s3a://bucket/lake"], BAD_ARGUMENTS, "needs --vault URI"),
    "policy": (["{source}", "{root}/lake", "--policy", "pubic"], BAD_ARGUMENTS, "did you mean 'public'?"),
    "setting": (
        ["{source}", "{root}/lake", "--set", "limits.max_pixel=1"],
        BAD_ARGUMENTS,
        "did you mean 'limits.max_pixels'?",
    ),
    "reason": (["{source}", "{root}/lake", "--retry", "unreadabel"], BAD_ARGUMENTS, "unreadable"),
    "limit": (["{source}", "{root}/lake", "--limit", "0"], BAD_ARGUMENTS, "at least 1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_before_anything_is_written(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Wrong arguments end in one line, with the right exit code, without a stack and without a file."""
    arguments, code, said = REFUSED[name]
    source = write(tmp_path / "photos", {"one.png": place()})
    given = [word.format(root=tmp_path, source=source) for word in arguments]
    assert anonymize(given[0], given[1], *given[2:]) == code  # type: ignore[arg-type]  # one of them is no path
    err = capfd.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_a_misspelt_option_is_answered_with_the_right_one(capsys: pytest.CaptureFixture[str]) -> None:
    """The parser exits with 2 and names the nearest option."""
    with pytest.raises(SystemExit) as stopped:
        anonymize("photos", Path("lake"), "--polcy", "public")
    assert stopped.value.code == BAD_ARGUMENTS
    assert "did you mean --policy?" in capsys.readouterr().err
