"""The closing lines of ``make test``: nothing that failed or was skipped is lost on the way to them."""

from pathlib import Path

import pytest

from tests.support.summary import Case, closing, read

PASSED = Case("unit", "a::b", "passed", "", 1.5)
FAILED = Case("spark", "c::d", "failed", "", 2.0)
SKIPPED = Case("s3", "e::f", "skipped", "no Go", 0.0)


@pytest.mark.parametrize(
    ("cases", "failed_groups", "code", "told"),
    [
        pytest.param([], [], 0, "no tests ran", id="empty"),
        pytest.param([PASSED], [], 0, "1 passed", id="passed"),
        pytest.param([PASSED, SKIPPED, SKIPPED], [], 0, "1 passed, 2 skipped", id="skipped"),
        pytest.param([PASSED, FAILED], ["spark"], 1, "1 failed, 1 passed", id="failed"),
        pytest.param([PASSED], ["lint"], 1, "1 passed, 1 errors", id="a-linter-failed"),
        pytest.param([PASSED, FAILED], ["spark", "types"], 1, "1 failed, 1 passed, 1 errors", id="both"),
    ],
)
def test_the_last_line_counts_everything(cases: list[Case], failed_groups: list[str], code: int, told: str) -> None:
    """The last line is one that pytest could have written, and the exit code agrees with it."""
    lines, came = closing(cases, failed_groups)
    assert came == code
    assert lines[-1].strip("= ").startswith(f"{told} in ")


def test_skips_are_gathered_by_reason() -> None:
    """What was skipped stands there once for each reason, with how often."""
    lines, _ = closing([PASSED, SKIPPED, SKIPPED], [])
    assert "SKIPPED [2] s3: no Go" in lines


@pytest.mark.parametrize("text", [pytest.param("", id="empty"), pytest.param("<testsuites><tes", id="cut")])
def test_a_report_that_was_cut_short_is_an_error(text: str, tmp_path: Path) -> None:
    """A group whose process died while it wrote does not pass as one without tests."""
    report = tmp_path / "spark.xml"
    report.write_text(text, encoding="utf-8")
    assert [(case.group, case.outcome) for case in read(report)] == [("spark", "error")]


def test_a_report_of_pytests_is_read(tmp_path: Path) -> None:
    """Passed, failed, broken and skipped cases keep their outcome, and skips their reason."""
    report = tmp_path / "unit.xml"
    cases = "".join(
        f'<testcase classname="m" name="{name}" time="0.5">{inside}</testcase>'
        for name, inside in (("a", ""), ("b", "<failure/>"), ("c", "<error/>"), ("d", '<skipped message="why"/>'))
    )
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>", encoding="utf-8")
    found = list(read(report))
    assert [case.outcome for case in found] == ["passed", "failed", "error", "skipped"]
    assert found[3].reason == "why"
