"""``faceveil status``: how a lake stands and what to do next; and what all three say where no lake is."""

from pathlib import Path
from typing import Any

import pytest

from anonymizer_udfs.outcome import Reason
from jobs import export, lookup, screen, status
from jobs.lake import Lake
from tests.support import lakes
from tests.unit.jobs.cases import Asked, Told


@pytest.mark.parametrize("command", [status, lookup, export], ids=lambda c: c.__name__)
def test_where_no_lake_is_nothing_is_made(command: Any, tmp_path: Path, told: Told) -> None:
    """All three say what makes a lake, exit with 1, and leave no folder behind."""
    words = [] if command is status else ["x"] if command is lookup else [tmp_path / "out"]
    assert "faceveil anonymize" in told(command, tmp_path / "none", *words, code=1)
    assert list(tmp_path.iterdir()) == []


def test_the_status_of_an_empty_lake_says_how_to_begin(tmp_path: Path, asked: Asked) -> None:
    """Nothing is in it, and what to do next is the command that fills it."""
    Lake(str(tmp_path / "lake")).create()
    now = asked(status, tmp_path / "lake")
    assert (now["images"], now["faces"], now["shares"], now["runs"], now["ledger_events"]) == (0, 0, [], [], 0)
    assert now["next"] == [f"faceveil anonymize SOURCE {tmp_path / 'lake'}"]


def test_the_status_counts_everything(lake: Lake, asked: Asked) -> None:
    """Images by status and reason, regions by method, policies by digest, runs, sizes and the ledger."""
    now = asked(status, lake.uri)
    counted = {(s["status"], s["reason"]): s["images"] for s in now["shares"]}
    assert counted == {
        ("anonymized", None): 1,
        ("clean", None): 2,
        ("review", "unverified"): 1,
        ("quarantined", "truncated"): 1,
        ("quarantined", "unreadable"): 1,
    }
    assert (now["images"], now["faces"]) == (6, 2)
    assert {(m["kind"], m["method"]): m["regions"] for m in now["methods"]} == {
        ("face", "mask"): 1,
        ("face", "pixelate"): 1,
    }
    assert [(p["policy"], p["images"], p["current"]) for p in now["policies"]] == [
        ("public", 5, True),
        (None, 1, False),
    ]
    assert [(r["run_id"], r["state"], r["images"]) for r in now["runs"]] == [("run-1", "finished", 6)]
    assert now["ledger_events"] == 2
    assert now["ledger_problem"] is None
    on_disk = sum(p.stat().st_size for p in Path(lake.uri).rglob("*.parquet"))
    assert (now["size_bytes"], now["files"]) == (on_disk, 3)
    assert now["mlflow"].startswith("sqlite:///")


def test_the_status_says_what_to_do(lake: Lake, told: Told) -> None:
    """Each quarantined reason has its remedy, and each next step is a command to copy."""
    text = told(status, lake.uri)
    assert status.REMEDIES[Reason.TRUNCATED] in text
    assert f"faceveil anonymize SOURCE {lake.uri} --retry unreadable" in text
    assert "1 image of an older policy" in text
    assert "1 image for a person to decide on, in faceveil review" in text
    assert f"faceveil export {lake.uri} FOLDER writes 3 images" in text


def test_every_reason_has_a_remedy() -> None:
    """The closed list of reasons and the list of remedies are the same; a retry names its own reason."""
    assert set(status.REMEDIES) == set(Reason)
    for reason, text in status.REMEDIES.items():
        assert "--retry" not in text or f"--retry {reason}" in text


@pytest.mark.parametrize(
    ("kind", "state", "expected"),
    [
        pytest.param("started", "unfinished", "has not finished", id="cut-off"),
        pytest.param("resumed", "unfinished", "has not finished", id="cut-off-again"),
        pytest.param("failed", "failed", "run run-2 failed", id="failed"),
    ],
)
def test_a_run_that_did_not_finish_is_to_be_run_again(
    kind: str, state: str, expected: str, lake: Lake, asked: Asked
) -> None:
    """The newest run decides what comes first: the same command once more."""
    lake.ledger.append(lakes.event(run_id="run-2"))
    if kind != "started":
        lake.ledger.append(lakes.event(kind, run_id="run-2"))
    now = asked(status, lake.uri)
    assert now["runs"][0]["state"] == state
    assert expected in now["next"][0]
    assert "run the same command again" in now["next"][0]


def test_a_broken_ledger_is_a_failed_check(lake: Lake, told: Told, asked: Asked) -> None:
    """The status says where, and the exit code is 5."""
    event = lake.ledger.events()[0]
    folder = Path(lake.uri, "runs")
    for name in ("00000000000000000001.json", "00000000000000000002.json"):
        (folder / "_delta_log" / name).unlink()
    forged = lakes.ledger_rows([event | {"policy": "internal"}])
    lake.tables.append("runs", forged, "chain", 9)
    now = asked(status, lake.uri, code=5)
    assert "broken at event 1" in now["ledger_problem"]
    assert "broken at event 1" in told(status, lake.uri, code=5)


def test_a_password_of_a_tracking_server_is_not_shown(lake: Lake, asked: Asked) -> None:
    """Who shows a status on a screen does not show a credential."""
    now = asked(status, lake.uri, "--set", "tracking.uri=http://me:hidden@host:5000")
    assert now["mlflow"] == "http://host:5000"


def test_a_terminal_gets_tables_and_a_pipe_gets_text() -> None:
    """Both hold the same words; control sequences go to a terminal only, and a name cannot bring its own."""
    section = screen.Section("images [bold]", (("clean", "7"),), ("status", "n"), (1,))
    plain = "\n".join(screen.plain([section, screen.Section("empty", ())]))
    assert plain == "images [bold]\n  status  n\n  clean   7"


def test_without_a_vault_there_are_no_names(lake: Lake, tmp_path: Path, told: Told) -> None:
    """The export stops before it writes anything, and says why."""
    assert "only the vault knows names" in told(
        export, lake.uri, tmp_path / "out", "--names", "--vault", "none", code=1
    )
    assert "no vault at the URI given" in told(
        export, lake.uri, tmp_path / "out", "--names", "--vault", tmp_path / "v", code=1
    )
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "v").exists()
