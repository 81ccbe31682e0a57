"""What a command line asks of an evaluation."""

from dataclasses import dataclass, field
from pathlib import Path

from anonymizer_udfs.attacks import ATTACKERS
from conf import gates
from conf.gates import Gate
from jobs import canaries
from jobs.evaluation_stages import LARGEST_GALLERY, MOST_PEOPLE


@dataclass(frozen=True)
class Asked:
    """What a command line asks for.

    Attributes:
        labels: a file that says who is on which photo; none: nobody knows.
        groups: its columns whose groups are told apart, by their values.
        policies: files of policies by which the lake was made.
        panel: recognizers beside those of the policies.
        attackers: names of the family.
        people: so many are attacked at most.
        gallery: of so many templates are compared at most.
        content_column: the column of a table source that holds the images.
        gate: what must be shown; its confidence is that of all bounds.
        downstream: a column of the labels that models are trained to tell; none: nothing is trained.
        landmarker: who looks for many points, for what is left of expressions; none: nobody.
        person_detector: the model that counts people, ``NAME`` or ``NAME:CLASS``; none: nobody.
        planted: folder of photos of known people, one folder a person; none: nobody is planted.
        canary_count: how many are planted.
        keep_canaries: whether they stay in the vault.
    """

    labels: Path | None = None
    groups: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    panel: tuple[str, ...] = ()
    attackers: tuple[str, ...] = tuple(ATTACKERS)
    people: int = MOST_PEOPLE
    gallery: int = LARGEST_GALLERY
    content_column: str | None = None
    gate: Gate = field(default_factory=lambda: gates.load(gates.DEFAULT))
    downstream: str | None = None
    landmarker: str | None = None
    person_detector: str | None = None
    planted: str | None = field(default=None, repr=False)
    canary_count: int = canaries.COUNT
    keep_canaries: bool = False
