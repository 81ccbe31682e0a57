"""``faceveil monitor``: what drifted is told and recorded, what is too little is not called fine."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import QueryBuilder

from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.policy import Policy, public
from jobs import monitor, report, status, verify
from jobs.due import evaluation_due
from jobs.lake import Lake
from jobs.metrics import MONITOR_APP, Metrics
from jobs.monitoring import reading, watching
from jobs.verifying.finding import Kind
from tests.support import evaluated_lakes, lakes
from tests.unit.jobs.cases import Asked, Told
from tests.unit.jobs.monitoring import cases
from tests.unit.jobs.monitoring.cases import usual

OFF = ("--set", "tracking.enabled=false", "--vault", "none")
ENOUGH = 400


def figures(said: dict[str, Any]) -> dict[str, str]:
    """Return how each figure stands, by name."""
    return {one["name"]: one["state"] for one in said["figures"]}


def faces(made: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any], int], Any]:
    """Return what changes each region of a row."""
    return lambda row, _: [made(one) for one in row["faces"]]


def escalated(one: dict[str, Any], steps: int) -> dict[str, Any]:
    """Return a region that took so many methods."""
    return one | {"steps": steps, "attacks": [one["attacks"][0] | {"step": steps}]}


DRIFTS = {
    "faces": {"faces": lambda row, _: row["faces"] * 3},
    "confidence": {"faces": faces(lambda one: one | {"confidence": one["confidence"] - 0.1})},
    "size": {"faces": faces(lambda one: one | {"box": one["box"] | {"x1": one["box"]["x1"] * 4}})},
    "score.r": {"faces": faces(lambda one: one | {"attacks": [one["attacks"][0] | {"after": 0.4}]})},
    "cost": {"duration_ms": lambda row, _: row["duration_ms"] * 2},
    "residual": {"residual": lambda _, n: n % 2},
    "escalated": {"faces": lambda row, n: [escalated(one, 2 if n % 3 == 0 else 1) for one in row["faces"]]},
    "review": {"status": lambda row, n: "review" if n % 10 == 0 else row["status"]},
    "failed": {
        "status": lambda row, n: "quarantined" if n % 10 == 0 else row["status"],
        "content": lambda row, n: None if n % 10 == 0 else row["content"],
        "reason": lambda _, n: "truncated" if n % 10 == 0 else None,
    },
}


@pytest.fixture(scope="module")
def before() -> list[dict[str, Any]]:
    """Rows of a usual run."""
    return usual("run-1", ENOUGH, 1)


@pytest.mark.parametrize("name", DRIFTS)
def test_what_drifts_is_told_by_its_name(name: str, before: list[dict[str, Any]], tmp_path: Path, asked: Asked) -> None:
    """The figure that was changed has drifted; work alone asks for no evaluation, all else does."""
    lake = cases.make(tmp_path / "lake", before, usual("run-2", ENOUGH, 2, **DRIFTS[name]))
    said = asked(monitor, lake.uri, *OFF, code=5)
    assert said["state"] == "drifted"
    assert [one for one, state in figures(said).items() if state == "drifted"] == [name]
    assert (said["evaluation_due"] is None) == (name == "cost")
    assert (evaluation_due(lake.ledger.events()) is None) == (name == "cost")
    assert lake.ledger.verify() == 5


def test_a_usual_run_is_steady(before: list[dict[str, Any]], tmp_path: Path, asked: Asked) -> None:
    """It is in the ledger and in ``metrics`` all the same, once; nothing is due."""
    lake = cases.make(tmp_path / "lake", before, usual("run-2", ENOUGH, 2))
    said = asked(monitor, lake.uri, *OFF)
    assert said["state"] == "steady"
    assert set(figures(said).values()) == {"steady"}
    assert set(figures(said)) == set(DRIFTS)
    assert (said["run_id"], said["compared"], said["evaluation_due"]) == ("run-2", 1, None)
    mine = Metrics(lake).of(said["monitor_id"])
    assert {one.scope for one in mine} == {"monitor"}
    assert {one.name for one in mine} == {"psi", "ks", "odds_ratio", "median", "share"}
    assert {one.of("run") for one in mine} == {"run-2"}
    again = asked(monitor, lake.uri, *OFF)
    assert again["monitor_id"] == said["monitor_id"]
    assert len(lake.ledger.events()) == 5
    other = asked(monitor, lake.uri, *OFF, "--baseline", "last:1")
    assert other["monitor_id"] != said["monitor_id"]


def test_a_lake_that_was_looked_at_is_what_its_runs_made(tmp_path: Path) -> None:
    """``verify`` knows what a monitor wrote; figures under a number of no monitor are somebody else's."""
    lake = lakes.sealed(tmp_path / "lake", usual("run-1", 5, 1), usual("run-2", 5, 2))
    found, event = watching.watch(lake, watching.Asked())
    assert event is not None
    assert verify.run(lake).findings == ()
    Metrics(lake).append(found.findings[0].figures("run-2", 0.999), "x", 99, MONITOR_APP)
    assert [one.kind for one in verify.run(lake).findings] == [Kind.COMMIT]


