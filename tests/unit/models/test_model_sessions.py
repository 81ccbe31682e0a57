"""References, runtimes, and the sessions that they open."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from models_support import put, tiny_model

from anonymizer_udfs.errors import ModelDigestError, ModelFormatError, ModelMissingError, SpecError
from anonymizer_udfs.models import ModelRef, Runtime, locate, pack_model, session
from anonymizer_udfs.models.sessions import loaded

DIGEST = "ab" * 32


def test_no_root_has_no_model() -> None:
    """Without a folder to look in, a model is missing, and the message says how to get it."""
    with pytest.raises(ModelMissingError, match=r"none is set.*faceveil models fetch tiny"):
        locate(ModelRef.fetched("tiny", DIGEST), Runtime(()))


@pytest.mark.parametrize(
    ("file", "digest"),
    [("", DIGEST), ("/etc/passwd", DIGEST), ("a/../../b", DIGEST), ("a", ""), ("a", DIGEST.upper()), ("a", DIGEST[1:])],
    ids=["no file", "absolute", "leaves its root", "no digest", "upper case", "short digest"],
)
def test_a_reference_that_cannot_be_is_refused(file: str, digest: str) -> None:
    """A reference stays below its root and has a whole digest."""
    with pytest.raises(SpecError):
        ModelRef("name", file, digest)


@pytest.mark.parametrize(("providers", "threads"), [((), 1), (("CPUExecutionProvider",), 0)], ids=["none", "no thread"])
def test_a_runtime_that_cannot_run_is_refused(providers: tuple[str, ...], threads: int) -> None:
    """A runtime has a provider and a thread."""
    with pytest.raises(SpecError):
        Runtime((), providers, threads)


def test_both_travel_to_executors() -> None:
    """A reference and a runtime are equal after pickling."""
    both = ModelRef.fetched("tiny", DIGEST), Runtime(("a", "b"), threads=2)
    assert pickle.loads(pickle.dumps(both)) == both  # noqa: S301 - our own bytes


def test_the_first_root_that_has_the_file_wins(tmp_path: Path) -> None:
    """Roots are searched in order."""
    ref = put(tmp_path / "b", "tiny", tiny_model(["n", 3, 4, 4], 2))
    put(tmp_path / "c", "tiny", tiny_model(["n", 3, 4, 4], 2))
    roots = tuple(str(tmp_path / name) for name in "abc")
    assert locate(ref, Runtime(roots)) == tmp_path / "b" / ref.file


def test_another_content_is_refused(tmp_path: Path) -> None:
    """A file with another content is an error that names both digests, also when it was right before."""
    content = tiny_model(["n", 3, 4, 4], 2)
    ref = put(tmp_path, "tiny", content)
    runtime = Runtime((str(tmp_path),))
    locate(ref, runtime)
    (tmp_path / ref.file).write_bytes(content + b"more")
    with pytest.raises(ModelDigestError, match=ref.sha256):
        locate(ref, runtime)


def test_a_session_is_made_once(tmp_path: Path) -> None:
    """The same model and runtime give the same session; another number of threads another one."""
    ref = put(tmp_path, "tiny", tiny_model(["n", 3, 4, 4], 2))
    first = session(ref, Runtime((str(tmp_path),)))
    assert session(ref, Runtime((str(tmp_path),))) is first
    assert session(ref, Runtime((str(tmp_path),), threads=2)) is not first
    assert first.get_session_options().intra_op_num_threads == 1
    assert first.get_session_options().inter_op_num_threads == 1


def _four_wide(_: bytes) -> bytes:
    return tiny_model(["n", 3, 4, 4], 4)


def test_prepared_bytes_are_what_runs(tmp_path: Path) -> None:
    """What ``prepare`` returns is loaded, beside the session of the file as it is."""
    ref = put(tmp_path, "tiny", tiny_model(["n", 3, 4, 4], 2))
    runtime = Runtime((str(tmp_path),))
    picture = np.ones((1, 3, 4, 4), np.float32)
    assert session(ref, runtime).run(None, {"x": picture})[0].shape == (1, 2)
    assert session(ref, runtime, prepare=_four_wide).run(None, {"x": picture})[0].shape == (1, 4)


def test_a_missing_provider_is_no_fall_back(tmp_path: Path) -> None:
    """A provider that this ONNX Runtime does not have is an error, not a slower run on the CPU."""
    wanted = next(p for p in onnxruntime.get_all_providers() if p not in onnxruntime.get_available_providers())
    ref = put(tmp_path, "tiny", tiny_model(["n", 3, 4, 4], 2))
    runtime = Runtime((str(tmp_path),), providers=(wanted, "CPUExecutionProvider"))
    for opened in (session, pack_model):
        with pytest.raises(SpecError, match=wanted):
            opened(ref, runtime)


@pytest.mark.parametrize("opened", [session, pack_model], ids=["session", "pack"])
def test_what_is_no_model_is_said_to_be_none(tmp_path: Path, opened: object) -> None:
    """A file with the right digest that is no ONNX model is a format error."""
    ref = put(tmp_path, "text", b"<html>not here</html>")
    with pytest.raises(ModelFormatError, match="faceveil models check text"):
        opened(ref, Runtime((str(tmp_path),)))  # type: ignore[operator]


def test_a_pack_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    """A sound model that insightface has no class for is a format error."""
    ref = put(tmp_path, "odd", tiny_model([1, 3, 10, 20], 2))
    with pytest.raises(ModelFormatError, match="insightface knows no model"):
        pack_model(ref, Runtime((str(tmp_path),)))


def test_a_pack_model_runs_with_the_same_options(tmp_path: Path) -> None:
    """A pack model gets the threads and providers that are asked for, and is made once."""
    ref = put(tmp_path, "arc", tiny_model([1, 3, 112, 112], 8))
    runtime = Runtime((str(tmp_path),))
    model = pack_model(ref, runtime)
    assert pack_model(ref, runtime) is model
    assert model.taskname == "recognition"
    assert model.session.get_providers() == ["CPUExecutionProvider"]
    assert model.session.get_session_options().intra_op_num_threads == 1


def test_importing_loads_no_runtime() -> None:
    """Importing models and recognizers loads neither a runtime nor a downloader: that is left to who needs one."""
    heavy = "onnxruntime", "onnx", "insightface", "requests", "pypi_simple"
    code = (
        "import sys, anonymizer_udfs.models.fetch, anonymizer_udfs.recognition.calibration; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_no_onnx_is_read_once(tmp_path: Path) -> None:
    """A checked file is handed to its reader once a process; another reader, and another file, are read anew."""
    ref, runtime = put(tmp_path, "words", b"a b"), Runtime((str(tmp_path),))
    assert loaded(ref, runtime, bytes.split) == [b"a", b"b"]
    assert loaded(ref, runtime, bytes.split) is loaded(ref, runtime, bytes.split)
    assert loaded(ref, runtime, len) == 3
    assert loaded(put(tmp_path, "words", b"c"), runtime, bytes.split) == [b"c"]


def test_what_is_no_onnx_is_checked_too(tmp_path: Path) -> None:
    """A reader never sees a file that is missing or has another content."""
    ref = put(tmp_path, "words", b"right")
    with pytest.raises(ModelMissingError):
        loaded(ref, Runtime(()), len)
    (tmp_path / ref.file).write_bytes(b"wrong")
    with pytest.raises(ModelDigestError):
        loaded(ref, Runtime((str(tmp_path),)), len)
