"""People's decisions: whether each is what an event of the ledger vouches for, and none was dropped or emptied."""

from jobs.decisions import Checked, Decisions
from jobs.lake import Lake
from jobs.verifying.finding import Finding, Kind


def look(lake: Lake) -> tuple[Checked, list[Finding]]:
    """Return what the ledger says of the decisions, and what does not hold."""
    found = Decisions(lake).checked()
    return found, [Finding(Kind.DECISION, said) for said in found.broken]
