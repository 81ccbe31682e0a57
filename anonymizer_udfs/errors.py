"""What can go wrong with the environment or the settings; what is wrong with one image is a value (see ``outcome``).

::

    FaceveilError
    ├── SpecError (ValueError)        a parameter is out of its range
    │   └── UnknownNameError          a name that no family member or registry entry has
    ├── SourceError                   a source cannot be listed at all
    ├── CredentialsError              a store takes no request any more: credentials have expired
    ├── WorkerError                   a worker could not go on; its task is tried again with its images isolated
    ├── IsolationError                the process that isolates images does not work at all
    └── ModelError
        ├── ModelMissingError         the file is not where it should be
        ├── ModelDigestError          the file is not the one that was named
        ├── ModelFormatError          the file is no usable model
        └── LicenceError              the licence was not accepted by name

Messages say what was expected, what came and what to do, and carry no path or name of a source image.
"""

import difflib
from collections.abc import Iterable


class FaceveilError(Exception):
    """Root of all errors that faceveil raises on purpose; ``str()`` is one line for a person."""


class SpecError(FaceveilError, ValueError):
    """A parameter is out of its range, or two of them contradict each other."""


class UnknownNameError(SpecError):
    """A name that nobody has; carries ``name`` and the ``known`` ones.

    Examples:
        >>> str(UnknownNameError("method", "maks", ["mask", "blur"]))
        "unknown method 'maks'; did you mean 'mask'? known: blur, mask"
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        near = difflib.get_close_matches(name, self.known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        super().__init__(f"unknown {kind} {name!r}; {hint}known: {', '.join(self.known) or 'none'}")

    def __reduce__(self) -> tuple[type, tuple[str, str, list[str]]]:
        """Pickle by the three arguments, so that the error survives the way from an executor to the driver."""
        return type(self), (self.kind, self.name, self.known)


class SourceError(FaceveilError):
    """A source cannot be listed at all: it does not exist, or is of no known kind."""


class CredentialsError(FaceveilError):
    """A store takes no request of ours any more; no image is to blame."""


class WorkerError(FaceveilError):
    """A worker could not go on with its images; the text says where in the code, and nothing of an image."""


class IsolationError(FaceveilError):
    """The process in which images are isolated does not start, or cannot do a blank picture."""


class ModelError(FaceveilError):
    """A model cannot be used."""


class ModelMissingError(ModelError):
    """The model's file is not where it should be."""


class ModelDigestError(ModelError):
    """The model's file is not the one whose digest was named."""


class ModelFormatError(ModelError):
    """The file is no usable model."""


class LicenceError(ModelError):
    """The model's licence was not accepted by name."""
