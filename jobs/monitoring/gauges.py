"""What a run's drift is for Prometheus: a file for node_exporter's textfile collector. Runs on the driver.

Words of ours and numbers; no id, since each label value is a series of its own.
"""

from pathlib import Path

import prometheus_client as prometheus

from jobs.errors import JobError, UsageError
from jobs.monitoring.judging import State
from jobs.monitoring.watching import Watched

SUFFIX = ".prom"
_STATES = {State.STEADY: 0, State.UNKNOWN: 1, State.DRIFTED: 2}
_MEASURES = {
    "psi": "Population stability index of a run beside its baseline",
    "ks": "Distance of Kolmogorov and Smirnov of a run beside its baseline",
    "odds": "Odds ratio of a share of a run beside its baseline",
    "run": "Share, or middle value, of the run",
    "baseline": "The same of its baseline",
}


def checked(name: str) -> Path:
    """Return the file of a name.

    Raises:
        UsageError: the collector would not read it, or its folder is not there.
    """
    file = Path(name).expanduser().absolute()
    if file.suffix != SUFFIX or not file.parent.is_dir():
        raise UsageError(f"--prometheus takes a file NAME{SUFFIX} in a folder that is there; got another")
    return file


def write(file: Path, watched: Watched) -> None:
    """Write a run's figures to a file, in one step, so that nobody reads half of it.

    Raises:
        JobError: it cannot be written.
    """
    registry = prometheus.CollectorRegistry()
    for name, text in _MEASURES.items():
        gauge = prometheus.Gauge(f"faceveil_monitor_{name}", text, ["figure"], registry=registry)
        for one in watched.findings:
            value = getattr(one, name)
            if value is not None:
                gauge.labels(one.name).set(value)
    words = ", ".join(f"{number} {state.value}" for state, number in _STATES.items())
    each = prometheus.Gauge("faceveil_monitor_state", f"How a figure stands: {words}", ["figure"], registry=registry)
    for one in watched.findings:
        each.labels(one.name).set(_STATES[one.state])
    prometheus.Gauge("faceveil_monitor_run_state", f"How the run stands: {words}", registry=registry).set(
        _STATES[watched.state]
    )
    prometheus.Gauge(
        "faceveil_evaluation_due", "1 where nothing may be released before an evaluation", registry=registry
    ).set(watched.due is not None)
    prometheus.Gauge(
        "faceveil_monitor_timestamp_seconds", "When it was looked", registry=registry
    ).set_to_current_time()
    try:
        prometheus.write_to_textfile(str(file), registry)
    except OSError as error:
        why = error.strerror or "the system refuses"
        raise JobError(f"--prometheus: the file cannot be written: {why}; name one in a folder of yours") from error
