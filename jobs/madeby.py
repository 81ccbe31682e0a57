"""By which policies a lake was made, as they are today: an attacker who knows them must play the right ones."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from jobs import context, keeplist, vaultmodels
from jobs.context import Treatment
from jobs.errors import UsageError
from jobs.groups import GroupStore
from jobs.placed import Placed

_MADE = (
    "SELECT policy, raised_from, policy_digest, COUNT(*) AS n FROM images WHERE status <> 'quarantined' "
    "GROUP BY policy, raised_from, policy_digest"
)


def treatments(placed: Placed, files: Sequence[str]) -> dict[str, Treatment]:
    """Return every policy by which images of a lake were made, with those that it raises to, by name.

    Args:
        placed: the lake.
        files: of policies that do not ship; others are looked for by their names.

    Raises:
        UsageError: one of them is not there, or is another one now.
    """
    settings, vault, storage = placed.common.settings, placed.vault(), placed.common.storage
    for name in files:
        if not Path(name).is_file():
            raise UsageError("--policy takes the file of a policy by which the lake was made; there is no such file")
    made = placed.lake.tables.query(_MADE).to_pylist()
    given = {one.policy.name: one for one in (context.treatment(name, settings) for name in files)}
    names = sorted({row[column] for row in made for column in ("policy", "raised_from") if row[column]})
    first = [given.get(name) or context.treatment(name, settings) for name in names]
    found = {one.policy.name: one for treatment in first for one in _with_raised(treatment)}
    if any(one.shares for one in found.values()):
        head = GroupStore(vault, storage).head()
        found = {name: replace(one, groups=head) if one.shares else one for name, one in found.items()}
    found = {name: vaultmodels.bound(one, vault, storage) for name, one in found.items()}
    found = {name: keeplist.bound(one, vault, storage, settings) for name, one in found.items()}
    for row in made:
        name = row["raised_from"] or row["policy"]
        if found[name].digest != row["policy_digest"]:
            raise UsageError(
                f"{row['n']:,} images were made by a policy {name!r} that is not the one of today: its file, a model "
                "or a threshold differs; run faceveil anonymize again, or name its file with --policy"
            )
    return found


def _with_raised(one: Treatment) -> Iterator[Treatment]:
    at: Treatment | None = one
    while at is not None:
        yield at
        at = at.raised
