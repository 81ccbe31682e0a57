"""Who is on which photo: what files say, in every way that they may say it, and what they must not."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from deltalake import write_deltalake

from jobs import labels
from jobs.errors import UsageError
from jobs.labels import Labels
from tests.support.specs import KEY

NAMES = {
    KEY.image_id(uri): uri
    for uri in ("file:///data/a/one.jpg", "file:///data/b/one.jpg", "file:///data/all.tar!c/two.jpg")
}
ONE, _, TWO = NAMES


def read(folder: Path, text: str, groups: tuple[str, ...] = ()) -> Labels:
    """Return what a CSV file of a text says."""
    file = folder / "who.csv"
    file.write_text(text, encoding="utf-8")
    return labels.read(file, KEY, lambda: NAMES, groups)


@pytest.mark.parametrize(
    "text",
    [
        "path,person\na/one.jpg,Jane\nc/two.jpg,Joe\n",
        "person,path\nJane,/data/a/one.jpg\nJoe,all.tar!c/two.jpg\n",
        "uri,label\nfile:///data/a/one.jpg,Jane\nfile:///data/all.tar!c/two.jpg,Joe\n",
        f"image_id,person\n{ONE},Jane\n{TWO},Joe\n",
    ],
)
def test_images_are_named_in_any_way(tmp_path: Path, text: str) -> None:
    """By a path that ends like the source's name, by the whole of it, or by the lake's own id."""
    found = read(tmp_path, text)
    assert [one.image_id for one in found.rows] == [ONE, TWO]
    assert (found.unknown, found.columns) == (0, ())


def test_a_parquet_file_or_a_table_says_the_same(tmp_path: Path) -> None:
    """Numbers for people, too."""
    file = tmp_path / "who.parquet"
    rows = pa.table({"path": ["a/one.jpg"], "person": [7]})
    pa.parquet.write_table(rows, file)
    write_deltalake(tmp_path / "who", rows)
    for place in (file, tmp_path / "who"):
        (row,) = labels.read(place, KEY, lambda: NAMES).rows
        assert row.person == KEY.source_id("label:7")


def test_no_name_is_kept(tmp_path: Path) -> None:
    """Not of a person, not in what is shown of the value; other columns only where somebody asked for them."""
    text = "path,person,sex,employer\na/one.jpg,Jane,f,ACME\n"
    found = read(tmp_path, text)
    assert found.rows[0].groups == ()
    assert found.rows[0].person == KEY.source_id("label:Jane")
    assert read(tmp_path, text, ("sex",)).rows[0].groups == (("sex", "f"),)
    assert "Jane" not in repr(found)


def test_lines_that_say_nothing_are_left_out_and_others_counted(tmp_path: Path) -> None:
    """An image that the lake does not have may be a misspelling: it is told how many there are."""
    found = read(tmp_path, "path,person\na/one.jpg,Jane\nnot/there.jpg,Joe\nb/one.jpg,\n")
    assert (len(found.rows), found.unknown) == (1, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("file,person\na/one.jpg,Jane\n", "has the columns file, person"),
        ("path,name\na/one.jpg,Jane\n", "has the columns path, name"),
        ("path,person\none.jpg,Jane\n", "fits two images"),
        ("path,person\na/one.jpg,Jane\na/one.jpg,Joe\n", "two things of one image"),
    ],
)
def test_what_cannot_be_is_told_without_a_name(tmp_path: Path, text: str, expected: str) -> None:
    """Which column is missing, which is not clear; nobody's name and no path is in the words."""
    with pytest.raises(UsageError, match=expected) as caught:
        read(tmp_path, text)
    assert not any(word in str(caught.value) for word in ("Jane", "Joe", "one.jpg"))


def test_a_column_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With those that are."""
    with pytest.raises(UsageError, match="no column age; it has path, person"):
        read(tmp_path, "path,person\na/one.jpg,Jane\n", ("age",))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """And what one should be like."""
    with pytest.raises(UsageError, match="expected a CSV or Parquet file, or a Delta table"):
        labels.read(tmp_path / "none.csv", KEY, lambda: NAMES)
