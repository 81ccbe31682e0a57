"""Write the tables of the plans that ship into ``docs/detection.md``: ``python -m docs.plans`` after a plan changed."""

import sys
from pathlib import Path

from anonymizer_udfs.detection.plans import PLANS, Plan
from docs import marked
from jobs import spoken

PAGE = Path(__file__).parent / "detection.md"


def table(plan: Plan) -> str:
    """Return a plan as a heading, its purpose and a table with a line for each pass."""
    rows = [spoken.HEAD, ("---",) * len(spoken.HEAD), *((f"`{name}`", *rest) for name, *rest in spoken.rows(plan))]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    purpose = spoken.PURPOSES[plan.name]
    return "\n".join([f"### `{plan.name}`", "", f"{purpose[0].upper()}{purpose[1:]}.", "", *lines, ""])


def written(text: str) -> str:
    """Return the page's text with the tables as they should be; they lie between two marks."""
    return marked.filled(text, "plans", {"plans": "\n".join(map(table, PLANS.values()))})


def main() -> int:
    """Write the page; return 0."""
    return marked.write(PAGE, written)


if __name__ == "__main__":
    sys.exit(main())
