"""``anonymize --mirror``: rows of a source that it no longer has are erased; one that seems gone erases none."""

from pathlib import Path

import pytest

from anonymizer_udfs.sources import canonical, list_source
from anonymizer_udfs.sources.base import SourceSpec
from conf.settings import load
from jobs import context
from jobs.lake import APP, Commit, Lake
from tests.support.anonymizing import BAD_ARGUMENTS, DONE, KEY, ONE_LOOK, anonymize, events, names, rows
from tests.support.lakes import event, images, make_vault, row
from tests.support.pictures import place, write
from tests.support.searching_bytes import holding


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A lake of four done images of one source, and of one of another, made without a JVM; ``photos`` has the four."""
    photos, digest = write(tmp_path / "photos", {f"{n}.png": place(n) for n in range(4)}), _digest()
    found = list(list_source(SourceSpec(str(photos))))
    done = [
        row(
            one.uri,
            content_version=KEY.content_version(one.size_bytes, one.modified_us, one.etag),
            source_digest=KEY.source_digest(Path(photos, one.uri.rpartition("/")[2]).read_bytes()),
            policy_digest=digest,
        )
        for one in found
    ]
    lake, other = Lake(str(tmp_path / "lake")), row("file:///elsewhere/x.png", run_id="run-2")
    lake.create()
    for number, (run_id, some, source) in enumerate((("run-1", done, str(photos)), ("run-2", [other], "/elsewhere"))):
        began = event("started", run_id, source_id=KEY.source_id(canonical(source)))
        epoch = lake.ledger.append(began)
        lake.tables.append("images", images(some), APP, Commit(epoch, number).version)
        lake.ledger.append(began.then("finished"))
    make_vault(tmp_path / "lake.vault", [one.uri for one in found])
    return tmp_path


def _digest() -> str:
    return context.treatment(str(ONE_LOOK), load()).digest


def left(lake: Path) -> set[str]:
    """Return the last part of the names that lake and vault still have."""
    known = names(lake)
    return {known.get(one["image_id"], "elsewhere").rpartition("/")[2] for one in rows(lake)}


@pytest.mark.timeout(1800)
def test_a_mirror_follows_its_source_and_stops_where_that_seems_gone(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of four gone: erased. Two of three gone: refused until it is said by name. Another source's rows stay."""
    lake, photos = made / "lake", made / "photos"
    (gone,) = [one["image_id"] for one in rows(lake) if names(lake).get(one["image_id"], "").endswith("0.png")]
    (photos / "0.png").unlink()
    assert anonymize(photos, lake, "--mirror") == DONE
    assert "1 erased" in capsys.readouterr().out
    assert left(lake) == {"1.png", "2.png", "3.png", "elsewhere"}
    assert holding([lake, Path(f"{lake}.vault")], [gone.encode(), b"0.png"]) == []
    for name in ("2.png", "3.png"):
        (photos / name).unlink()
    assert anonymize(photos, lake, "--mirror") == BAD_ARGUMENTS
    assert "--mirror-lost SOURCE" in capsys.readouterr().err
    assert left(lake) == {"1.png", "2.png", "3.png", "elsewhere"}
    assert anonymize(photos, lake, "--mirror", "--mirror-lost", str(photos)) == DONE
    assert left(lake) == {"1.png", "elsewhere"}
    assert [event["event"] for event in events(lake)].count("erased") == 2
    assert not Path(f"{lake}.vault", "suppressed").exists()
