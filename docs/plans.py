"""Write the tables of the plans that ship into ``docs/detection.md``: ``python -m docs.plans`` after a plan changed."""

import re
import sys
from pathlib import Path

from anonymizer_udfs.detection.plans import PLANS, Plan
from jobs import spoken

PAGE = Path(__file__).parent / "detection.md"
_TABLES = re.compile(r"(<!-- plans: written by python -m docs.plans -->\n).*?(<!-- end of plans -->)", re.DOTALL)


def table(plan: Plan) -> str:
    """Return a plan as a heading, its purpose and a table with a line for each pass."""
    rows = [spoken.HEAD, ("---",) * len(spoken.HEAD), *((f"`{name}`", *rest) for name, *rest in spoken.rows(plan))]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    purpose = spoken.PURPOSES[plan.name]
    return "\n".join([f"### `{plan.name}`", "", f"{purpose[0].upper()}{purpose[1:]}.", "", *lines, ""])


def written(text: str) -> str:
    """Return the page's text with the tables as they should be; they lie between two marks."""
    tables = "\n".join(["", *map(table, PLANS.values())])
    out, count = _TABLES.subn(lambda found: f"{found[1]}{tables}\n{found[2]}", text)
    if count != 1:
        raise ValueError(f"{PAGE.name} must have the two marks of the plans once, has them {count} times")
    return out


def main() -> int:
    """Write the page; return 0."""
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
