"""Start servers for tests on loopback, wait until they answer, and end them again whatever happens."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

LOOPBACK = "127.0.0.1"
_POLL_SECONDS = 0.1
_TERM_SECONDS = 10
_TAIL_BYTES = 4000


class StartError(Exception):
    """A server did not come up; the message has the end of its log."""


def free_port() -> int:
    """Return a port that nobody on loopback listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Return whether somebody on loopback accepts connections on ``port``."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


class Process:
    """One server in a process group of its own, with its output in a file.

    Attributes:
        name: What messages call it.
        log: The file that takes both of its streams.
    """

    def __init__(self, name: str, command: Sequence[str], log: Path, env: Mapping[str, str]) -> None:
        self.name, self.log = name, log
        with log.open("wb") as stream:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, **env},
                # A group of its own: what it starts (executors) ends with it, and Ctrl-C reaches us first.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process, which is also the number of its group."""
        return self._popen.pid

    @property
    def ended(self) -> bool:
        """Whether it is no longer running."""
        return self._popen.poll() is not None

    @property
    def code(self) -> int | None:
        """Its exit code, once it has ended."""
        return self._popen.poll()

    def wait(self, seconds: float) -> None:
        """Return when it has ended.

        Raises:
            TimeoutError: ``seconds`` passed first.
        """
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"{self.name} did not end within {seconds:.0f} s") from error

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return when ``ready`` says so.

        Raises:
            StartError: It ended first, or ``seconds`` passed.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if self.ended or time.monotonic() > deadline:
                how = f"ended with {self._popen.returncode}" if self.ended else f"was not ready within {seconds:.0f} s"
                raise StartError(f"{self.name} {how}; its log ends with:\n{self.tail()}")
            time.sleep(_POLL_SECONDS)

    def tail(self) -> str:
        """Return the end of its log."""
        return self.log.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace")

    def kill(self) -> None:
        """End it and all that it started at once, as a machine that loses its power would."""
        self._signal(signal.SIGKILL)
        self._popen.wait()

    def stop(self) -> None:
        """End it in order, and by force where it does not listen; a second call does nothing."""
        if not self.ended:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(_TERM_SECONDS)
        # What it started may outlive it.
        self.kill()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


@contextlib.contextmanager
def started(name: str, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> Iterator[Process]:
    """Give a process that is stopped at the end of the block."""
    process = Process(name, command, log, env or {})
    try:
        yield process
    finally:
        process.stop()
