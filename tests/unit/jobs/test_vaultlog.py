"""Logs in a vault: entries are added in order, and none is lost in silence."""

from pathlib import Path

import pytest

from anonymizer_udfs.sources.base import Storage
from jobs.errors import LakeBusyError
from jobs.vault import Vault
from jobs.vaultlog import VaultLog
from schemas import TIERS


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """Return a vault that is new."""
    made = Vault(str(tmp_path / "vault"), Storage())
    made.prepare()
    return made


def test_a_log_that_nobody_wrote_is_empty(vault: Vault) -> None:
    """Nothing is made by asking."""
    assert VaultLog(vault, TIERS, Storage()).entries() == []
    assert not Path(vault.uri, TIERS.name).exists()


def test_entries_are_numbered_in_order(vault: Vault) -> None:
    """Each is the next one; of those that are there only the columns that are wanted are read."""
    log = VaultLog(vault, TIERS, Storage())
    for pattern in ("b", "a"):
        log.add({"pattern": pattern, "policy": "internal"})
    assert log.entries("entry, pattern") == [{"entry": 1, "pattern": "b"}, {"entry": 2, "pattern": "a"}]
    assert log.next_number() == 3


def test_of_two_who_decide_at_once_one_is_told(vault: Vault) -> None:
    """Both were given one number: the second is refused, and the first one's entry stays."""
    first, second = VaultLog(vault, TIERS, Storage()), VaultLog(vault, TIERS, Storage())
    first.add({"pattern": "a", "policy": "internal"})
    number = second.next_number()
    first.add({"pattern": "b", "policy": "partner"}, number)
    with pytest.raises(LakeBusyError):
        second.add({"pattern": "c", "policy": "public"}, number)
    assert [row["pattern"] for row in second.entries()] == ["a", "b"]
