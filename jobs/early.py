"""What can be refused before a JVM is started and before anything is written. Runs on the driver, in under a second."""

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.keys import Key
from anonymizer_udfs.sources import list_source
from anonymizer_udfs.sources.base import SourceSpec
from jobs import catalog, stores, whatlies
from jobs.errors import UsageError
from jobs.options import Common
from jobs.vault import NONE, open_vault


def checked(source: SourceSpec, lake: str, common: Common) -> Key | None:
    """Return the key that was given, or ``None`` where it is the vault's.

    Args:
        source: has to be there, and of a known kind.
        lake: as typed.
        common: vault and key have to fit it.

    Raises:
        SourceError: if nothing can be listed, told here because a task's failure brings a stack into Spark's log.
        UsageError: for a lake or vault that cannot be where it is, a source that is a lake or a vault, and for no
            vault without a key.
        VaultError: if the key cannot be read.
    """
    if not catalog.is_catalog_name(lake):
        uri = stores.normalise(lake)
        vault = open_vault(uri, common.vault, common.storage)
        for place in (uri, vault.uri if vault else uri):
            stores.delta_uri(place)
        whatlies.refuse_as_lake(uri)
    given = common.key.read()
    if given is None and common.vault == NONE:
        raise UsageError("--vault none needs a key from elsewhere: give --key-file, --key-env or --key-command")
    has_images(source)
    return given


def has_images(source: SourceSpec) -> bool:
    """Return whether a source has an image at all; the first one is looked for, none is read.

    Raises:
        UsageError: it is a lake or a vault.
        SourceError: nothing can be listed.
    """
    whatlies.refuse_as_source(source.uri)
    try:
        return next(list_source(source), None) is not None
    except OSError as error:
        # What a store says may hold names of images.
        raise SourceError(f"the source cannot be listed ({type(error).__name__}); check access and network") from None
