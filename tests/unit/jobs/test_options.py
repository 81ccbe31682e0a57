"""The common options: what they become, what is refused, and how an error reaches a person."""

import json
from pathlib import Path

import pytest

from anonymizer_udfs.errors import FaceveilError, SourceError, SpecError
from jobs import options
from jobs.errors import LakeBusyError, UsageError, VaultError
from jobs.options import Common, Parser


def parsed(*words: str) -> Common:
    """Return what words on the command line become."""
    parser = Parser("status", "Say.", "  faceveil status")
    options.add_common(parser)
    return options.common(parser.parse_args(words))


def test_no_option_is_the_local_profile() -> None:
    """Without options: this machine, a vault beside the lake, its own key, lines for people."""
    plain = parsed()
    assert plain.settings.profile == "local"
    assert (plain.vault, plain.key.read(), plain.as_json) == (None, None, False)
    assert plain.storage.endpoint_url is None


def test_settings_reach_the_storage() -> None:
    """A profile and single keys are checked together and say how stores are reached."""
    made = parsed("--profile", "s3", "--set", "storage.endpoint_url=http://host:9000", "--set", "storage.region=eu-x")
    assert (made.storage.endpoint_url, made.storage.region) == ("http://host:9000", "eu-x")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["--profile", "lokal"], "did you mean 'local'", id="profile"),
        pytest.param(["--set", "limits.red_threads=2"], "limits.read_threads", id="key"),
        pytest.param(["--set", "nonsense"], "group.key=value", id="form"),
        pytest.param(["--key-file", "a", "--key-env", "B"], "one of --key-file", id="two-keys"),
    ],
)
def test_what_cannot_be_is_bad_usage(words: list[str], expected: str) -> None:
    """Settings that cannot be end as one error with exit code 2, before anything is started."""
    with pytest.raises(UsageError, match=expected) as caught:
        parsed(*words)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["--vautl", "x"], "did you mean --vault?", id="misspelt"),
        pytest.param(["--xyzzy"], "unrecognized arguments: --xyzzy\n", id="nothing-near"),
        pytest.param(["--va", "x"], "unrecognized", id="no-abbreviations"),
    ],
)
def test_a_misspelt_option_is_answered_with_the_nearest(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line with what was meant, one with where to read more, and exit code 2."""
    with pytest.raises(SystemExit) as caught:
        parsed(*words)
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert expected in told
    assert told.endswith("see: faceveil status --help\n")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(UsageError("u"), 2, id="usage"),
        pytest.param(SpecError("s"), 2, id="parameter"),
        pytest.param(LakeBusyError("b"), 1, id="busy"),
        pytest.param(VaultError("v"), 1, id="vault"),
        pytest.param(SourceError("o"), 1, id="source"),
        pytest.param(FaceveilError("f"), 1, id="any"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(
    error: FaceveilError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is raised on purpose reaches a person without a traceback."""

    def work() -> int:
        raise error

    assert options.guarded("status", work) == code
    assert capsys.readouterr().err == f"faceveil status: {error}\n"


def test_what_is_not_raised_on_purpose_is_not_hidden() -> None:
    """A bug keeps its traceback."""

    def work() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        options.guarded("status", work)


def test_ctrl_c_says_that_nothing_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    """Who interrupts a run is told how to go on."""

    def work() -> int:
        raise KeyboardInterrupt

    assert options.guarded("anonymize", work) == 1
    assert "run it again" in capsys.readouterr().err


def test_an_answer_is_lines_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The same answer for people and for programs."""
    options.answer({"where": Path("/x")}, ["one", "two"], as_json=False)
    options.answer({"where": Path("/x")}, ["one", "two"], as_json=True)
    lines, text = capsys.readouterr().out.split("two\n")
    assert lines == "one\n"
    assert json.loads(text) == {"where": "/x"}


def test_what_names_things_is_not_shown_by_repr() -> None:
    """A vault's place and a key's source stay out of tracebacks and logs."""
    shown = repr(parsed("--vault", "/secret/vault", "--key-command", "kms decrypt 1234"))
    assert "secret" not in shown
    assert "kms" not in shown
