"""The registry: from a model's name to its reference, its source and its terms. Runs on the driver."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from anonymizer_udfs.errors import LicenceError, ModelDigestError, ModelMissingError, SpecError, UnknownNameError
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.models.sessions import file_digest
from anonymizer_udfs.models.sources import PackSource, Source, check_sha256, parse_source, take

TASKS = ("detection", "recognition", "landmarks", "attributes", "generation")
CONVERSIONS = {"dlib_resnet": ".onnx", "dlib_mmod": ".onnx", "dlib_shape": ".safetensors"}
"""What each makes of a source's file, by the ending of the result."""


@dataclass(frozen=True)
class Terms:
    """Under what a model may be used.

    Attributes:
        licence: The licence's name; the one that a setting accepts.
        commercial_use: Whether it allows commercial use. Where it does not, it must be accepted by name.
    """

    licence: str
    commercial_use: bool

    def __post_init__(self) -> None:
        """Refuse anything but yes or no: a text that is not empty would count as yes."""
        if not self.licence or not isinstance(self.licence, str):
            raise SpecError(f"licence must be a name, got {self.licence!r}")
        if not isinstance(self.commercial_use, bool):
            raise SpecError(f"commercial_use must be true or false, got {self.commercial_use!r}")

    def require(self, model: str, accepted: Collection[str]) -> None:
        """Raise :class:`LicenceError` unless the licence is free for any use or accepted by name."""
        if not self.commercial_use and self.licence not in accepted:
            raise LicenceError(
                f"model {model} is licensed as {self.licence}, which forbids commercial use; where that is met, add "
                f"{self.licence} to the setting models.licences_accepted",
            )


@dataclass(frozen=True)
class Entry:
    """One model of the registry.

    Attributes:
        name: Its name.
        task: What it does, one of :data:`TASKS`.
        source: Where it comes from.
        sha256: The digest of the model itself; for a pack's member it may be left out, and is then taken at resolving.
        terms: Under what it may be used.
        convert: What makes the model of the source's file, one of :data:`CONVERSIONS`; none where that is ONNX already.
        about: What it is, in words.
        default: Whether ``faceveil models fetch`` brings it unless names are given; policies that ship need no other.
    """

    name: str
    task: str
    source: Source
    sha256: str | None
    terms: Terms
    convert: str | None = None
    about: str = ""
    default: bool = True

    def __post_init__(self) -> None:
        """Refuse unknown tasks and conversions, and a model that nothing pins."""
        if self.task not in TASKS:
            raise UnknownNameError(f"task of model {self.name}", self.task, TASKS)
        if self.convert is not None and self.convert not in CONVERSIONS:
            raise UnknownNameError(f"convert of model {self.name}", self.convert, CONVERSIONS)
        if self.sha256 is None and not isinstance(self.source, PackSource):
            raise SpecError(f"model {self.name}: sha256 must be given for a source of kind {self.source.kind}")
        if not isinstance(self.default, bool):
            raise SpecError(f"default of model {self.name} must be true or false, got {self.default!r}")
        if self.sha256 is not None:
            check_sha256(f"sha256 of model {self.name}", self.sha256)

    @property
    def ref(self) -> ModelRef:
        """The reference of a model that is fetched; a pack's member is resolved by the registry."""
        if self.sha256 is None or isinstance(self.source, PackSource):
            raise SpecError(f"model {self.name} is a member of a pack; resolve it in the registry")
        return ModelRef.fetched(self.name, self.sha256, CONVERSIONS[self.convert] if self.convert else ".onnx")


