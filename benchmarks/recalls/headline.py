"""The figures that have to hold, each over at least 3,000 faces: what is asked, of whom, and what came out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from benchmarks.recalls import cells
from benchmarks.recalls.results import Result, pooled

LEAST_FACES = 3000
LEAST_PICTURES = 300
MOST_FALSE = 0.05
MOST_COST = {"fast": 1.05, "balanced": 2.0}
PLANS = ("fast", "balanced", "thorough")


@dataclass(frozen=True)
class Group:
    """Cells whose faces are taken together.

    Attributes:
        name: in words.
        plan: of whom the recall is asked.
        least: the recall asked for.
        takes: whether a cell belongs to it.
    """

    name: str
    plan: str
    least: float
    takes: Callable[[cells.Cell], bool]


def _plain_heights(low: float, high: float) -> Callable[[cells.Cell], bool]:
    """Return a test for cells of upright faces in plain scenes, their heights in ``[low, high)``."""

    def takes(cell: cells.Cell) -> bool:
        if cell.factor not in ("height", "extra") or cell.fill is not None:
            return False
        least, greatest = cell.heights_px
        return low <= least and (greatest < high or (least < greatest == high))

    return takes


GROUPS = (
    Group("upright, 24 px and more", "balanced", 0.995, _plain_heights(24, float("inf"))),
    Group("upright, 16 to 24 px", "balanced", 0.97, _plain_heights(16, 24)),
    Group("any roll, 32 px and more", "balanced", 0.99, lambda cell: cell.factor in ("roll", "roll-large")),
    Group("fills the frame", "balanced", 0.999, lambda cell: cell.fill is not None and cell.factor != "random"),
    Group("upright, 12 to 24 px", "thorough", 0.98, _plain_heights(12, 24)),
)


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        what: in words.
        finder: whose figure it is.
        value: what was measured.
        bound: its one-sided 95% bound on the bad side; none where there is none.
        cases: faces, or pictures for false regions and cost.
        needed: as many cases as it takes.
        least: what is asked at least; none where nothing is.
        most: what is allowed at most; none where nothing is.
    """

    what: str
    finder: str
    value: float
    bound: float | None
    cases: int
    needed: int
    least: float | None = None
    most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the point estimate meets what is asked; none where nothing is."""
        if self.least is not None:
            return self.value >= self.least
        return None if self.most is None else self.value <= self.most

    @property
    def enough(self) -> bool:
        """Whether there were as many cases as it takes."""
        return self.cases >= self.needed


def known() -> dict[str, cells.Cell]:
    """Return every cell by name."""
    extra = (cell for cell, _ in cells.extra())
    return {cell.name: cell for cell in chain(cells.grid(), cells.empty(), extra, cells.combinations())}


def recall_rows(results: Sequence[Result], finders: Sequence[str]) -> list[Row]:
    """Return the recall of every finder in every group, required only of the group's plan."""
    by_name = known()
    rows = []
    for group in GROUPS:
        mine = [one for one in results if one.name in by_name and group.takes(by_name[one.name])]
        if not mine:
            continue
        whole = pooled(group.name, mine)
        for finder in finders:
            share = whole.recall(finder)
            least = group.least if finder == group.plan else None
            rows.append(Row(group.name, finder, share.value, share.lower, whole.faces, LEAST_FACES, least=least))
    return rows


def false_rows(results: Sequence[Result], finders: Sequence[str]) -> list[Row]:
    """Return the false regions an image on scenes without a face; our plans have to keep to the bound."""
    mine = [one for one in results if one.factor == "empty"]
    if not mine:
        return []
    whole = pooled("face-free", mine)
    rows = []
    for finder in finders:
        rate = whole.false_rate(finder)
        most = MOST_FALSE if finder in PLANS else None
        what = "false regions an image, face-free"
        rows.append(Row(what, finder, rate.value, rate.upper, whole.pictures, LEAST_PICTURES, most=most))
    return rows


def cost_rows(ratios: Mapping[str, Mapping[str, float]], pictures: int) -> list[Row]:
    """Return the cost of each plan over one pass at 640: the median over the mix is what is bounded."""
    what = "cost over one pass at 640, median"
    return [
        Row(what, name, figures["median"], None, pictures, 1, most=MOST_COST.get(name))
        for name, figures in ratios.items()
    ]
