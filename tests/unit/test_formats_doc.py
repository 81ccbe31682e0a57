"""What docs/formats.md says of formats and reasons is what the code has."""

import re
from pathlib import Path

from anonymizer_udfs.imaging import Format
from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.sight import LEAST_PIXELS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def test_every_format_is_spoken_of() -> None:
    """Each format that is read has a row."""
    rows = "\n".join(line for line in PAGE.splitlines() if line.startswith("| ")).lower()
    assert [form.value for form in Format if form.value not in rows] == []


def test_every_reason_is_one_of_the_closed_list() -> None:
    """A reason that the page explains can be found in the table."""
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]+)\|", PAGE, re.MULTILINE)))
    assert len(named) > 6
    assert set(named) <= {reason.value for reason in Reason}


def test_the_size_from_which_files_are_decoded_small_is_the_code_s() -> None:
    """A megapixel."""
    assert "(a megapixel and more)" in PAGE
    assert LEAST_PIXELS == 1_000_000
