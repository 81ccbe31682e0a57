"""``faceveil monitor``: whether a run's figures are other ones than those of the runs before it. Needs no Spark."""

import argparse
import sys
from collections.abc import Sequence

from anonymizer_udfs.drift import Monitor
from jobs import context, options, report, screen
from jobs.errors import UsageError
from jobs.models import registry
from jobs.monitoring import gauges, runs, tracked, watching
from jobs.monitoring.judging import State
from jobs.monitoring.watching import Asked
from jobs.options import Common, Parser
from jobs.placed import open_lake
from jobs.reporting import dashboard

EXAMPLES = """  faceveil monitor ./lake                                 the newest run beside all runs before it
  faceveil monitor ./lake --baseline last:7
  faceveil monitor ./lake --baseline first --run RUN_ID
  faceveil monitor ./lake --prometheus /var/lib/node_exporter/faceveil_monitor.prom
  faceveil monitor ./lake --policy ./mine.yaml            what counts as drift, from this policy
  faceveil monitor ./lake --out dashboard.html            runs, backlog, drift and verdicts over time, as one page
  faceveil monitor ./lake --dry-run                       tell, and write nothing

Figures go to the table metrics (scope monitor) and to MLflow, what counts as drift is in docs/monitoring.md.

exit codes: 0 the run is steady, or too little is known to say; 1 failed, 2 bad arguments,
            5 it has drifted, or an evaluation is due: nothing is released until faceveil evaluate has run again"""


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("monitor", "Compare a run's figures with those of the runs before it.", EXAMPLES)
    options.add_lake(made)
    made.add_argument("--run", metavar="RUN_ID", dest="run_id", help="which run (default: the newest with images)")
    made.add_argument(
        "--baseline",
        default=runs.BEFORE,
        metavar="RUN_ID|first|last:N",
        help="compare with that run, the first one, or the N before it (default: all before it)",
    )
    made.add_argument(
        "--policy", metavar="NAME|FILE", help="take what counts as drift from this policy (default: from the run's own)"
    )
    made.add_argument("--prometheus", metavar="FILE", help="write the figures to FILE.prom for node_exporter")
    made.add_argument("--out", metavar="FILE", help="a page of all runs, one HTML file that needs no other")
    made.add_argument("--dry-run", action="store_true", help="write nothing to lake and MLflow")
    options.add_common(made)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, look, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    file = None if args.prometheus is None else gauges.checked(args.prometheus)
    limits = None if args.policy is None else _limits(args.policy, common)
    placed = open_lake(args.lake, common)
    lake = placed.lake
    page = None if args.out is None else report.local(args.out)
    placed.refuse_inside("the page", *(() if page is None else (page,)))
    found, event = watching.watch(lake, Asked(args.run_id, args.baseline, limits, write=not args.dry_run))
    if file is not None:
        gauges.write(file, found)
    place = None
    if event is not None and found.run_id is not None:
        figures = [f for one in found.findings for f in one.figures(found.run_id, found.limits.confidence)]
        place = tracked.track(common.settings, lake, event, figures, found.run_id)
    if page is not None:
        report.write(page, dashboard.html(dashboard.state(lake, common.settings)))
    if common.as_json:
        options.answer({**found.as_dict(), "mlflow": place, "page": page}, (), as_json=True)
    else:
        screen.show(found.sections())
    return options.CHECK_FAILED if found.state is State.DRIFTED or found.due else options.DONE


def _limits(name: str, common: Common) -> Monitor:
    try:
        return context.load_policy(name, common.settings, registry()).monitor
    except OSError as error:
        raise UsageError(f"--policy cannot be read: {error.strerror}") from error


if __name__ == "__main__":
    sys.exit(main())
