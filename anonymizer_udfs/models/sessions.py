"""From a reference to a running model: found, checked against its digest, loaded once a process."""

import functools
import hashlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anonymizer_udfs.errors import ModelDigestError, ModelFormatError, ModelMissingError, SpecError
from anonymizer_udfs.models.base import ModelRef, Runtime

if TYPE_CHECKING:
    import onnxruntime

_CHUNK_BYTES = 1 << 20
_lock = threading.RLock()
_loaded: dict[tuple[object, ...], Any] = {}


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's content, read in pieces of a megabyte."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK_BYTES):
            digest.update(piece)
    return digest.hexdigest()


@functools.lru_cache(maxsize=256)
def _checked_digest(path: Path, size_bytes: int, modified_ns: int) -> str:
    """Return the digest once a process; size and time are in the key, so that a replaced file is read again."""
    del size_bytes, modified_ns
    return file_digest(path)


def locate(ref: ModelRef, runtime: Runtime) -> Path:
    """Return the model's file, its content checked against the digest once a process.

    Runs on the driver and on executors.

    Raises:
        ModelMissingError: if no root has the file.
        ModelDigestError: if the first root that has the file has another content.
    """
    for root in runtime.roots:
        path = Path(root) / ref.file
        if path.is_file():
            stat = path.stat()
            came = _checked_digest(path, stat.st_size, stat.st_mtime_ns)
            if came != ref.sha256:
                raise ModelDigestError(
                    f"model {ref.name}: expected SHA-256 {ref.sha256}, {path} has {came}; delete that file and run "
                    f"'faceveil models fetch {ref.name}'",
                )
            return path
    raise ModelMissingError(
        f"model {ref.name}: no file {ref.file} in {', '.join(runtime.roots) or 'any folder: none is set'}; run "
        f"'faceveil models fetch {ref.name}', or add the folder that has it to the setting models.local_dirs",
    )


def _provider_options(provider: str) -> dict[str, str]:
    """Return what makes a provider give the same bits for the same input.

    CUDA's default times the convolution algorithms at start and may choose another one in the next process; TF32 rounds
    to 10 bits.
    """
    if provider == "CUDAExecutionProvider":
        return {"cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"}
    return {}


def _options(runtime: Runtime) -> "onnxruntime.SessionOptions":
    import onnxruntime  # noqa: PLC0415 (lazily: only where a session is made)

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = runtime.threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = 3  # warnings go to the standard error of a worker, errors are raised anyway
    return options


def _check_providers(providers: tuple[str, ...]) -> None:
    import onnxruntime  # noqa: PLC0415 (lazily)

    available = onnxruntime.get_available_providers()
    missing = [provider for provider in providers if provider not in available]
    if missing:
        raise SpecError(
            f"execution provider {missing[0]} is not available, this ONNX Runtime has {', '.join(available)}; install "
            "the extra that brings it (gpu for CUDA) or change the setting; nothing falls back to the CPU by itself",
        )


def _check_running(ref: ModelRef, running: "onnxruntime.InferenceSession", providers: tuple[str, ...]) -> None:
    """Refuse a session that left out a provider: ONNX Runtime only logs it when a device or a library is missing."""
    left_out = [provider for provider in providers if provider not in running.get_providers()]
    if left_out:
        raise SpecError(
            f"model {ref.name}: execution provider {left_out[0]} did not start, only "
            f"{', '.join(running.get_providers())} did; check the device and its libraries, or change the setting",
        )
    running.disable_fallback()


def _key(kind: str, ref: ModelRef, runtime: Runtime) -> tuple[object, ...]:
    # The process id: a session that was inherited through fork has no threads any more and would hang.
    return os.getpid(), kind, ref.sha256, runtime.providers, runtime.threads


def session(ref: ModelRef, runtime: Runtime) -> "onnxruntime.InferenceSession":
    """Return the model's session, made once a process for its digest, providers and threads.

    Runs on executors.

    Raises:
        ModelMissingError: if the file is not there.
        ModelDigestError: if its content is another one.
        ModelFormatError: if ONNX Runtime cannot load it.
        SpecError: if a provider is not available or does not start.
    """
    with _lock:
        key = _key("session", ref, runtime)
        if key not in _loaded:
            _loaded[key] = _open(ref, runtime)
        return _loaded[key]


def _open(ref: ModelRef, runtime: Runtime) -> "onnxruntime.InferenceSession":
    import onnxruntime  # noqa: PLC0415 (lazily)

    _check_providers(runtime.providers)
    path = locate(ref, runtime)
    providers = [(provider, _provider_options(provider)) for provider in runtime.providers]
    try:
        opened = onnxruntime.InferenceSession(str(path), _options(runtime), providers=providers)
    except Exception as error:  # ONNX Runtime's errors share no base class but Exception
        raise ModelFormatError(f"model {ref.name}: ONNX Runtime cannot load {path}: {error}") from error
    _check_running(ref, opened, runtime.providers)
    return opened
