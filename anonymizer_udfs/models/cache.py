"""Where faceveil keeps what it has fetched once: models, jars, tools for tests."""

import os
from pathlib import Path


def home() -> Path:
    """Return the cache folder, which need not exist yet.

    ``FACEVEIL_HOME`` if set, else ``faceveil`` under ``XDG_CACHE_HOME``, else ``~/.cache/faceveil``. Nothing in
    it is precious: all of it can be fetched again, and is checked by digest when it is.
    """
    named = os.environ.get("FACEVEIL_HOME")
    if named:
        return Path(named).expanduser().absolute()
    cache = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG standard says that a relative path there is invalid and is to be ignored.
    base = Path(cache) if cache and Path(cache).is_absolute() else Path.home() / ".cache"
    return base / "faceveil"


def cache_dir() -> Path:
    """Return the folder of fetched models."""
    return home() / "models"
