"""Where a key comes from that is not in the vault: a file, the environment, a command. Runs on the driver."""

import base64
import binascii
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from anonymizer_udfs.keys import KEY_BYTES, Key
from jobs.errors import UsageError, VaultError

_HOW = "expected 32 random bytes in base64 on one line; make one with: openssl rand -base64 32"


@dataclass(frozen=True)
class KeySource:
    """Where a key comes from; at most one is given, none means the vault. A key is never an argument itself.

    Attributes:
        file, env, command: a file, the name of a variable, or a command that prints it.
        option: how its options begin, for messages.
    """

    file: str | None = None
    env: str | None = None
    command: str | None = None
    option: str = "--key"

    def __post_init__(self) -> None:
        """Refuse two sources of one key."""
        if sum(bool(x) for x in (self.file, self.env, self.command)) > 1:
            raise UsageError(
                f"give one of {self.option}-file, {self.option}-env and {self.option}-command, not several"
            )

    def __bool__(self) -> bool:
        """Whether any of the three is given."""
        return bool(self.file or self.env or self.command)

    def read(self) -> Key | None:
        """Return the key, or ``None`` where none of the three is given.

        Raises:
            VaultError: it does not come, or is none; nothing of it is repeated.
        """
        if self.file:
            return parse_key(self._read_file(self.file), f"{self.option}-file")
        if self.env:
            value = os.environ.get(self.env)
            if value is None:
                raise VaultError(f"{self.option}-env: the environment has no variable of that name; {_HOW}")
            return parse_key(value.encode(), f"{self.option}-env")
        return parse_key(self._run(self.command), f"{self.option}-command") if self.command else None

    def _read_file(self, path: str) -> bytes:
        try:
            return Path(path).expanduser().read_bytes()
        except OSError as error:
            raise VaultError(f"{self.option}-file cannot be read: {error.strerror}; {_HOW}") from error

    def _run(self, command: str) -> bytes:
        try:
            done = subprocess.run(shlex.split(command), capture_output=True, check=True, timeout=60)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise VaultError(
                f"{self.option}-command failed: {type(error).__name__}; it has to print the key; {_HOW}"
            ) from None
        return done.stdout


def parse_key(text: bytes, where: str) -> Key:
    """Return the key of one line of base64.

    Raises:
        VaultError: if it is none, without repeating any of it.
    """
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise VaultError(f"{where} has no usable key; {_HOW}")
    return Key(secret)