def test_where_the_figures_are_missing_they_are_written_again(
    before: list[dict[str, Any]], tmp_path: Path, asked: Asked
) -> None:
    """A monitor that was ended between ledger and ``metrics`` does not hide what it found."""
    lake = cases.make(tmp_path / "lake", before, usual("run-2", ENOUGH, 2, **DRIFTS["confidence"]))
    done = asked(monitor, lake.uri, *OFF, code=5)["monitor_id"]
    metrics = Path(lake.uri, "metrics")
    metrics.rename(tmp_path / "gone")
    again = asked(monitor, lake.uri, *OFF, code=5)["monitor_id"]
    assert again != done
    assert Metrics(lake).of(again)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, ENOUGH), (ENOUGH, 0), (50, ENOUGH), (ENOUGH, 50)])
def test_too_little_is_not_fine(first: int, second: int, tmp_path: Path, asked: Asked) -> None:
    """Without a run, without a baseline, or with too few images, nobody can say; exit 0, and never ``steady``."""
    some = [usual(f"run-{n}", count, n) for n, count in enumerate((first, second), 1) if count]
    lake = cases.make(tmp_path / "lake", *some)
    said = asked(monitor, lake.uri, *OFF)
    assert said["state"] == "cannot say"
    assert set(figures(said).values()) <= {"cannot say"}
    assert said["evaluation_due"] is None


def test_the_baseline_is_as_it_was(before: list[dict[str, Any]], tmp_path: Path, asked: Asked) -> None:
    """A run that treats every image again is compared with the rows that it replaced; without history, that is told."""
    again = [row | {"faces": [one | {"confidence": 0.5} for one in row["faces"]]} for row in before]
    lake = cases.make(tmp_path / "lake", before, again)
    said = asked(monitor, lake.uri, *OFF, "--dry-run", code=5)
    assert figures(said)["confidence"] == "drifted"
    assert said["notes"] == []
    lake.tables.open("images").vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    said = asked(monitor, lake.uri, *OFF, "--dry-run")
    assert said["state"] == "cannot say"
    assert "history no longer reaches back" in said["notes"][0]


def test_a_dry_run_writes_nothing(before: list[dict[str, Any]], tmp_path: Path, asked: Asked) -> None:
    """Neither an event nor a figure; the exit code is what it is."""
    lake = cases.make(tmp_path / "lake", before, usual("run-2", ENOUGH, 2, **DRIFTS["confidence"]))
    files = sorted(tmp_path.rglob("*"))
    said = asked(monitor, lake.uri, *OFF, "--dry-run", code=5)
    assert (said["state"], said["monitor_id"]) == ("drifted", None)
    assert sorted(tmp_path.rglob("*")) == files


@pytest.mark.parametrize(
    ("baseline", "compared"), [("before", 3), ("first", 1), ("last:2", 2), ("last:99", 3), ("run-2", 1)]
)
def test_a_baseline_is_chosen(baseline: str, compared: int, tmp_path: Path, asked: Asked) -> None:
    """All runs before it, the first, the last ones, or one by its id."""
    lake = cases.make(tmp_path / "lake", *(usual(f"run-{n}", 5, n) for n in range(1, 5)))
    said = asked(monitor, lake.uri, *OFF, "--baseline", baseline, "--dry-run")
    assert (said["run_id"], said["compared"]) == ("run-4", compared)
    assert asked(monitor, lake.uri, *OFF, "--run", "run-1", "--dry-run")["compared"] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(("--baseline", "last:0"), "last:N", id="last-0"),
        pytest.param(("--baseline", "run-2"), "known: run-1, run-2", id="itself"),
        pytest.param(("--run", "none"), "known: run-1, run-2", id="run"),
        pytest.param(("--prometheus", "x.txt"), "NAME.prom", id="prometheus"),
        pytest.param(("--prometheus", "/nowhere/x.prom"), "folder that is there", id="folder"),
        pytest.param(("--policy", "pubic"), "did you mean 'public'", id="policy"),
    ],
)
def test_what_cannot_be_is_refused(words: tuple[str, ...], says: str, tmp_path: Path, told: Told) -> None:
    """With 2, and with what can be."""
    lake = cases.make(tmp_path / "lake", usual("run-1", 3, 1), usual("run-2", 3, 2))
    assert says in told(monitor, lake.uri, *OFF, *words, code=2)


