"""What lies where a lake or a source was expected: nothing is made, read or overwritten where people mixed them up."""

from pathlib import Path

import pytest

from anonymizer_udfs.sources.base import SourceSpec
from conf.settings import Settings
from jobs import early, status, whatlies
from jobs.errors import UsageError
from jobs.keysource import KeySource
from jobs.lake import Lake
from jobs.options import Common
from jobs.vault import Vault
from jobs.whatlies import Kind
from tests.unit.jobs.cases import Told


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """Return a folder with one of each."""
    Lake(str(tmp_path / "lake")).create()
    Vault(str(tmp_path / "lake.vault"), Common(Settings(), None, KeySource()).storage).prepare()
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(b"1")
    (tmp_path / "empty").mkdir()
    (tmp_path / "begun" / "images").mkdir(parents=True)
    (tmp_path / "begun" / "_lease").mkdir()
    (tmp_path / "disk" / "lost+found").mkdir(parents=True)
    (tmp_path / "file").write_bytes(b"1")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param("none", Kind.NOTHING, id="nothing"),
        pytest.param("empty", Kind.EMPTY, id="empty"),
        pytest.param("begun", Kind.EMPTY, id="a-lake-whose-making-was-cut-off"),
        pytest.param("disk", Kind.EMPTY, id="a-new-disk"),
        pytest.param("file", Kind.FILE, id="file"),
        pytest.param("lake", Kind.LAKE, id="lake"),
        pytest.param("lake.vault", Kind.VAULT, id="vault"),
        pytest.param("photos", Kind.OTHER, id="photos"),
    ],
)
def test_each_is_told_apart(name: str, kind: Kind, places: Path) -> None:
    """By names of folders alone, as a path and as a URI."""
    assert whatlies.kind(str(places / name)) is kind
    assert whatlies.kind(f"file://{places / name}") is kind


@pytest.mark.parametrize("uri", ["s3a://bucket/lake", "gs://bucket/photos", "https://host/a"])
def test_nobody_looks_elsewhere(uri: str) -> None:
    """Of an object store nothing is said."""
    assert whatlies.kind(uri) is None


@pytest.mark.parametrize(
    ("source", "lake", "expected"),
    [
        pytest.param(
            "lake", "photos", "LAKE: expected a lake, or a new or empty folder, got one with other", id="swapped"
        ),
        pytest.param("lake", "new", "SOURCE: expected images, got a lake: SOURCE is first", id="lake-as-source"),
        pytest.param("lake.vault", "new", "SOURCE: expected images, got a vault", id="vault-as-source"),
        pytest.param(
            "photos", "file", "LAKE: expected a lake, or a new or empty folder, but a file", id="file-as-lake"
        ),
        pytest.param("photos", "lake.vault", "but a vault lies there; its lake has a name", id="vault-as-lake"),
    ],
)
def test_what_was_mixed_up_is_refused_before_anything_is_written(
    source: str, lake: str, expected: str, places: Path
) -> None:
    """Else photos would lie among tables, and a vault beside them."""
    before = sorted(places.rglob("*"))
    common = Common(Settings(), None, KeySource())
    with pytest.raises(UsageError, match=expected):
        early.checked(SourceSpec(str(places / source)), str(places / lake), common)
    assert sorted(places.rglob("*")) == before


@pytest.mark.parametrize("lake", ["new", "empty", "begun", "lake"])
def test_what_may_become_a_lake_is_taken(lake: str, places: Path) -> None:
    """A new folder, an empty one, one whose making was cut off, and a lake that is there."""
    common = Common(Settings(), None, KeySource())
    assert early.checked(SourceSpec(str(places / "photos")), str(places / lake), common) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none", "nothing lies there"),
        ("file", "a file lies there, and a lake is a folder of tables"),
        ("lake.vault", "a vault lies there; its lake has a name of its own"),
        ("photos", "the folder has other files in it"),
    ],
)
def test_a_reader_is_told_what_lies_there(name: str, expected: str, places: Path, told: Told) -> None:
    """Whoever asks the wrong place reads what it is; no name in it is told."""
    said = told(status, str(places / name), code=1)
    assert f"there is no lake at that place: {expected}" in said
    assert "one.jpg" not in said
