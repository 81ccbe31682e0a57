"""The log for programs: what gets in, and what cannot."""

import json
import logging
from pathlib import Path

import pytest

from conf.groups import Logs
from jobs import logs
from jobs.errors import UsageError


@pytest.fixture(autouse=True)
def _off() -> object:
    """Leave the log as a command finds it."""
    yield
    logs.configure(Logs())


def test_it_is_off_until_a_setting_asks(capsys: pytest.CaptureFixture[str]) -> None:
    """People read the terminal as ever."""
    logs.configure(Logs())
    logs.event("planned", {"todo": 3})
    assert capsys.readouterr().err == ""
    assert logs.on_terminal()


def test_json_goes_to_standard_error_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line, with time and level; lines for people then stay away from there."""
    logs.configure(Logs(format="json"))
    logs.event("planned", {"run_id": "20261122T100000-0a1b2c3d", "todo": 3, "share": 0.25})
    said = json.loads(capsys.readouterr().err)
    assert said.pop("at").endswith("+00:00")
    assert said == {
        "level": "info",
        "event": "planned",
        "run_id": "20261122T100000-0a1b2c3d",
        "todo": 3,
        "share": 0.25,
    }
    assert not logs.on_terminal()


def test_a_file_is_appended_to_and_is_not_everybodys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second command goes on behind the first one."""
    file = tmp_path / "faceveil.log"
    for number in range(2):
        logs.configure(Logs(file=str(file)))
        logs.event("planned", {"todo": number, "share": 1 / 3})
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == [f"info planned todo={n} share=0.333333" for n in range(2)]
    assert file.stat().st_mode & 0o007 == 0
    assert capsys.readouterr().err == ""
    assert logs.on_terminal()


def test_a_file_that_cannot_be_is_told(tmp_path: Path) -> None:
    """Before anything is started."""
    with pytest.raises(UsageError, match=r"logs\.file cannot be written: No such file"):
        logs.configure(Logs(file=str(tmp_path / "none" / "faceveil.log")))


@pytest.mark.parametrize("text", ["/data/Smith family/1.jpg", "Jane Doe", "a\nb", "x" * 81, "s3://bucket"])
def test_a_name_does_not_get_in(text: str) -> None:
    """Nor a message of somebody else's, in which one may stand."""
    with pytest.raises(ValueError, match="ids, words and numbers; the field what is something else"):
        logs.event("planned", {"what": text})


def test_of_an_error_its_kind_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Its text may quote what somebody typed."""
    logs.configure(Logs(format="json"))
    logs.failed("status", UsageError("there is no folder 'Smith family'"), 2)
    said = json.loads(capsys.readouterr().err)
    assert (said["level"], said["event"], said["error"], said["exit_code"]) == ("error", "failed", "UsageError", 2)
    assert "Smith" not in str(said)
    assert logging.getLogger(logs.LOGGER).propagate is False
