"""What an evaluation found, as people and programs read it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from anonymizer_udfs.evidence import Figure
from jobs.labels import Labels
from jobs.screen import counted
from jobs.verdict import Verdict


@dataclass(frozen=True)
class Report:
    """What an evaluation found."""

    run_id: str
    lake: str
    figures: tuple[Figure, ...] = field(repr=False)
    verdict: Verdict = field(repr=False)
    labels: Labels | None = field(default=None, repr=False)
    seconds: float = 0.0
    tracked: str | None = None

    @property
    def void(self) -> bool:
        """Whether the attackers were too weak to say anything."""
        return self.verdict.void

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        rows = [{**one.row(), "dimensions": dict(one.dimensions)} for one in self.figures]
        return {
            "run_id": self.run_id,
            "lake": self.lake,
            "void": self.void,
            "seconds": round(self.seconds, 1),
            "verdict": self.verdict.as_dict(),
            "figures": rows,
            "mlflow": self.tracked,
        }

    def lines(self) -> list[str]:
        """Return what a person reads."""
        counts = {one.name: int(one.value or 0) for one in self.figures if one.scope == "evaluation"}
        seen = f"{counted(counts['images'], 'image')} seen beside their originals"
        gone = f"originals gone {counts['gone']:,}, changed {counts['changed']:,}"
        out = [f"{seen}, {counted(counts['faces'], 'face')} attacked; {gone}"]
        if self.labels is not None and self.labels.unknown:
            out.append(f"--labels: {counted(self.labels.unknown, 'line')} of images that the lake does not have")
        out += _exhaustive(self.figures)
        out += ["", *_table(self.figures)]
        out += _stand_ins(self.figures)
        out += _controls(self.figures)
        out += ["", *self.verdict.lines()]
        out += ["", f"figures: table metrics of the lake, run {self.run_id}"]
        out += [f"next: faceveil report {self.lake} --out report.html"]
        return [*out, f"MLflow: {self.tracked}"] if self.tracked else out


def _exhaustive(figures: Sequence[Figure]) -> Iterator[str]:
    told = {"metadata_left": "say more than pixels", "outside_changed": "are changed outside of their regions"}
    for one in figures:
        if one.scope == "images" and one.name in told:
            yield f"{int(one.value or 0):,} of {one.cases:,} images {told[one.name]}"


def _table(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield rank-1 of each attack in the largest gallery of a thousand or less, the worst first."""
    mine = [one for one in figures if (one.scope, one.name) == ("attack", "rank1") and one.of("group") is None]
    sizes = sorted({int(one.of("gallery") or 0) for one in mine})
    if not sizes:
        yield "nobody was attacked: there are too few people with two photos, or too few faces"
        return
    size = max([one for one in sizes if one <= 1000] or sizes[:1])  # noqa: PLR2004 - what the gate looks at
    mine = sorted((one for one in mine if one.of("gallery") == str(size)), key=lambda one: -(one.high or 0))
    yield f"found first among {size:,} (chance {1 / size:.2%}), of {mine[0].people or 0:,} people"
    yield f"  {'attack':<18}{'tier':<6}{'recognizer':<14}{'rank-1':>8}  at most"
    for one in mine:
        shown = one.of("attack") or "", one.of("tier") or "", one.of("recognizer") or "-"
        yield f"  {shown[0]:<18}{shown[1]:<6}{shown[2]:<14}{one.value or 0:>8.2%}  {one.high or 0:.2%}"


def _stand_ins(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield a line for canaries and for guessed people: how many, and what the best attacker reached."""
    words = {"canaries": "canaries attacked", "guessed": "people guessed by two recognizers"}
    for people, said in words.items():
        mine = [one for one in figures if one.scope == "stand_in" and one.of("people") == people]
        count = next((int(one.value or 0) for one in mine if one.name == "people"), None)
        found = [one for one in mine if one.name == "rank1"]
        best = max(found, key=lambda one: one.low or 0.0, default=None)
        if count is not None:
            line = f"{said}: {count:,}"
            if best is not None:
                line += (
                    f"; {best.of('attack')} named {best.value or 0:.2%} among {best.of('gallery')}, "
                    f"at least {best.low or 0:.2%}"
                )
            yield line


def _controls(figures: Sequence[Figure]) -> list[str]:
    words = {
        "clear_found": "clear photos are found",
        "weak_blur_broken": "a weak blur is broken",
        "learned_over_static": "who learns gains on a blur",
        "stranger_found": "a stranger's name is found by chance alone",
    }
    mine = [one for one in figures if one.scope == "control"]
    lines = [
        f"  {words[one.name]:<44}{one.of('recognizer'):<14}{one.value or 0:>8.2%}  asked {one.of('asked')}  "
        f"{'passed' if one.of('passed') == 'yes' else 'FAILED'}"
        for one in mine
    ]
    return ["", "controls", *lines] if lines else ["", "no controls: they need people with two photos (--labels)"]
