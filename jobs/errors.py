"""What can go wrong in a job, below the one root of :mod:`anonymizer_udfs.errors`.

::

    FaceveilError
    └── JobError                  exit code 1
        ├── UsageError            exit code 2: arguments or settings that cannot be
        ├── LakeError             a table is not as it should be
        │   ├── LakeMissingError  there is no lake there
        │   ├── LakeBusyError     another run has taken over, or got there first
        │   └── StoreError        what keeps the tables failed; what it was asked for may be done or not
        └── VaultError            the vault or the key cannot be used
"""

from anonymizer_udfs.errors import FaceveilError


class JobError(FaceveilError):
    """A job cannot go on."""

    exit_code = 1


class UsageError(JobError):
    """Arguments or settings that cannot be."""

    exit_code = 2


class LakeError(JobError):
    """A table of the lake or the vault is not as it should be."""


class LakeMissingError(LakeError):
    """There is no lake at the URI given."""


class LakeBusyError(LakeError):
    """Another run has taken over the lake, or got there first."""


class StoreError(LakeError):
    """What keeps the tables failed: it may have done what it was asked for, and may do it when it is asked again."""


class VaultError(JobError):
    """The vault or the key cannot be used."""
