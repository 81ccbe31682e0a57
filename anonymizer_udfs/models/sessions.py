"""From a reference to a running model: found, checked against its digest, loaded once a process."""

import contextlib
import functools
import hashlib
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from anonymizer_udfs.errors import ModelDigestError, ModelFormatError, ModelMissingError, SpecError
from anonymizer_udfs.models.base import ModelRef, Runtime

if TYPE_CHECKING:
    import onnxruntime

Prepare = Callable[[bytes], bytes]
Made = TypeVar("Made")
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
    # Patterns plan memory for each input shape seen. Over 40 shapes of CenterFace up to 1280x1280 the peak was 517 MB
    # with them and 392 MB without, in the same time; no arena, or one shrunk after each run, took 1.5 times as long.
    options.enable_mem_pattern = False
    options.log_severity_level = 3  # a worker's standard error is no place for warnings; errors are raised
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


def _once(what: tuple[object, ...], runtime: Runtime, make: Callable[[], Any]) -> Any:
    """Return what was made once for this process, providers and threads.

    The process id is in the key: a session that was inherited through fork has no threads any more and would hang.
    """
    key = (os.getpid(), *what, runtime.providers, runtime.threads)
    with _lock:
        if key not in _loaded:
            _loaded[key] = make()
        return _loaded[key]


def session(
    ref: ModelRef, runtime: Runtime, prepare: Callable[[bytes], bytes] | None = None
) -> "onnxruntime.InferenceSession":
    """Return the model's session, made once a process for its digest, providers, threads and ``prepare``.

    Runs on executors.

    Args:
        ref: the model.
        runtime: where it lies and what runs it.
        prepare: a named function that changes the checked bytes before they are loaded, such as opening declared
            dimensions; it must give the same bytes for the same bytes.

    Raises:
        ModelMissingError: if the file is not there.
        ModelDigestError: if its content is another one.
        ModelFormatError: if ONNX Runtime cannot load it.
        SpecError: if a provider is not available or does not start.
    """
    return _once(("session", ref.sha256, prepare), runtime, lambda: _open(ref, runtime, prepare))


def pack_model(ref: ModelRef, runtime: Runtime) -> Any:
    """Return a model of an InsightFace pack as ``insightface.model_zoo`` loads it, made once a process.

    Runs on executors. The result depends on the file: ``SCRFD``, ``ArcFaceONNX``, ``Landmark``, ...; its session has
    the same providers, threads and options as :func:`session` gives. Nothing is downloaded.

    Raises:
        The same as :func:`session`.
    """
    return _once(("pack", ref.sha256), runtime, lambda: _open_pack(ref, runtime))


def loaded(ref: ModelRef, runtime: Runtime, read: Callable[[bytes], Made]) -> Made:
    """Return what ``read`` makes of a model that is no ONNX, made once a process.

    Runs on executors.

    Args:
        ref: the model.
        runtime: where it lies.
        read: a named function of the checked bytes; it refuses others with :class:`ModelFormatError`.

    Raises:
        ModelMissingError: if the file is not there.
        ModelDigestError: if its content is another one.
        ModelFormatError: if ``read`` cannot use it.
    """
    made: Made = _once(("loaded", ref.sha256, read), runtime, lambda: read(locate(ref, runtime).read_bytes()))
    return made


def _open(ref: ModelRef, runtime: Runtime, prepare: Callable[[bytes], bytes] | None) -> "onnxruntime.InferenceSession":
    import onnxruntime  # noqa: PLC0415 (lazily)

    _check_providers(runtime.providers)
    path = locate(ref, runtime)
    providers = [(provider, _provider_options(provider)) for provider in runtime.providers]
    try:
        source = prepare(path.read_bytes()) if prepare else str(path)
        opened = onnxruntime.InferenceSession(source, _options(runtime), providers=providers)
    except Exception as error:  # ONNX Runtime's errors share no base class but Exception
        raise ModelFormatError(_unusable(ref, path, error)) from error
    _check_running(ref, opened, runtime.providers)
    return opened


def _open_pack(ref: ModelRef, runtime: Runtime) -> Any:
    from insightface import model_zoo  # noqa: PLC0415 (lazily)

    _check_providers(runtime.providers)
    path = locate(ref, runtime)
    options = [_provider_options(provider) for provider in runtime.providers]
    try:
        # Some of its models say their shape as they are loaded; standard output is a command's.
        with contextlib.redirect_stdout(io.StringIO()):
            opened = model_zoo.get_model(
                str(path), providers=list(runtime.providers), provider_options=options, sess_options=_options(runtime)
            )
    except Exception as error:  # insightface asserts, ONNX Runtime's errors share no base class but Exception
        raise ModelFormatError(_unusable(ref, path, error)) from error
    if opened is None:
        raise ModelFormatError(_unusable(ref, path, "insightface knows no model with such inputs and outputs"))
    _check_running(ref, opened.session, runtime.providers)
    return opened


def _unusable(ref: ModelRef, path: Path, why: object) -> str:
    return f"model {ref.name}: expected a usable ONNX model in {path}; run 'faceveil models check {ref.name}' ({why})"
