"""One lake with a history for all tests of this folder."""

import pytest

from jobs.lake import Lake
from tests.support import asked_lake


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Return a lake of three runs and an evaluation; nobody changes it."""
    return asked_lake.make(tmp_path_factory.mktemp("asked"))
