"""An S3 server that fails, through a proxy: whole images or none, and a reason in the row; no JVM."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from anonymizer_udfs.errors import CredentialsError
from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.sources import list_source
from anonymizer_udfs.sources.base import Entry, SourceSpec, Storage
from anonymizer_udfs.sources.reader import Reader
from jobs.errors import LakeError
from jobs.lake import Lake
from jobs.lease import Lease, Terms
from tests.support import fault_proxy, s3_server
from tests.support.fault_proxy import STORE, Fault, Proxy
from tests.support.lakes import event
from tests.support.s3_server import S3Server

pytestmark = pytest.mark.skipif(bool(s3_server.unavailable()), reason=s3_server.unavailable() or "")
DATA = {f"album/{number}.bin": bytes([number]) * (40_000 + number) for number in range(6)}
LOCAL = Storage()


@dataclass(frozen=True)
class Store:
    """A server with some objects, as the proxy in front of it gives them."""

    server: S3Server
    proxy: Proxy

    def put(self, name: str, content: bytes) -> None:
        """Put an object, past the proxy."""
        self.server.client().put_object(Bucket="raw", Key=name, Body=content)

    def entries(self) -> dict[str, Entry]:
        """Return what a listing says now, by name."""
        self.proxy.heal()
        return {one.uri.removeprefix("s3a://raw/"): one for one in list_source(SourceSpec("s3a://raw"))}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Yield a server, found through a proxy by what the environment says."""
    folder = tmp_path_factory.mktemp("s3")
    with (
        s3_server.running(folder) as server,
        fault_proxy.running(server.endpoint, folder / "proxy.log") as proxy,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in replace(server, endpoint=proxy.endpoint).environment().items():
            patch.setenv(name, value)
        for bucket in ("raw", "open"):
            server.bucket(bucket)
        yield Store(server, proxy)


@pytest.fixture
def store(served: Store) -> Store:
    """Return the server with its objects as they were, and a proxy that fails nothing."""
    served.proxy.heal()
    for name, content in DATA.items():
        served.put(name, content)
    return served


def reader(delays_s: tuple[float, ...] = (0.1, 0.1)) -> Reader:
    """Return a reader as the job has it, with shorter waits."""
    return Reader(LOCAL, 1 << 20, delays_s=delays_s, dated=True)


@pytest.mark.parametrize("fault", STORE)
def test_what_passes_is_tried_again(fault: Fault, store: Store) -> None:
    """Every third request fails: every image is read, whole."""
    entries = store.entries()
    store.proxy.fail([fault], every=3)
    assert {name: reader().outcome(entry) for name, entry in entries.items()} == DATA
    assert store.proxy.happened(fault) >= 3


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.RESET, Fault.TRUNCATED])
def test_what_does_not_pass_is_a_reason(fault: Fault, store: Store) -> None:
    """All requests fail: no image, not even half of one, and the row will say that it could not be read."""
    entry = store.entries()["album/0.bin"]
    store.proxy.fail([fault])
    assert reader(()).outcome(entry) is Reason.UNREADABLE
    assert store.proxy.happened(fault) >= 2


def test_gone_or_replaced_since_it_was_listed(store: Store) -> None:
    """Gone is unreadable; of another size, or of the same size and a later second, is changed; else it is read."""
    entries = store.entries()
    later = {name: replace(one, modified_us=one.modified_us - 2_000_000) for name, one in entries.items()}
    store.server.client().delete_object(Bucket="raw", Key="album/1.bin")
    store.put("album/2.bin", b"of another size")
    assert reader().outcome(entries["album/1.bin"]) is Reason.UNREADABLE
    assert reader().outcome(entries["album/2.bin"]) is Reason.CHANGED
    assert reader().outcome(later["album/3.bin"]) is Reason.CHANGED
    assert reader().outcome(entries["album/4.bin"]) == DATA["album/4.bin"]


def test_a_listing_that_grows_meanwhile(store: Store) -> None:
    """What was there is listed once, whatever comes while it is listed; the next listing has the rest."""
    before = set(store.entries())
    listing = list_source(SourceSpec("s3a://raw"))
    first = next(listing)
    for name in ("album/00.bin", "album/9.bin", "zoo/new.bin"):
        store.put(name, b"late")
    found = [one.uri.removeprefix("s3a://raw/") for one in (first, *listing)]
    assert before <= set(found)
    assert len(found) == len(set(found))
    assert set(store.entries()) == before | {"album/00.bin", "album/9.bin", "zoo/new.bin"}


def test_expired_credentials_stop_the_job_and_blame_no_image(store: Store) -> None:
    """Everything is refused: an error that says what to do. One object is refused: a reason in its row."""
    entries = store.entries()
    store.proxy.fail([Fault.EXPIRED])
    with pytest.raises(CredentialsError, match="renew them and run the same command again") as caught:
        reader().outcome(entries["album/0.bin"])
    assert "album" not in repr(caught.value)
    assert caught.value.__context__ is None
    store.proxy.fail([Fault.EXPIRED], where=".* /raw/album/0.bin$")
    assert reader(()).outcome(entries["album/0.bin"]) is Reason.UNREADABLE
    assert reader(()).outcome(entries["album/5.bin"]) == DATA["album/5.bin"]


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.SLOW_DOWN, Fault.RESET, Fault.LOST])
def test_the_ledger_has_each_event_once(fault: Fault, store: Store) -> None:
    """Every fourth request fails, or is done and its answer lost: no event is missing, doubled or out of the chain."""
    lake = Lake(f"s3a://open/{fault.name.lower()}")
    lake.create()
    store.proxy.fail([fault], every=4)
    kinds = ["started", "failed", "resumed", "finished"]
    for kind in kinds:
        lake.ledger.append(event(kind))
    assert store.proxy.happened(fault) >= 3
    store.proxy.heal()
    assert lake.ledger.verify() == len(kinds)
    assert [one["event"] for one in lake.ledger.events()] == kinds


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.RESET, Fault.LOST])
def test_a_lease_outlives_single_failures(fault: Fault, store: Store) -> None:
    """Every third request fails, or is done and its answer lost: whoever has the lease knows that he has it."""
    with Lease("anonymize", Terms(2, 30), LOCAL) as lease:
        lease.take(f"s3a://open/lease-{fault.name.lower()}")
        store.proxy.fail([fault], every=3)
        for turn in range(6):
            lease.say(f"run-{turn}")
        assert store.proxy.happened(fault) >= 2


def test_a_store_that_is_gone_stops_a_run_before_it_begins(store: Store) -> None:
    """A lease that cannot be read is no lease; the message says what failed."""
    store.proxy.fail([Fault.EXPIRED])
    with pytest.raises(LakeError, match="lease of the lake cannot be read or written"):
        Lease("anonymize", Terms(1, 5), LOCAL).look("s3a://open/any")


def test_the_environment_is_the_servers(served: Store, tmp_path: Path) -> None:
    """The tests above went through the proxy, and not past it."""
    assert tmp_path.is_dir()
    assert os.environ["AWS_ENDPOINT_URL"] == served.proxy.endpoint
    assert served.proxy.requests > 100
