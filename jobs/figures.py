"""The figures of a run, from the table itself: what became of the images, how fast, how useful, how recognisable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from anonymizer_udfs.outcome import Status
from jobs.lake import Lake
from jobs.screen import counted


@dataclass(frozen=True)
class Figures:
    """What a run came to.

    Attributes:
        counts: images by status, ``reason.X`` by reason, ``policy.X`` by policy where there are several, and
            ``faces``.
        values: speeds, shares and sampled measures, by name.
    """

    counts: dict[str, int] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return what a person reads."""
        by_status = [f"{self.counts.get(s, 0)} {s.value}" for s in Status if self.counts.get(s)]
        out = [f"{', '.join(by_status) or 'nothing new'}; {counted(self.counts.get('faces', 0), 'face')}"]
        if self.counts.get("searched_again"):
            missed, n = self.counts["missed"], self.counts["searched_again"]
            out.append(f"missed by the policy's plan: {missed} of {n} images without a face, searched thoroughly")
        if self.counts.get("residual"):
            out.append(f"found only in the second look, and treated: {counted(self.counts['residual'], 'face')}")
        if self.counts.get("raised"):
            out.append(f"raised to a stronger policy by their risk: {counted(self.counts['raised'], 'image')}")
        policies = {k.removeprefix("policy."): n for k, n in sorted(self.counts.items()) if k.startswith("policy.")}
        if policies:
            out.append("by policy: " + ", ".join(f"{n} {name}" for name, n in policies.items()))
        reasons = {k.removeprefix("reason."): n for k, n in sorted(self.counts.items()) if k.startswith("reason.")}
        if reasons:
            out.append("held back: " + ", ".join(f"{n} {reason}" for reason, n in reasons.items()))
        if "images_per_second" in self.values:
            out.append(
                f"{self.values['images_per_second']:.1f} images/s, {self.values['faces_per_second']:.1f} faces/s"
            )
        if "reidentified_share" in self.values:
            matched, n = self.values["reidentified_share"], int(self.counts["sampled_faces"])
            out.append(f"still recognised at FMR 1e-4: {matched:.1%} of {n} sampled faces")
        return out


@dataclass(frozen=True)
class Sitting:
    """What one sitting of a run took; a resumed run has several.

    Attributes:
        images: how many were processed.
        elapsed: seconds that they took.
        seconds: work by step, summed over cores, of the images that were timed.
        timed: how many these are: new ones, not those that replace a row.
    """

    images: int
    elapsed: float
    seconds: Mapping[str, float]
    timed: int


def collect(lake: Lake, run_id: str, sitting: Sitting) -> Figures:
    """Return the figures of a run.

    Args:
        lake: the lake, read by columns without any image.
        run_id: the run; a resumed one counts as a whole.
        sitting: what was done since it was taken up.
    """
    where = f"FROM images WHERE run_id = '{run_id}'"
    rows = lake.tables.query(
        f"SELECT status, reason, COUNT(*) AS n, SUM(cardinality(faces)) AS faces {where} GROUP BY status, reason"
    ).to_pylist()
    counts: dict[str, int] = {"faces": sum(int(row["faces"] or 0) for row in rows)}
    for row in rows:
        counts[row["status"]] = counts.get(row["status"], 0) + row["n"]
        if row["reason"]:
            counts[f"reason.{row['reason']}"] = row["n"]
    counts |= _policies(lake, where) | _looks(lake, where)
    values: dict[str, float] = {}
    if sitting.images and sitting.elapsed > 0:
        written = sum(int(row["n"]) for row in rows) or 1
        faces = counts["faces"] * sitting.images / written  # a resumed run's rows are not all of this sitting
        values = {"images_per_second": sitting.images / sitting.elapsed, "faces_per_second": faces / sitting.elapsed}
    spent = sum(sitting.seconds.values())
    if spent:
        values |= {f"share.{step}": value / spent for step, value in sitting.seconds.items()}
        values |= {f"seconds.{step}": value for step, value in sitting.seconds.items()}
        values["timed_images"] = float(sitting.timed)
    if counts["searched_again"]:
        values["miss_rate"] = counts["missed"] / counts["searched_again"]
    sampled = lake.tables.query(f"SELECT faces, utility {where} AND cardinality(utility) > 0").to_pylist()
    return _with_sample(Figures(counts, values), sampled)


def _policies(lake: Lake, where: str) -> dict[str, int]:
    """Return how many images each policy treated, where there is more than one."""
    rows = lake.tables.query(f"SELECT policy, COUNT(*) AS n {where} GROUP BY policy").to_pylist()
    return {f"policy.{row['policy']}": int(row["n"]) for row in rows if row["policy"]} if len(rows) > 1 else {}


def _looks(lake: Lake, where: str) -> dict[str, int]:
    """Return how many images the thorough plan searched again, and what the looks after the policy's plan found.

    ``raised``: images that their risk raised to a stronger policy, whose plan they count for no more;
    ``missed``: images in which the policy's plan had found no face and the thorough one did; ``residual``: faces that
    only the second look found.
    """
    row = lake.tables.query(
        "SELECT SUM(CASE WHEN cardinality(plans) > 1 AND raised_from IS NULL THEN 1 ELSE 0 END) AS searched_again, "
        "SUM(CASE WHEN raised_from IS NOT NULL THEN 1 ELSE 0 END) AS raised, "
        f"SUM(residual) AS residual {where}"
    ).to_pylist()[0]
    late = f"SELECT image_id, raised_from, unnest(faces) AS face {where}"
    missing = "face.look = 'thorough' AND raised_from IS NULL"
    count = f"SELECT COUNT(DISTINCT image_id) AS missed FROM ({late}) WHERE {missing}"  # noqa: S608 - ours
    missed = lake.tables.query(count).to_pylist()[0]
    return {name: int(value or 0) for name, value in {**row, **missed}.items()}


def _with_sample(figures: Figures, rows: list[dict[str, Any]]) -> Figures:
    faces = [face for row in rows for face in row["faces"] if face["utility"]]
    counts = figures.counts | {"sampled_images": len(rows), "sampled_faces": len(faces)}
    values = dict(figures.values)
    outside = [dict(row["utility"]).get("ssim_outside") for row in rows]
    measured = {
        "ssim_outside": [v for v in outside if v is not None],
        "ssim_inside": [dict(face["utility"])["ssim_inside"] for face in faces],
        "detector_retention": [dict(face["utility"])["retained"] for face in faces],
        "reidentified_share": [float(any(a["matched"] for a in _last(face))) for face in faces],
    }
    values |= {name: fmean(numbers) for name, numbers in measured.items() if numbers}
    return Figures(counts, values)


def _last(face: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the attacks on what is stored; earlier ones were on methods that were not strong enough."""
    return [one for one in face["attacks"] if one["step"] in {None, face["steps"]}]
