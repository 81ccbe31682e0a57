"""What names a model and what runs it: two small values that travel to executors."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from anonymizer_udfs.errors import SpecError

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ModelRef:
    """One model file by name and content; never a path of one machine.

    Attributes:
        name: The name in the registry, or ``PACK/FILE`` for a member of an InsightFace pack.
        file: Where the file lies below one of :attr:`Runtime.roots`, with ``/`` between folders.
        sha256: 64 hex digits of the file's content; what is loaded must have it.

    Raises:
        SpecError: if the file leaves its root or the digest is no SHA-256.
    """

    name: str
    file: str
    sha256: str

    def __post_init__(self) -> None:
        """Refuse a file outside its root and a digest that cannot match."""
        path = PurePosixPath(self.file)
        if not self.file or path.is_absolute() or ".." in path.parts:
            raise SpecError(f"a model's file must be a path below a model folder, got {self.file!r}")
        if not _SHA256.fullmatch(self.sha256):
            raise SpecError(f"a model's sha256 must be 64 hex digits in lower case, got {self.sha256!r}")

    @classmethod
    def fetched(cls, name: str, sha256: str, ending: str = ".onnx") -> "ModelRef":
        """Return the reference of a file that ``faceveil models fetch`` brings; its digest is part of its name.

        Examples:
            >>> ModelRef.fetched("centerface", "09189deaaf86" + 52 * "0").file
            'centerface-09189deaaf86.onnx'
        """
        return cls(name, f"{name}-{sha256[:12]}{ending}", sha256)


@dataclass(frozen=True)
class Runtime:
    """Where models lie and what runs them; picklable, the same for all models of a worker.

    Attributes:
        roots: Folders that are searched in order.
        providers: ONNX Runtime's execution providers, the preferred one first.
        threads: Threads of one session within one operator, at least 1.

    Raises:
        SpecError: if there is no provider, or fewer than one thread.
    """

    roots: tuple[str, ...]
    providers: tuple[str, ...] = ("CPUExecutionProvider",)
    threads: int = 1

    @property
    def accelerated(self) -> bool:
        """Whether models run on an accelerator, where batches pay."""
        return self.providers[0] != "CPUExecutionProvider"

    def __post_init__(self) -> None:
        """Refuse a runtime that cannot run anything."""
        if not self.providers:
            raise SpecError("providers must name at least one execution provider, got none; try CPUExecutionProvider")
        if self.threads < 1:
            raise SpecError(f"threads must be at least 1, got {self.threads}")
