"""What of an erasure speaks to an object store itself, on a server on loopback: orders, the list, the sweep."""

from collections.abc import Iterator

import pytest

from anonymizer_udfs.sources.base import Storage
from jobs.erasures import Order, Orders
from jobs.suppression import Suppression
from jobs.sweep import Sweep
from jobs.tables import Tables
from jobs.vault import Vault
from schemas import SUPPRESSED_TABLES
from tests.support.lakes import KEY
from tests.support.s3_server import S3Server, running, unavailable

ORDER = Order("erasure-1", "asked", ("0" * 32,), ("1" * 64,), 1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Yield a server in a process of its own."""
    reason = unavailable()
    if reason:
        pytest.skip(reason)
    with running(tmp_path_factory.mktemp("s3")) as started:
        yield started


def test_orders_list_and_sweep_work_in_a_bucket(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order is kept and removed; the list holds what it is told; a swept table has its rows and one commit."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    bucket, storage = server.bucket("erasing"), Storage(server.endpoint, "us-east-1")
    vault = Vault(f"s3://{bucket}/vault", storage)
    vault.prepare()
    orders, told = Orders(vault, storage), Suppression(vault, storage)
    assert orders.open() == []
    orders.keep(ORDER)
    assert orders.open() == [ORDER]
    orders.done(ORDER)
    orders.done(ORDER)
    assert orders.open() == []
    for epoch in (1, 2, 3):
        told.add(KEY, "erasure-1", epoch, [f"{epoch:032x}"], [])
    tables = Tables(vault.uri, SUPPRESSED_TABLES, storage)
    Sweep.begin(tables, "suppressed", fenced=True).end(9)
    assert told.count() == 3
    found = server.client().list_objects_v2(Bucket=bucket, Prefix="vault/suppressed/")["Contents"]
    last = tables.open("suppressed").version()
    log = [one["Key"] for one in found if one["Key"].endswith(".json")]
    assert log == [f"vault/suppressed/_delta_log/{last:020d}.json"]
