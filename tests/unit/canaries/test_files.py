"""Small files below a URI, on disk."""

from pathlib import Path

from anonymizer_udfs.canaries import files
from anonymizer_udfs.sources.base import Storage

LOCAL = Storage()


def test_a_file_is_written_whole_and_replaced(tmp_path: Path) -> None:
    """Folders are made, odd names are taken literally, and a second try of a task replaces what the first left."""
    place = tmp_path / "a b%20#" / "deep" / "x.png"
    files.write(str(place), b"first", LOCAL)
    files.write(str(place), b"2nd", LOCAL)
    assert place.read_bytes() == b"2nd"


def test_all_below_a_folder_is_removed_and_nothing_beside_it(tmp_path: Path) -> None:
    """Folders go, too; nothing there is fine."""
    files.write(str(tmp_path / "run" / "photos" / "a.png"), b"a", LOCAL)
    files.write(str(tmp_path / "running" / "b.png"), b"b", LOCAL)
    files.remove(str(tmp_path / "run"), LOCAL)
    files.remove(str(tmp_path / "run"), LOCAL)
    assert [path.name for path in tmp_path.iterdir()] == ["running"]
