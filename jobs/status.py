"""``faceveil status``: what there is in a lake, and what to do next. Needs no Spark and reads no image."""

import argparse
import sys
from collections.abc import Sequence

from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.outcome import Reason, Status
from jobs import options, screen
from jobs.erasures import JOB
from jobs.options import Common, Parser
from jobs.placed import Placed, open_lake
from jobs.reporting.evaluated import word_of
from jobs.screen import Section, bytes_text, counted, seconds_text
from jobs.standing import Run, Standing, standing
from jobs.suppression import Suppression
from jobs.verdict import Word

RUNS_SHOWN = 5
EXAMPLES = """  faceveil status ./lake
  faceveil status ./lake --json | jq .shares
  faceveil status s3a://open/lake --profile s3

exit codes: 0 done, 1 failed, 2 bad arguments, 5 the ledger is broken"""

REMEDIES = {
    Reason.UNSURE: "a person looks at it and decides, in faceveil review; its faces are anonymized already",
    Reason.EDITED: "a person changed it and nobody accepted the result: faceveil review",
    Reason.WITHHELD: "a person withheld it: its decision can be taken back in faceveil review",
    Reason.RESIDUAL: "detectors went on finding faces: look at the source; after an update --retry residual",
    Reason.UNREADABLE: "see to access and network, then --retry unreadable",
    Reason.CHANGED: "changed while it was read: run again",
    Reason.EMPTY: "has no bytes: replace it, the next run takes it",
    Reason.UNSUPPORTED_FORMAT: "no JPEG, PNG, WebP, TIFF, BMP or GIF: convert it, the next run takes it",
    Reason.UNSUPPORTED_PIXELS: "convert it to 8 or 16 bit colour or grey, the next run takes it",
    Reason.MULTIPLE_FRAMES: "split it into its pages, the next run takes them",
    Reason.TOO_LARGE: "raise limits.max_pixels or limits.max_bytes by --set, with --retry too_large",
    Reason.TRUNCATED: "its end is missing: copy it anew, the next run takes it",
    Reason.CORRUPT: "cannot be decoded: restore it; after an update of faceveil --retry corrupt",
    Reason.UNVERIFIED: "its result was not as it should be: please report; after an update --retry unverified",
    Reason.CRASHED: "made a worker crash: please report; after an update --retry crashed",
    Reason.TIMED_OUT: "took too long: raise limits.image_seconds by --set, with --retry timed_out",
    Reason.SUPPRESSED: "a copy of an image that was erased: delete it from the source",
    Reason.OUT_OF_MEMORY: "took too much memory: raise limits.worker_bytes by --set, with --retry out_of_memory",
}
"""What a person can do about each reason."""


def sections(now: Standing, typed: str, word: Word, suppressed: int | None = None) -> list[Section]:
    """Return what a person reads.

    Args:
        now: how the lake stands.
        typed: the lake as it was typed, for commands to copy.
        word: what it may be called.
        suppressed: how many images are never taken again; none where the vault cannot be read.
    """
    by_status = [(s.value, str(now.count(s))) for s in Status if now.count(s)]
    held = [s for s in now.shares if s.status in (Status.QUARANTINED, Status.REVIEW)]
    return [
        Section(f"lake {typed}", tuple(_facts(now, word, suppressed))),
        Section("images", (*by_status, ("in all", str(now.images))), right=(1,)) if by_status else Section("", ()),
        Section(
            "held back",
            tuple((s.reason or "", str(s.images), REMEDIES.get(Reason(s.reason), "")) for s in held if s.reason),
            ("reason", "images", "what to do"),
            (1,),
        ),
        Section(
            "regions",
            tuple((m.kind, m.method, str(m.regions)) for m in now.methods),
            ("kind", "method", "regions"),
            (2,),
        ),
        Section(
            "policies",
            tuple(
                (p.policy or "?", p.policy_digest[:12], str(p.images), "current" if p.current else "older")
                for p in now.policies
            ),
            ("policy", "digest", "images", ""),
            (2,),
        ),
        Section(
            f"last runs ({min(RUNS_SHOWN, len(now.runs))} of {len(now.runs)})",
            tuple(_run_row(run) for run in now.runs[:RUNS_SHOWN]),
            ("run", "job", "policy", "state", "took", "images"),
            (4, 5),
        ),
        Section("next", tuple((line,) for line in advice(now, typed))),
    ]


