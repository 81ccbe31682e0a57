"""What the tests on a real S3 server share: the server."""

from collections.abc import Iterator

import pytest

from tests.support.s3_server import S3Server, running, unavailable


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Yield a server in a process of its own."""
    reason = unavailable()
    if reason:
        pytest.skip(reason)
    with running(tmp_path_factory.mktemp("s3")) as started:
        yield started
