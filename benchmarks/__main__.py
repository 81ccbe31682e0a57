"""``make bench``: run the benchmarks, keep what they found as JSON and a plot under ``benchmarks/results/``.

Each runs in a process of its own, with a JVM of its own. At the end there is a table of what was reached and what is
asked, which ``benchmarks/results/README.md`` keeps. Photos are drawn scenes with real faces, made once, at run time,
under ``build/bench``; ``--photos FOLDER`` takes a folder of JPEGs instead, where a benchmark reads photos at all.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import asks, results
from benchmarks.command import ROOT

ONE_PASS = str(ROOT / "benchmarks" / "one_pass.yaml")
POLICIES = (ONE_PASS, "public")
"""The work that the peer does, and the default."""
KEPT = ROOT / "build" / "bench"


@dataclass(frozen=True)
class Context:
    """What a benchmark is given.

    Attributes:
        args: the command line.
        scratch: a folder that is removed at the end.
    """

    args: argparse.Namespace
    scratch: Path

    @property
    def trial(self) -> bool:
        """Whether only to see that it runs."""
        return bool(self.args.trial)

    def photos(self, count: int, *, large: bool = False) -> Path:
        """Return a folder of photos: the one given, or scenes."""
        if self.args.photos:
            return Path(self.args.photos)
        from benchmarks import scenes  # noqa: PLC0415 - scikit-image takes a second to import

        if large:
            return scenes.write_large(KEPT / f"large-{count}", count)
        return scenes.write(KEPT / f"scenes-{count}", count)


@dataclass(frozen=True)
class Benchmark:
    """One of the benchmarks.

    Attributes:
        text: what it measures.
        minutes: about how long, on two cores.
        work: yields the name of a result and its figures.
    """

    text: str
    minutes: int
    work: Callable[[Context], dict[str, dict[str, Any]]]


def _throughput(context: Context) -> dict[str, dict[str, Any]]:
    from benchmarks import command, throughput  # noqa: PLC0415 - Spark takes seconds to import

    source, rounds = context.photos(48 if context.trial else 1200), 2 if context.trial else 5
    common = command.common("local", command.key_file(context.scratch))
    works = {Path(one).stem: throughput.Work(common, one) for one in context.args.policy}
    found = {}
    for name, work in works.items():
        found[f"throughput-{name}"] = throughput.measure(source, context.scratch / "throughput", work, rounds)
    return found


def _large(context: Context) -> dict[str, dict[str, Any]]:
    from benchmarks import large  # noqa: PLC0415 - Spark takes seconds to import

    return {"large": large.measure(4, 1) if context.trial else large.measure(24)}


def _peer(context: Context) -> dict[str, dict[str, Any]]:
    from benchmarks import peer  # noqa: PLC0415 - Spark takes seconds to import

    if not context.args.peer_python:
        raise SystemExit(
            "peer needs --peer-python, the Python of an environment with deface 1.5.0; make bench makes it"
        )
    cores = len(os.sched_getaffinity(0))
    many, few = context.photos(24 if context.trial else 1000, large=True), context.photos(24 if context.trial else 1200)
    scratch, python = context.scratch / "peer", context.args.peer_python
    policies = context.args.policy
    return {
        "peer": peer.measure(many, scratch, python, policies, (cores,)),
        "peer-small": peer.measure(few, scratch, python, policies[:1], (1, cores)),
    }


def _panel(context: Context) -> dict[str, dict[str, Any]]:
    from benchmarks import command, panel  # noqa: PLC0415 - models take seconds to import

    source, rounds = context.photos(24 if context.trial else 200), 1 if context.trial else 5
    common = command.common("local", command.key_file(context.scratch))
    return {"panel": panel.measure(source, common, panel.POLICIES, rounds)}


def _s3(context: Context) -> dict[str, dict[str, Any]]:
    from benchmarks import s3  # noqa: PLC0415 - Spark takes seconds to import

    source, rounds = context.photos(48 if context.trial else 1200), 2 if context.trial else 5
    return {"s3": s3.measure(source, context.scratch / "s3", context.args.policy[0], rounds)}


def _growth(context: Context) -> dict[str, dict[str, Any]]:
    from benchmarks import growth  # noqa: PLC0415 - Spark takes seconds to import

    return {"growth": growth.measure((100, 400, 1000) if context.trial else (1000, 10_000, 100_000))}


def _incremental(context: Context) -> dict[str, dict[str, Any]]:
    from benchmarks import incremental  # noqa: PLC0415 - Spark takes seconds to import

    return {"incremental": incremental.measure(*((1000, 2) if context.trial else (100_000, 5)))}


def _cluster(context: Context) -> dict[str, dict[str, Any]]:
    from benchmarks import cluster  # noqa: PLC0415 - Spark takes seconds to import

    sizes = (12, 48, 2) if context.trial else (240, 1200, 5)
    return {"cluster": cluster.measure(context.scratch / "cluster", context.args.policy[0], *sizes)}


def _log(context: Context) -> dict[str, dict[str, Any]]:
    from benchmarks import log  # noqa: PLC0415 - Spark takes seconds to import

    return {"log": log.measure(context.scratch / "log", (500, 5000) if context.trial else (500, 50_000, 200_000))}


def _lake(context: Context) -> dict[str, dict[str, Any]]:
    from benchmarks import lake  # noqa: PLC0415 - Spark takes seconds to import

    return {"lake": lake.measure(context.scratch / "lake", *((3, 100) if context.trial else (5, 480)))}


BENCHMARKS = {
    "large": Benchmark(
        "12 megapixels with nobody in them, against decode, one pass at 640, encode; no Spark", 15, _large
    ),
    "throughput": Benchmark(
        "the job, steady state, against a bare loop of the same steps on the same cores", 40, _throughput
    ),
    "panel": Benchmark("what it costs that recognizers attack each face, by each policy that ships", 40, _panel),
    "s3": Benchmark("the job with source and lake on a local S3 server, against the local disk", 12, _s3),
    "cluster": Benchmark("a standalone cluster of two workers of one core, against one worker", 20, _cluster),
    "lake": Benchmark("bytes read of a table of 500 MB, by questions about it and by one image", 5, _lake),
    "log": Benchmark("what opening a table of up to 200,000 files costs the driver; for docs/scale.md", 1, _log),
    "growth": Benchmark("1,000 to 100,000 pictures of 64 pixels: seconds, memory of the driver, files", 30, _growth),
    "incremental": Benchmark(
        "a run with nothing new over 100,000, against listing alone; after growth", 5, _incremental
    ),
    "peer": Benchmark("the whole command against deface 1.5.0 over 1,000 scenes of 1 to 12 megapixels", 45, _peer),
}


def parser() -> argparse.ArgumentParser:
    """Return what is understood."""
    lines = [f"  {name:<12} {one.text} (about {one.minutes} minutes)" for name, one in BENCHMARKS.items()]
    out = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="\n".join(["benchmarks, and how long each takes on two cores:", *lines]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    out.add_argument("--only", choices=BENCHMARKS, action="append", help="one of the benchmarks; again for more")
    out.add_argument("--photos", type=Path, help="a folder of JPEGs (default: drawn scenes)")
    out.add_argument("--peer-python", help="the Python of a virtual environment with deface 1.5.0, for peer")
    out.add_argument("--policy", action="append", metavar="NAME|FILE", help="other policies than one_pass and public")
    out.add_argument(
        "--trial", action="store_true", help="few images, to see that it runs; kept in build/bench/results"
    )
    out.add_argument("--table", action="store_true", help="only draw the plots and write the table again")
    out.add_argument("--here", choices=BENCHMARKS, help=argparse.SUPPRESS)
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is asked for; return 0, or 1 where a benchmark failed."""
    words = list(sys.argv[1:] if argv is None else argv)
    args = parser().parse_args(words)
    args.policy = [str(Path(one).resolve()) if Path(one).is_file() else one for one in args.policy or POLICIES]
    folder = KEPT / "results" if args.trial else results.FOLDER
    if args.here:
        with tempfile.TemporaryDirectory(prefix="faceveil-bench-") as scratch:
            for name, figures in BENCHMARKS[args.here].work(Context(args, Path(scratch))).items():
                results.keep(folder, name, figures, photos_given=bool(args.photos))
        return 0
    failed = []
    for name in () if args.table else args.only or BENCHMARKS:
        print(f"--- {name}: {BENCHMARKS[name].text}; about {BENCHMARKS[name].minutes} minutes", flush=True)
        if subprocess.run([sys.executable, "-m", "benchmarks", *words, "--here", name], check=False).returncode:
            failed.append(name)
    print(asks.finish(folder))
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
