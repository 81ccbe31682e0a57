"""A process that holds a lease: ``python -m tests.support.lease_holder URI RENEW_S EXPIRE_S``.

It writes ``holds`` when it has it, then looks at its lease ten times a second, as a run does before each commit, and
ends with 3 and ``lost`` when it is no longer its own. A line on its standard input has it give the lease back.
"""

import select
import sys

from anonymizer_udfs.sources.base import Storage
from jobs.errors import LakeBusyError
from jobs.lease import Lease, Terms

LOST = 3


def main(uri: str, renew_s: str, expire_s: str) -> int:
    """Hold the lease until told otherwise."""
    with Lease("anonymize", Terms(float(renew_s), float(expire_s)), Storage()) as lease:
        lease.take(uri)
        lease.say("run-1")
        sys.stdout.write("holds\n")
        sys.stdout.flush()
        while not select.select([sys.stdin], [], [], 0.1)[0]:
            try:
                lease.check()
            except LakeBusyError as error:
                sys.stdout.write(f"lost: {error}\n")
                return LOST
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
