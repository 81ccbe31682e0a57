"""What ``faceveil doctor`` tries on the very places of a job: that it may read its source and write lake and vault.

Driver, without Spark. A small file of ours is written and removed again; nothing else is changed. Names of images stay
out of what is said.
"""

import argparse
import os
import secrets
import stat
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import obstore

from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.keys import Key
from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.sources import Reader, list_source
from anonymizer_udfs.sources.base import SourceSpec, Storage
from jobs import catalog, options, runkeys, stores, whatlies
from jobs.errors import UsageError
from jobs.finding import Finding, State
from jobs.lake import Lake
from jobs.options import Common
from jobs.vault import Vault, open_vault

_SECONDS = 10
_READ = "check the credentials and what they allow on the source: listing and reading"
_WRITE = "check the credentials and what they allow there: listing, reading, writing and deleting"


def checks(args: argparse.Namespace) -> Iterator[tuple[str, Callable[[], Finding]]]:
    """Yield a check for each place that the command line or the settings name.

    Raises:
        UsageError: settings, or a place of the lake, that cannot be.
    """
    common = options.common(args)
    if args.source is not None:
        yield "source", partial(_guarded, "source", _READ, partial(source, args.source, common))
    if args.lake is not None:
        lake = _location(args.lake)
        vault = open_vault(lake, common.vault, common.storage)
        whatlies.refuse_as_lake(lake)
        yield "lake", partial(_guarded, "lake", _WRITE, partial(writable, "lake", lake, common.storage))
        if vault is not None:
            yield "vault", partial(_guarded, "vault", _WRITE, partial(writable, "vault", vault.uri, common.storage))
            yield "vault access", partial(_guarded, "vault access", _WRITE, partial(closed, vault.uri))
        yield "key", partial(_guarded, "key", "give the key that made the lake", partial(key, lake, vault, common))
    tracking, push = common.settings.tracking, common.settings.prometheus.push_url
    if tracking.enabled and tracking.uri and tracking.uri.startswith("http"):
        yield "mlflow", partial(answers, "mlflow", f"{tracking.uri.rstrip('/')}/health")
    if push is not None:
        yield "prometheus", partial(answers, "prometheus", f"{push.rstrip('/')}/-/ready")


def _location(lake: str) -> str:
    if catalog.is_catalog_name(lake):
        raise UsageError("a lake of a catalog is found by Spark alone; name the place where its tables lie")
    return stores.normalise(lake)


def _guarded(name: str, remedy: str, check: Callable[[], Finding]) -> Finding:
    """Turn what a store or a key raises into a finding in our own words."""
    try:
        return check()
    except FaceveilError as error:
        return Finding(name, State.FAIL, str(error), remedy)
    except stores.FAILURES as error:
        return Finding(name, State.FAIL, stores.why(error), remedy)


def source(uri: str, common: Common) -> Finding:
    """List the source and read its first image, of which nothing is kept."""
    first = next(list_source(SourceSpec(uri, storage=common.storage)), None)
    if first is None:
        return Finding("source", State.WARN, "can be listed, and has no image", "check the path")
    reader = Reader(common.storage, common.settings.limits.max_bytes, None)
    try:
        read = reader.outcome(first)
    finally:
        reader.close()
    if read is Reason.UNREADABLE:
        return Finding("source", State.FAIL, "can be listed, and its first image cannot be read", _READ)
    return Finding("source", State.OK, "can be listed and read")


def writable(name: str, uri: str, storage: Storage) -> Finding:
    """Write a small file, look that a second one of its name is refused, read it and remove it.

    A folder that is not there yet is not made: whether it could be is asked of the one in which it would lie.
    """
    if stores.is_local(uri) and not Path(uri).exists():
        there = next(place for place in Path(uri).parents if place.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            return Finding(name, State.FAIL, "is not there, and cannot be made", _WRITE)
        return Finding(name, State.OK, "is not there yet, and can be made")
    store, probe = stores.open_store(uri, storage), f"doctor-{secrets.token_hex(8)}"
    content = secrets.token_bytes(16)
    try:
        first = stores.create_once(uri, probe, content, storage)
        again = stores.create_once(uri, probe, content[::-1], storage)
        same = stores.read(uri, probe, storage) == content
    finally:
        with suppress(*stores.FAILURES):
            obstore.delete(store, probe)
    if not first or again or not same:
        remedy = "use a store that knows conditional puts, such as Amazon's, MinIO or versitygw"
        return Finding(name, State.FAIL, "two drivers could overwrite each other's files there", remedy)
    return Finding(name, State.OK, "can be written, read and cleared")


def closed(uri: str) -> Finding:
    """Look that a vault on disk is its owner's alone; of a bucket only its own policy tells."""
    name = "vault access"
    if not stores.is_local(uri):
        remedy = "give the vault's bucket a policy of its own: docs/running.md"
        return Finding(name, State.WARN, "who else may read the bucket cannot be seen from here", remedy)
    place = Path(uri)
    if place.is_dir() and place.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Finding(name, State.FAIL, "others of this machine may read it", "chmod 700 the vault's folder")
    return Finding(name, State.OK, "its owner alone may read it")


def key(lake: str, vault: Vault | None, common: Common) -> Finding:
    """Look that there is a key, and that it is the lake's."""
    found = common.key.read() or (vault.key() if vault else None)
    if found is None and vault is None:
        raise UsageError("--vault none needs --key-file, --key-env or --key-command")
    if found is None:
        return Finding("key", State.OK, "none yet; the first run makes one in the vault")
    here = Lake(lake, common.storage)
    noise = common.noise_key.read()
    found = found if noise is None else Key(found.secret, noise.secret)
    if here.tables.exist():
        runkeys.check(here.ledger.events(), found)
        return Finding("key", State.OK, f"{found.key_id}, which made this lake")
    return Finding("key", State.OK, found.key_id)


def answers(name: str, url: str) -> Finding:
    """Look whether a server answers."""
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - http(s), as settings check
            return Finding(name, State.OK, f"answers ({answer.status})")
    except urllib.error.HTTPError as refusal:
        return Finding(name, State.WARN, f"answers with {refusal.code}", "check its address and its access")
    except (OSError, ValueError) as error:
        remedy = "check its address, the network and that it runs; a run goes on without it"
        return Finding(name, State.WARN, f"no answer ({type(error).__name__})", remedy)
