"""Every kind of source through the whole job: the same images give the same results, whatever they lie in."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from anonymizer_udfs.sources import SourceSpec
from tests.support.anonymizing import DONE, HELD_BACK, anonymize, names, rows
from tests.support.pictures import place, portrait
from tests.unit.sources import cases

IMAGES = {
    "a b.png": portrait(1),
    "e\u0301t\u00e9 #1!.png": place(2),
    "sub/100%.jpg": portrait(3, "JPEG", quality=90),
    "sub/cut.jpg": portrait(4, "JPEG")[:-200],
}
UNMEASURED = ("--set", "tracking.sample_size=0", "--set", "tracking.contact_sheet_images=0")


def single(root: Path, images: dict[str, bytes]) -> SourceSpec:
    """Write one file and name it."""
    return SourceSpec(f"{cases.folder(root, dict(list(images.items())[:1])).uri}/{next(iter(images))}")


MADE: dict[str, Callable[[Path, dict[str, bytes]], SourceSpec]] = {
    "single": single,
    **{name: cases.KINDS[name] for name in ("folder", "glob", "tar", "zip-deflated", "parquet-struct")},
    **{name: cases.KINDS[name] for name in ("delta", "text-manifest", "csv-manifest")},
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[bytes, str | None]:
    """What becomes of each image's bytes, from plain files; the default policy draws nothing from the image's name."""
    root = tmp_path_factory.mktemp("plain")
    spec = cases.folder(root, IMAGES)
    assert anonymize(spec.uri, root / "lake", *UNMEASURED) == HELD_BACK
    known = names(root / "lake")
    found = {known[row["image_id"]].partition("/photos/")[2]: row["output_sha256"] for row in rows(root / "lake")}
    assert found.keys() == IMAGES.keys()
    assert [name for name, digest in found.items() if digest is None] == ["sub/cut.jpg"]
    return {IMAGES[name]: digest for name, digest in found.items()}


@pytest.mark.parametrize("kind", MADE)
def test_every_kind_of_source_gives_the_same_results(
    kind: str, tmp_path: Path, expected: dict[bytes, str | None]
) -> None:
    """A row for each image with the bytes that plain files give, and a name; a second run finds nothing to do."""
    spec = MADE[kind](tmp_path, IMAGES)
    lake, columns = tmp_path / "lake", []
    for option, value in (("--content-column", spec.content_column), ("--id-column", spec.id_column)):
        columns += [option, value] if value else []
    code = anonymize(spec.uri, lake, *columns, *UNMEASURED)
    wanted = [expected[IMAGES["a b.png"]]] if kind == "single" else list(expected.values())
    assert code == (HELD_BACK if None in wanted else DONE)
    assert Counter(row["output_sha256"] for row in rows(lake)) == Counter(wanted)
    assert names(lake).keys() == {row["image_id"] for row in rows(lake)}
    if kind in {"folder", "tar", "delta"}:
        before = rows(lake)
        assert anonymize(spec.uri, lake, *columns, *UNMEASURED) == DONE
        assert rows(lake) == before
