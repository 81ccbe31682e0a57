"""``faceveil lookup``: every way between a file and its row, and what is said where there is none."""

import hashlib
from pathlib import Path

import pytest

from jobs import lookup
from jobs.lake import Lake
from tests.support import lakes
from tests.unit.jobs.cases import BAD, HELD, HOME, IDS, ONE, PACKED, TWO, Asked, Told


@pytest.mark.parametrize(
    ("word", "uri", "how"),
    [
        pytest.param("/data/photos/a/one.jpg", ONE, "name", id="path"),
        pytest.param("/data/photos/b/été.jpg", TWO, "name", id="path-with-accents"),
        pytest.param(TWO, TWO, "name", id="uri"),
        pytest.param("/data/photos/x.zip!in/3", PACKED, "name", id="archive-member"),
        pytest.param(IDS[BAD], BAD, "id", id="id"),
        pytest.param(hashlib.sha256(b"held").hexdigest(), HELD, "digest", id="digest"),
    ],
)
def test_every_way_leads_to_the_row_and_to_the_source(word: str, uri: str, how: str, lake: Lake, asked: Asked) -> None:
    """From a name, an id or a digest to the row, and by the vault to where the image came from."""
    (found,) = asked(lookup, lake.uri, word)
    assert (found["row"]["image_id"], found["uri"], found["found_by"]) == (IDS[uri], uri, how)
    assert "content" not in found["row"]


def test_a_file_is_found_by_its_content(lake: Lake, tmp_path: Path, asked: Asked) -> None:
    """An exported file under whatever name, and a copy of a source elsewhere."""
    (tmp_path / "renamed.bin").write_bytes(b"one")
    (tmp_path / "copy.jpg").write_bytes(b"source of three")
    found = asked(lookup, lake.uri, tmp_path / "renamed.bin", tmp_path / "copy.jpg")
    assert [f["row"]["image_id"] for f in found] == [IDS[ONE], IDS[PACKED]]
    assert [f["found_by"] for f in found] == ["exported_content", "source_content"]


def test_a_lookup_tells_a_person_what_happened(lake: Lake, told: Told) -> None:
    """Status, reason, regions, run and digest, each on a line of its own."""
    text = told(lookup, lake.uri, IDS[ONE], IDS[BAD])
    assert "1 face by mask, 1 face by pixelate" in text
    assert "quarantined: truncated" in text
    assert hashlib.sha256(b"one").hexdigest() in text
    assert f"source   {ONE}" in text


def test_what_is_not_there_is_told(lake: Lake, told: Told, asked: Asked) -> None:
    """No row: exit code 1, also when others were found; a name that a run has only listed is told apart."""
    lakes.name_sources(Path(f"{lake.uri}.vault"), [f"{HOME}/later.jpg"])
    found = asked(lookup, lake.uri, IDS[ONE], "/nowhere.jpg", "/data/photos/later.jpg", "f" * 32, "f" * 64, code=1)
    assert [bool(f["row"]) for f in found] == [True, False, False, False, False]
    assert "not finished" in found[2]["notes"][0]
    text = told(lookup, lake.uri, "/nowhere.jpg", "s3a://raw/x.jpg", code=1)
    assert text.count("no row in this lake") == 2
    assert text.count("there is no such file; expected a source as anonymize was given it") == 1


def test_without_a_vault_an_id_has_its_row_and_no_name(lake: Lake, asked: Asked) -> None:
    """What the lake knows is told, and why the rest is not; a key from elsewhere still finds names."""
    (found,) = asked(lookup, lake.uri, IDS[ONE], "--vault", "none")
    assert (found["uri"], found["row"]["status"]) == (None, "anonymized")
    assert "only the vault knows names" in found["notes"][0]
    (missing,) = asked(lookup, lake.uri, "/data/photos/a/one.jpg", "--vault", "none", code=1)
    assert "names cannot be looked up" in missing["notes"][0]
    key = Path(f"{lake.uri}.vault", "key")
    (found,) = asked(lookup, lake.uri, "/data/photos/a/one.jpg", "--vault", "none", "--key-file", key)
    assert found["row"]["image_id"] == IDS[ONE]


def test_another_lakes_key_is_told(lake: Lake, tmp_path: Path, asked: Asked) -> None:
    """With a wrong key every name would seem to be missing: that is said instead."""
    (tmp_path / "key").write_text("A" * 43 + "=\n", encoding="ascii")
    (missing,) = asked(lookup, lake.uri, "/data/photos/a/one.jpg", "--key-file", tmp_path / "key", code=1)
    assert "was made with key" in missing["notes"][0]


@pytest.mark.parametrize("word", ["'; DROP TABLE images; --", "", "a/b#c!d", "\x00"], ids=repr)
def test_no_word_is_taken_for_sql_or_breaks_the_lookup(word: str, lake: Lake, asked: Asked) -> None:
    """Whatever is typed is a name, and only digits ever reach a query."""
    assert asked(lookup, lake.uri, word, code=1)[0]["row"] is None