def _facts(now: Standing, word: Word, suppressed: int | None) -> list[tuple[str, str]]:
    versions = ", ".join(f"{name} {version}" for name, version in now.table_versions.items())
    ledger = now.ledger_problem or f"{now.ledger_events} events, every link verified"
    never = "" if suppressed is None else f"; {suppressed} are never taken again"
    erased = [("erased", f"{counted(now.erased, 'image')}{never}")] if now.erased or suppressed else []
    return [
        ("size", f"{bytes_text(now.size_bytes)} in {counted(now.files, 'file')}"),
        ("versions", versions),
        ("faces", str(now.faces)),
        ("may be called", word.value),
        *([("evaluation", now.due.sentence)] if now.due else []),
        *erased,
        ("ledger", ledger),
        ("MLflow", now.mlflow or "off"),
    ]


def _run_row(run: Run) -> tuple[str, ...]:
    state = run.state if run.sittings <= 1 else f"{run.state}, {run.sittings} sittings"
    took = "-" if run.seconds is None else seconds_text(run.seconds)
    images = "-" if run.images is None else str(run.images)
    return run.run_id, run.job, run.policy or "-", state, took, images


def advice(now: Standing, typed: str) -> list[str]:
    """Return what to do next, the most urgent first."""
    out = _alarms(now, typed)
    cut_off = [run.run_id for run in now.runs if run.job == JOB and run.state == "unfinished"]
    if cut_off:
        out.append(f"faceveil erase {typed} finishes the erasure {cut_off[0]}, if nobody runs it now")
    elif now.runs and now.runs[0].state == "unfinished":
        out.append(f"run {now.runs[0].run_id} has not finished: if nobody runs it now, run the same command again")
    elif now.runs and now.runs[0].state == "failed":
        out.append(f"run {now.runs[0].run_id} failed: run the same command again, it goes on where it stopped")
    if not now.images:
        return [*out, f"faceveil anonymize SOURCE {typed}"]
    if any(share.reason == Reason.UNREADABLE for share in now.shares):
        out.append(f"faceveil anonymize SOURCE {typed} --retry unreadable")
    older = sum(p.images for p in now.policies if not p.current)
    if older:
        out.append(f"{counted(older, 'image')} of an older policy: run the newest command over their source")
    if now.count(Status.REVIEW):
        waiting = f"{counted(now.count(Status.REVIEW), 'image')} for a person to decide on"
        out.append(f"{waiting}, in faceveil review {typed}; no export takes such")
    good = now.count(Status.ANONYMIZED, Status.CLEAN)
    if good:
        out.append(f"faceveil export {typed} FOLDER writes {counted(good, 'image')} that may be released")
    return out


def _alarms(now: Standing, typed: str) -> list[str]:
    out = []
    if now.ledger_problem:
        out.append("find out who changed the table 'runs': its record can no longer be trusted")
    if now.due is not None:
        out.append(f"faceveil evaluate {typed}: run {now.due.run_id} drifted, and nothing may be released before")
    return out


def parser() -> Parser:
    """Return the command's parser."""
    made = Parser("status", "Say what a lake holds, what is held back and why, and what to do next.", EXAMPLES)
    options.add_lake(made)
    options.add_common(made)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, look, print; return the exit code."""
    return options.ran(parser(), _work, argv)


def _work(args: argparse.Namespace, common: Common) -> int:
    placed = open_lake(args.lake, common)
    lake = placed.lake
    now, word, suppressed = standing(lake, common.settings), word_of(lake), _suppressed(placed)
    if common.as_json:
        more = {"suppressed": suppressed, "word": word.value, "next": advice(now, args.lake)}
        options.answer({**now.as_dict(), **more}, (), as_json=True)
    else:
        screen.show(sections(now, args.lake, word, suppressed))
    return options.CHECK_FAILED if now.ledger_problem else options.DONE


def _suppressed(placed: Placed) -> int | None:
    """Return how many images are on the suppression list; none for whoever may not read the vault."""
    try:
        return Suppression(placed.vault(), placed.common.storage).count()
    except FaceveilError:
        return None


if __name__ == "__main__":
    sys.exit(main())
