"""The worker's side of a child process: its pipe, and a watch over its time and memory."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing import Pipe

from anonymizer_udfs.errors import IsolationError
from anonymizer_udfs.isolation import bounds
from anonymizer_udfs.isolation.serving import Answer, Failed, Ready, Seen, Start, Unable
from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.records import Planned, Result
from anonymizer_udfs.spec import WorkerSpec

START_SECONDS = 600.0
"""For imports, models and a blank picture; models may lie on a network."""
READ_SECONDS = 1800.0
"""For reading one image: sources have timeouts and tries of their own, this only ends what they do not."""
_TICK_SECONDS = 0.05
_MOST_TICK_SECONDS = 1.0
_BOUNDS = {Reason.TIMED_OUT: "beyond limits.image_seconds", Reason.OUT_OF_MEMORY: "beyond limits.worker_bytes"}

_CHILD = (
    "import sys; from multiprocessing.connection import Connection; pipe = Connection(int(sys.argv[1])); "
    "sys.path[:] = pipe.recv(); from anonymizer_udfs.isolation.serving import serve; serve(pipe)"
)
"""The search path comes first: on a cluster the package is in a wheel that only the worker's path names."""


@dataclass(frozen=True)
class Ended:
    """How a child ended with an image.

    Attributes:
        reason: why.
        how: the same for a person: an exit status, a setting, or where in the code; nothing of the image.
        seen: what was known of the image by then.
        fresh: whether the image was the child's first.
        on_purpose: whether the watch ended it.
    """

    reason: Reason
    how: str
    seen: Seen
    fresh: bool
    on_purpose: bool


class Child:
    """One child process with its pipe and a watch over its time and memory.

    Raises:
        FaceveilError: if the environment lacks something.
        IsolationError: if it cannot do a blank picture.
    """

    def __init__(self, spec: WorkerSpec) -> None:
        self._limits = spec.limits
        self._fresh = True
        self._pipe, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _CHILD, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                # What a native library prints of an image goes nowhere.
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._watch = Watch(self._process, spec.limits.worker_bytes)
        try:
            self._begin(spec)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def result(self, planned: Planned) -> Result | Ended:
        """Return what became of an image, or how the child ended with it; then nothing more can be asked of it.

        Raises:
            FaceveilError: for what is wrong with the environment.
        """
        seen, fresh, self._fresh = Seen(), self._fresh, False
        try:
            self._send(planned)
            answer = self._receive(READ_SECONDS)
            while isinstance(answer, Seen):
                seen = answer
                width, height = seen.size_wh or (0, 0)
                answer = self._receive(self._limits.seconds(width * height * (seen.frames or 1)))
        except _DiedError:
            reason = self._watch.reason
            how = self._how() if reason is None else _BOUNDS[reason]
            return Ended(reason or Reason.CRASHED, how, seen, fresh, on_purpose=reason is not None)
        if isinstance(answer, Failed):
            return Ended(answer.reason, answer.where, seen, fresh, on_purpose=False)
        if isinstance(answer, Unable):
            raise answer.error
        if not isinstance(answer, Result):
            raise IsolationError(f"a child process is asked for a result, and answered {type(answer).__name__}")
        return answer

    def close(self) -> None:
        """End the process, whatever it is doing, and wait until it is gone."""
        self._watch.stop()
        self._process.kill()
        self._process.wait()
        self._pipe.close()

    def _begin(self, spec: WorkerSpec) -> None:
        try:
            self._send(sys.path)
            self._send(Start(os.getpid(), spec))
            answer = self._receive(START_SECONDS)
        except _DiedError:
            raise IsolationError(self._unsound(self._how())) from None
        if isinstance(answer, Unable):
            raise answer.error
        if not isinstance(answer, Ready):
            raise IsolationError(self._unsound(answer.where if isinstance(answer, Failed) else "no answer"))

    def _unsound(self, how: str) -> str:
        if self._watch.reason is Reason.OUT_OF_MEMORY:
            return (
                f"the models alone take a worker beyond limits.worker_bytes, which is {self._limits.worker_bytes}; "
                "raise it"
            )
        return (
            f"a process to isolate images in has to do a blank picture, and did not ({how}); see to the worker's "
            "libraries, models and memory with 'faceveil doctor'"
        )

    def _send(self, message: object) -> None:
        try:
            self._pipe.send(message)
        except OSError:
            raise _DiedError from None

    def _receive(self, seconds: float) -> Answer:
        self._watch.allow(seconds)
        try:
            answer: Answer = self._pipe.recv()
        except Exception:  # noqa: BLE001 - it may have died within a message
            raise _DiedError from None
        finally:
            self._watch.allow(None)
        return answer

    def _how(self) -> str:
        self._process.kill()
        return f"exit status {self._process.wait()}"


class _DiedError(Exception):
    """The pipe has an end: the child is gone."""


class Watch:
    """A thread that kills a process which takes too long for an answer, or too much memory on the way.

    Attributes:
        reason: why it was killed; ``None`` if it was not.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", most_bytes: int) -> None:
        self.reason: Reason | None = None
        self._process, self._most_bytes = process, most_bytes
        self._lock, self._done = threading.Lock(), threading.Event()
        self._left: float | None = None
        self._thread = threading.Thread(target=self._run, name="isolation-watch", daemon=True)
        self._thread.start()

    def allow(self, seconds: float | None) -> None:
        """Give it so long from now on; ``None``: it is not at work."""
        with self._lock:
            self._left = seconds

    def stop(self) -> None:
        """Watch no more."""
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        last = time.monotonic()
        while not self._done.wait(_TICK_SECONDS):
            now = time.monotonic()
            with self._lock:
                # A machine or container that was paused stood still for the child as well: that is no time.
                self._look(min(now - last, _MOST_TICK_SECONDS))
            last = now

    def _look(self, passed: float) -> None:
        if self._left is None or self.reason is not None:
            return
        self._left -= passed
        if self._left <= 0:
            self.reason = Reason.TIMED_OUT
        elif bounds.resident_bytes(self._process.pid) > self._most_bytes:
            self.reason = Reason.OUT_OF_MEMORY
        if self.reason is not None:
            self._process.kill()