def test_thresholds_are_the_policys(before: list[dict[str, Any]], tmp_path: Path, asked: Asked) -> None:
    """Those that the run's own policy had, as its record says; those of ``--policy`` where it is given."""
    lake = cases.make(tmp_path / "lake", before)
    mild = {**public().monitor.to_mapping(), "psi_most": 50.0, "ks_most": 0.99}
    cases.add(lake, "run-2", usual("run-2", ENOUGH, 2, **DRIFTS["confidence"]), settings=json.dumps({"monitor": mild}))
    assert asked(monitor, lake.uri, *OFF)["limits"]["psi_most"] == 50.0
    assert evaluation_due(lake.ledger.events()) is None
    strict = tmp_path / "strict.yaml"
    strict.write_text(json.dumps(public().to_mapping() | {"name": "strict", "plan": "thorough", "second_look": "fast"}))
    assert asked(monitor, lake.uri, *OFF, "--policy", strict, code=5)["limits"]["psi_most"] == 0.25


@pytest.mark.parametrize(
    "wrong",
    [
        {"psi_most": 0},
        {"psi_most": True},
        {"ks_most": 1.0},
        {"odds_most": 1},
        {"confidence": 1.0},
        {"confidence": float("nan")},
        {"least_cases": 0},
        {"least_cases": 1.5},
        {"bins": 1},
        {"bins": 101},
        {"psi": 0.2},
        "psi",
    ],
    ids=str,
)
def test_a_policys_section_is_checked(wrong: Any) -> None:
    """What nothing or everything would reach, and what is no key of it, is refused."""
    with pytest.raises(FaceveilError, match="monitor"):
        Policy.from_mapping({**public().to_mapping(), "monitor": wrong})


def test_a_policys_section_changes_no_image() -> None:
    """Other thresholds take no image again."""
    other = Policy.from_mapping({**public().to_mapping(), "monitor": {"least_cases": 9}})
    assert other.monitor.least_cases == 9
    assert other.canonical() == public().canonical()


def test_prometheus_is_told(before: list[dict[str, Any]], tmp_path: Path, told: Told) -> None:
    """States and figures by name, and whether an evaluation is due; no id of a run."""
    lake = cases.make(tmp_path / "lake", before, usual("run-2", ENOUGH, 2, **DRIFTS["failed"]))
    file = tmp_path / "drift.prom"
    told(monitor, lake.uri, *OFF, "--prometheus", file, code=5)
    lines = file.read_text("utf-8").splitlines()
    assert 'faceveil_monitor_state{figure="failed"} 2.0' in lines
    assert 'faceveil_monitor_state{figure="confidence"} 0.0' in lines
    assert "faceveil_evaluation_due 1.0" in lines
    assert 'faceveil_monitor_run{figure="failed"} 0.1' in lines
    assert "run-2" not in "".join(lines)


def test_status_and_report_say_that_an_evaluation_is_due(tmp_path: Path, asked: Asked, told: Told) -> None:
    """The word falls to the weakest until ``evaluate`` has run again."""
    lake = evaluated_lakes.make(tmp_path / "lake", evaluated_lakes.good())
    assert asked(status, lake.uri)["word"] == "anonymous under test"
    said = json.dumps({"run": "run-1"})
    lake.ledger.append(
        lakes.event("finished", "w", job="monitor", policy_digest=None, counts={"evaluation_due": 1}, settings=said)
    )
    now = asked(status, lake.uri)
    assert (now["word"], now["due"]["run_id"]) == ("obfuscated", "run-1")
    assert "faceveil evaluate" in now["next"][0]
    assert "An evaluation is due" in told(status, lake.uri)
    page = tmp_path / "report.html"
    told(report, lake.uri, "--out", page)
    assert "An evaluation is due: run run-1 drifted" in page.read_text("utf-8")
    evaluated_lakes.evaluate(lake, evaluated_lakes.good(), "run-again")
    assert asked(status, lake.uri)["word"] == "anonymous under test"


@pytest.mark.parametrize("sql", [reading._IMAGES, reading._FACES, reading._SCORES], ids=["images", "faces", "scores"])
def test_no_image_is_read(sql: str, tmp_path: Path) -> None:
    """The engine's own plan reads few columns, and never ``content``."""
    lake: Lake = cases.make(tmp_path / "lake", usual("run-1", 3, 1))
    builder = QueryBuilder().register("images", lake.tables.open("images"))
    found = pa.table(builder.execute("EXPLAIN " + sql.format(mine="run_id IN ('run-1')")).read_all())
    plan = str(found.to_pylist())
    assert "run_id" in plan
    assert "content" not in plan
