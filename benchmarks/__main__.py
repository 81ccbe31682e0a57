"""``make bench``: run the benchmarks, print their ratios, keep them under ``benchmarks/results/``.

Each is run under two policies: one pass of one detector, which is the work that the peer does, and the default.

The photos are drawn scenes with real faces, made at run time; ``--photos FOLDER`` takes a folder of JPEGs instead.
"""

import argparse
import base64
import json
import platform
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import large, peer, scenes, throughput
from conf.settings import load
from jobs.options import Common
from jobs.vault import KeySource

HERE = Path(__file__).parent
RESULTS = HERE / "results"
POLICIES = (str(HERE / "one_pass.yaml"), "public")
"""The work that the peer does, and the default."""


def main() -> int:
    """Run what is asked for; return 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of JPEGs (default: drawn scenes)")
    parser.add_argument(
        "--count", type=int, default=1200, help="scenes for job and loop: a run has to be long enough to be steady"
    )
    parser.add_argument("--peer-count", type=int, default=1200, help="scenes for the peer")
    parser.add_argument("--rounds", type=int, default=3, help="how often job and loop are measured")
    parser.add_argument("--peer-python", help="the Python of a virtual environment with deface 1.5.0")
    parser.add_argument(
        "--policy", action="append", metavar="NAME", help="a policy or a .yaml file; again for more (default: two)"
    )
    parser.add_argument("--large-count", type=int, default=24, help="scenes of 12 megapixels")
    parser.add_argument("--only", choices=("throughput", "peer", "large"), help="one of the benchmarks")
    args = parser.parse_args()
    about = {
        "photos": "a folder given" if args.photos else "drawn scenes with real faces",
        "machine": platform.platform(),
    }
    if args.only in (None, "large"):
        keep("large", {"machine": platform.platform()} | large.measure(args.large_count))
    if args.only == "large":
        return 0
    with tempfile.TemporaryDirectory(prefix="faceveil-bench-") as name:
        scratch = Path(name)
        key = scratch / "key"
        key.write_text(base64.b64encode(secrets.token_bytes(32)).decode() + "\n", encoding="utf-8")
        settings = load(
            "local", ["tracking.enabled=false", "tracking.sample_size=0", "tracking.contact_sheet_images=0"]
        )
        common = Common(settings, None, KeySource(file=str(key)))
        for policy in args.policy or POLICIES:
            stem = Path(policy).stem
            if args.only != "throughput" and args.peer_python:
                few = args.photos or scenes.write(Path("build/bench/peer"), args.peer_count)
                keep(f"peer-{stem}", about | peer.measure(few, scratch / "peer", args.peer_python, policy))
            if args.only != "peer":
                source = args.photos or scenes.write(Path("build/bench/scenes"), args.count)
                work = throughput.Work(common, policy)
                keep(
                    f"throughput-{stem}", about | throughput.measure(source, scratch / "throughput", work, args.rounds)
                )
    return 0


def keep(name: str, figures: dict[str, Any]) -> None:
    """Print the figures and write them to ``results/NAME.json``."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(figures, indent=2)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(f"{name}\n{text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
