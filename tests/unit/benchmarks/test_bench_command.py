"""``python -m benchmarks``: what its help says, and that a trial does not touch what is kept."""

import argparse
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks import asks, command, results


def test_help_says_what_each_measures_and_how_long_it_takes() -> None:
    """Each benchmark has a line in the help, with its minutes."""
    text = bench.parser().format_help()
    for name, one in bench.BENCHMARKS.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"  {name} ") and "minutes)" in line]
        assert one.text in line
        assert f"(about {one.minutes} minutes)" in line
        assert len(line) <= 120
    assert "--here" not in text


def test_every_ask_belongs_to_a_benchmark() -> None:
    """The file of an ask is named after the benchmark that writes it."""
    assert {ask.result.split("-")[0] for ask in asks.ASKS} <= set(bench.BENCHMARKS)


def test_an_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The known ones are named."""
    with pytest.raises(SystemExit):
        bench.parser().parse_args(["--only", "speed"])
    assert "growth" in capsys.readouterr().err


def test_a_table_of_a_trial_is_kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--trial --table`` writes below ``build``; nothing is run, and the kept page is as it was."""
    kept = (results.FOLDER / asks.README).read_bytes()
    monkeypatch.setattr(bench, "KEPT", tmp_path)
    assert bench.main(["--trial", "--table"]) == 0
    assert "not measured" in (tmp_path / "results" / asks.README).read_text(encoding="utf-8")
    assert (results.FOLDER / asks.README).read_bytes() == kept


def test_photos_given_are_taken_instead_of_scenes(tmp_path: Path) -> None:
    """No scene is drawn where there is a folder."""
    context = bench.Context(argparse.Namespace(photos=tmp_path, trial=True), tmp_path)
    assert (context.photos(10), context.photos(10, large=True), context.trial) == (tmp_path, tmp_path, True)
    assert not any(tmp_path.iterdir())


def test_a_key_is_made_once(tmp_path: Path) -> None:
    """The same key for all runs of a benchmark, and one that the job takes."""
    first = command.key_file(tmp_path / "new").read_bytes()
    assert command.key_file(tmp_path / "new").read_bytes() == first
    assert command.common("local", tmp_path / "new" / "key").key.read() is not None


def test_a_command_that_fails_is_told(tmp_path: Path) -> None:
    """With the exit code and the end of what it wrote; one that is done gives its report and what it took."""
    with pytest.raises(SystemExit, match=r"ended with 1:\s+it broke"):
        command.run(["python3", "-c", "import sys; sys.exit('it broke')"], {}, tmp_path)
    done = command.run(["python3", "-c", 'print(\'{"figures": {"images_per_second": 2.5}}\')'], {}, tmp_path)
    assert (done.images_per_second, done.seconds > 0) == (2.5, True)
