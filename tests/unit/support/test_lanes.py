"""Groups of tests, a few at a time."""

import sys
from pathlib import Path

import pytest

from tests.support import lanes

REPORT = '<testsuites><testsuite name="t"><testcase classname="m" name="a" time="1"/></testsuite></testsuites>'
MAKE = "import sys, time; time.sleep(float(sys.argv[1]) / 10); print('said', sys.argv[1]); sys.exit(sys.argv[1] == '3')"


@pytest.mark.parametrize("count", [pytest.param("1", id="one-lane"), pytest.param("2", id="two-lanes")])
def test_each_group_is_told_in_one_piece(tmp_path: Path, capsys: pytest.CaptureFixture[str], count: str) -> None:
    """In the order in which they end, and the one that failed is named at the end."""
    (tmp_path / "unit.xml").write_text(REPORT, encoding="utf-8")
    make = (sys.executable, "-c", MAKE)
    assert lanes.main(["15", "1", "3", "--lanes", count, "--reports", str(tmp_path)], make) == 1
    said = capsys.readouterr().out
    told = [line.split()[-1] for line in said.splitlines() if line.startswith("said")]
    assert told == (["15", "1", "3"] if count == "1" else ["1", "3", "15"])
    assert "ERROR make 3" in said
    assert "1 passed, 1 errors" in said


def test_when_all_passed_it_ends_with_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is what CI looks at."""
    (tmp_path / "unit.xml").write_text(REPORT, encoding="utf-8")
    assert lanes.main(["0", "--reports", str(tmp_path)], (sys.executable, "-c", MAKE)) == 0
    assert "--- make 0: 0.0 minutes\nsaid 0\n" in capsys.readouterr().out
