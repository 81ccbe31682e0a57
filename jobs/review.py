"""``faceveil review``: a page on which people decide about images that wait for them. Needs no Spark."""

import argparse
import getpass
import re
import sys
from collections.abc import Sequence

from anonymizer_udfs.policy import ONE, TWO
from conf import policies
from conf.policies import UnknownPolicyError
from conf.settings import Settings
from jobs import options
from jobs.errors import LakeError, UsageError, VaultError
from jobs.lake import Lake
from jobs.options import Common, Parser
from jobs.originals import Originals
from jobs.placed import Placed, open_lake
from jobs.reporting import dashboard
from jobs.reviewing import server
from jobs.reviewing.deciding import Eyes
from jobs.reviewing.desk import Desk
from jobs.reviewing.guard import Guard, origin

EXAMPLES = """  faceveil review ./lake                                  the page, for whoever runs the command
  faceveil review ./lake --as anna --as ben               a link for each of two people; /dashboard is served beside it
  faceveil review s3a://open/lake --vault none --signing-key-env KEY     without sources; decisions are still signed
  faceveil review ./lake --policy ours.yaml               where a policy of your own asks for two pairs of eyes
  ssh -L 8431:127.0.0.1:8431 host faceveil review /data/lake             from another machine

The next 'faceveil anonymize' follows what was decided. See docs/review.md.

exit codes: 0 done, 1 failed, 2 bad arguments"""
PORT = 8431
_NAME = re.compile(r"[\w.@+-]{1,64}")


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("review", "Serve a page on which people decide about images that wait for them.", EXAMPLES)
    options.add_lake(made)
    made.add_argument(
        "--as", action="append", dest="reviewers", metavar="NAME", help="who decides; one link each (default: you)"
    )
    made.add_argument("--port", type=int, default=PORT, metavar="N", help=f"on loopback (default {PORT}; 0: any)")
    made.add_argument("--origin", metavar="URL", help="what a TLS proxy before it is called, such as https://review.x")
    made.add_argument(
        "--policy", action="append", default=[], metavar="NAME|FILE", help="policies of your own that made images"
    )
    made.add_argument("--content-column", metavar="NAME", help="the column of a table source that holds the images")
    options.add_common(made)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, serve until it is interrupted; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    guard_origin = origin(args.origin) if args.origin else None
    names = tuple(dict.fromkeys(args.reviewers or [getpass.getuser()]))
    strange = [name for name in names if not _NAME.fullmatch(name)]
    if strange:
        raise UsageError("--as takes a name of letters, digits and . _ @ + -, at most 64 of them")
    placed = open_lake(args.lake, common)
    desk = desk_of(placed, eyes_of(args.policy), args.content_column)
    with server.listening(args.port) as listening:
        guard = Guard(listening.getsockname()[1], names, guard_origin)
        links = guard.links()
        lines = [f"{name}: {link}" for name, link in links.items()]
        lines += ["each link lets one browser in, once; end with Ctrl-C"]
        options.answer({"links": links, "source": desk.originals is not None}, lines, as_json=common.as_json)
        sys.stdout.flush()
        server.server(server.app(desk, guard, overview_of(placed.lake, common.settings))).run(sockets=[listening])
    return options.DONE


def desk_of(placed: Placed, eyes: Eyes, content_column: str | None = None) -> Desk:
    """Return a desk for a lake; with sources only where the vault opens.

    Raises:
        LakeError: its events are signed, and nobody is there to sign decisions.
    """
    events = placed.lake.ledger.events()
    signed = bool(events) and bool(events[-1].get("signed_by"))
    if signed and placed.signer() is None:
        raise LakeError(
            "the events of this lake are signed, and there is no key to sign decisions with: give --vault, or "
            "--signing-key-file, --signing-key-env or --signing-key-command"
        )
    limits = placed.common.settings.limits
    try:
        originals = Originals(placed.vault(), placed.common.storage, limits.max_bytes, content_column)
    except (UsageError, VaultError):
        originals = None  # whoever may not open the vault sees what is released, and no source
    return Desk(placed.lake, eyes, originals, limits.max_pixels)


def overview_of(lake: Lake, settings: Settings) -> server.Overview:
    """Return what makes a lake's dashboard, anew each time it is called."""
    return lambda: dashboard.html(dashboard.state(lake, settings))


def eyes_of(given: Sequence[str]) -> Eyes:
    """Return how many people have to agree, by policy; of one that nobody knows here, two.

    Raises:
        UsageError: a policy that was given cannot be read.
    """
    try:
        known = [policies.load(name) for name in (*policies.names(), *given)]
    except (UnknownPolicyError, ValueError) as error:
        raise UsageError(f"--policy: {error}") from error
    pairs = {str(one.get("name")): one.get("review", ONE) for one in known}
    return lambda policy: 2 if pairs.get(policy or "", TWO) == TWO else 1


if __name__ == "__main__":
    sys.exit(main())
