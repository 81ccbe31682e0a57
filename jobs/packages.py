"""What ``faceveil doctor`` looks at among installed packages: that each is there once, and in a version that works.

Nothing heavy is imported but ONNX Runtime: what is installed is read from the packages' metadata.
"""

import importlib.metadata
import re

from jobs.finding import Finding, State

_INSTALL = "run: make setup (or install requirements/driver.lock with pip's --no-deps --require-hashes)"
PACKAGES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "pyspark": ((4, 2), (4, 3)),
    "delta-spark": ((4, 4), (4, 5)),
    "deltalake": ((1, 6), (2,)),
    "pandas": ((2, 2), (3,)),
    "numpy": ((2, 2), (3,)),
    "pyarrow": ((25,), (27,)),
    "insightface": ((2, 1), (3,)),
    "mlflow": ((3, 17), (4,)),
}
"""Each package that a job imports, with the oldest version that is known to work and the first that is not."""


def check_package(name: str) -> Finding:
    """Look at the version of one package of the table above.

    Args:
        name: A key of that table.
    """
    oldest, beyond = PACKAGES[name]
    found = installed(name)
    wish = f"at least {'.'.join(map(str, oldest))}, below {'.'.join(map(str, beyond))}"
    if found is None:
        return Finding(name, State.FAIL, f"not installed; needed is {wish}", _INSTALL)
    if not oldest <= numbers(found) < beyond:
        return Finding(name, State.FAIL, f"{found}; needed is {wish}", _INSTALL)
    return Finding(name, State.OK, found)


def check_opencv() -> Finding:
    """Look that the headless build of OpenCV is the only one."""
    name = "opencv-python-headless"
    others = ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless")
    clash = [other for other in others if installed(other)]
    if clash:
        remedy = f"pip uninstall -y {' '.join(clash)} {name}; then {_INSTALL}"
        return Finding("opencv", State.FAIL, f"{', '.join(clash)} overwrites {name}, or would", remedy)
    found = installed(name)
    if found is None:
        return Finding("opencv", State.FAIL, f"{name} is not installed", _INSTALL)
    return Finding("opencv", State.OK, f"{name} {found}")


def check_onnxruntime() -> Finding:
    """Look which build of ONNX Runtime is installed, that it is one, and what it can compute on."""
    builds = [name for name in ("onnxruntime", "onnxruntime-gpu") if installed(name)]
    if not builds:
        return Finding("onnxruntime", State.FAIL, "not installed", _INSTALL)
    if len(builds) > 1:
        # Both write into one folder; whichever came last decides, and nobody can tell.
        remedy = "uninstall both, then install the one you want from requirements/driver.lock or driver-gpu.lock"
        return Finding("onnxruntime", State.FAIL, f"{' and '.join(builds)} overwrite each other", remedy)
    import onnxruntime  # noqa: PLC0415 - only the runtime itself knows its providers

    providers = [name.removesuffix("ExecutionProvider") for name in onnxruntime.get_available_providers()]
    detail = f"{builds[0]} {installed(builds[0])}: {', '.join(providers)}"
    if builds[0] == "onnxruntime-gpu" and not computes_on("CUDA"):
        remedy = (
            "see that nvidia-smi works and CUDA 13 with cuDNN 9 is on the library path; until then the CPU computes"
        )
        return Finding("onnxruntime", State.WARN, f"{detail}; CUDA does not start", remedy)
    return Finding("onnxruntime", State.OK, detail)


def computes_on(provider: str) -> bool:
    """Return whether ONNX Runtime starts an execution provider; being listed says only that it was compiled in.

    Args:
        provider: ``CPU`` or ``CUDA``.
    """
    import onnxruntime  # noqa: PLC0415 - as above
    from onnx import TensorProto, helper  # noqa: PLC0415 - as above

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "probe", ends[:1], ends[1:])
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 17)])
    options = onnxruntime.SessionOptions()
    # A provider that does not start is told to the terminal at length; the finding says it in one line.
    options.log_severity_level = 4
    wanted = f"{provider}ExecutionProvider"
    if wanted not in onnxruntime.get_available_providers():
        return False
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=[wanted])
    return wanted in session.get_providers()


def check_jpeg() -> Finding:
    """Look for the library that replaces the blocks of a JPEG and leaves all others as they are."""
    from anonymizer_udfs.imaging import turbojpeg  # noqa: PLC0415 - a library that breaks must not take the others along

    library = turbojpeg.find()
    if library is None:
        detail = "no libturbojpeg: JPEGs with a face are encoded anew, and their rows say so"
        return Finding("jpeg", State.WARN, detail, "pip install turbojpeg==0.0.2, or apt-get install libturbojpeg0")
    return Finding("jpeg", State.OK, f"libturbojpeg {library.version} ({library.origin.value})")


def installed(distribution: str) -> str | None:
    """Return the version of an installed distribution, or None, without importing it."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers that a version starts with.

    Examples:
        >>> numbers("2.3.3"), numbers("3.0.0rc1")
        ((2, 3, 3), (3, 0, 0))
    """
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