@dataclass(frozen=True)
class Registry:
    """All models by name, and the terms of InsightFace packs.

    Attributes:
        entries: The models.
        packs: The terms of every pack's member that has no entry of its own; none where packs are not allowed.
    """

    entries: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))
    packs: Terms | None = None

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> "Registry":
        """Return the registry that a mapping in the form of ``conf/models.yaml`` describes.

        Raises:
            SpecError: if a field is missing, unknown or wrong.
        """
        for key in given:
            if key not in ("models", "packs"):
                raise UnknownNameError("part of the model registry", str(key), ("models", "packs"))
        entries = {name: _entry(name, values) for name, values in dict(given.get("models") or {}).items()}
        packs = given.get("packs")
        return cls(MappingProxyType(entries), take("packs", Terms, packs) if packs else None)

    def entry(self, name: str) -> Entry:
        """Return a model's entry.

        Raises:
            UnknownNameError: if there is none of that name.
        """
        if name not in self.entries:
            raise UnknownNameError("model", name, self.entries)
        return self.entries[name]

    def terms(self, name: str) -> Terms:
        """Return under what a model, or a pack's member, may be used."""
        if name not in self.entries and "/" in name and self.packs:
            return self.packs
        return self.entry(name).terms

    def resolve(self, name: str, accepted: Collection[str] = (), local_dirs: Sequence[str] = ()) -> ModelRef:
        """Return the reference that workers load a model by.

        A model that is fetched is named by its pinned digest; whether the file is there is not looked at. A pack's
        member is looked for, and its digest is taken of what is found.

        Args:
            name: A name of the registry, or ``PACK/FILE.onnx``.
            accepted: The licences that are accepted by name.
            local_dirs: The folders of ``models.local_dirs``.

        Raises:
            UnknownNameError: if nothing has that name.
            LicenceError: if its licence is not accepted.
            ModelMissingError: if no folder has the pack's member.
            ModelDigestError: if the pack's member is not the one that the registry pins.
        """
        if name not in self.entries and ("/" not in name or self.packs is None):
            raise UnknownNameError("model", name, [*self.entries, *(pack_members(local_dirs) if self.packs else ())])
        self.terms(name).require(name, accepted)
        entry = self.entries.get(name)
        if entry is not None and not isinstance(entry.source, PackSource):
            return entry.ref
        file = entry.source.file if entry is not None and isinstance(entry.source, PackSource) else name
        return _pack_ref(name, file, entry.sha256 if entry else None, local_dirs)


def _entry(name: str, values: object) -> Entry:
    if not isinstance(values, Mapping):
        raise SpecError(f"model {name}: expected a mapping, got {values!r}")
    rest = dict(values)
    terms = {key: rest.pop(key) for key in ("licence", "commercial_use") if key in rest}
    source = parse_source(name, rest.pop("source", None))
    rest.setdefault("sha256", None)
    made = {"name": name, "source": source, "terms": take(f"model {name}", Terms, terms), **rest}
    entry: Entry = take(f"model {name}", Entry, made)
    return entry


def pack_roots(local_dirs: Sequence[str]) -> Iterator[Path]:
    """Yield the folders that may hold packs: ``DIR/models``, as InsightFace lays them out, then ``DIR`` itself."""
    for folder in local_dirs:
        base = Path(folder).expanduser()
        yield base / "models"
        yield base


def roots(cache: Path, local_dirs: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the folders to search for model files, for :class:`~anonymizer_udfs.models.base.Runtime`."""
    return str(cache), *(str(root) for root in pack_roots(local_dirs))


def pack_members(local_dirs: Sequence[str]) -> list[str]:
    """Return the names of all members of packs that are found, as ``PACK/FILE.onnx``, sorted."""
    found = {f"{p.parent.name}/{p.name}" for root in pack_roots(local_dirs) for p in root.glob("*/*.onnx")}
    return sorted(found)


def _pack_ref(name: str, file: str, pinned: str | None, local_dirs: Sequence[str]) -> ModelRef:
    ModelRef(name, file, "0" * 64)  # refuses a path that leaves the folder, before it is looked at
    for root in pack_roots(local_dirs):
        if (root / file).is_file():
            came = file_digest(root / file)
            if pinned is not None and came != pinned:
                raise ModelDigestError(
                    f"model {name}: expected SHA-256 {pinned}, the pack's {file} has {came}; put the right file there "
                    "or change the registry's entry",
                )
            return ModelRef(name, file, came)
    known = ", ".join(pack_members(local_dirs)) or "none"
    raise ModelMissingError(
        f"model {name}: no pack with {file} in the folders of models.local_dirs; found there: {known}; put the pack "
        "into such a folder as PACK/FILE.onnx",
    )
