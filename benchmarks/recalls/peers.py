"""The peers, each as its users run it: ``deface`` 1.5.0 with its defaults, and InsightFace's ``FaceAnalysis`` at 640.

A peer that is not there is left out, and the report says so. Each reads the file by itself. What they give is taken
without growth, as ours is.
"""

import atexit
import functools
import hashlib
import io
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from anonymizer_udfs import boxes
from anonymizer_udfs.imaging import orientation
from benchmarks.recalls.finders import Found

SCRIPT = Path(__file__).with_name("deface_peer.py")
_EXIF_ORIENTATION = 0x0112
DET_SIZE = (640, 640)
DET_THRESHOLD = 0.5
"""InsightFace's default."""


@dataclass(frozen=True)
class Deface:
    """deface in a process of its own, in its own environment.

    It does not turn pictures as their orientation says, and its result has no orientation: its boxes are those of the
    stored pixels, and are turned only to be compared.

    Attributes:
        python: the Python of an environment with deface 1.5.0.
    """

    python: str
    name: str = "deface"

    @property
    def description(self) -> Mapping[str, Any]:
        """Return the versions of what it runs on, and this file's and the script's digest."""
        script = hashlib.sha256(SCRIPT.read_bytes()).hexdigest()[:16]
        return {"peer": "deface", "threshold": 0.2, "script": script, "versions": _versions(self.python)}

    def find(self, data: bytes) -> Found:
        """Return what it finds; nothing where it fails."""
        process = _process(self.python, os.getpid())
        with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
            file.write(data)
            file.flush()
            answer = _ask(process, file.name)
        if not answer.get("boxes"):
            return Found()
        rows = np.array(answer["boxes"], np.float32)
        with Image.open(io.BytesIO(data)) as image:  # the header alone
            value, stored_wh = int(image.getexif().get(_EXIF_ORIENTATION, 1)), image.size
        return Found(as_seen(rows[:, :4], value, stored_wh), rows[:, 4])


def as_seen(stored: boxes.Boxes, value: int, stored_wh: tuple[int, int]) -> boxes.Boxes:
    """Return boxes of the stored pixels in the picture as it is seen.

    Undoing a turn is the turn of the inverse orientation; 6 and 8 undo each other, all others themselves.

    Examples:
        >>> as_seen(np.array([[8, 0, 10, 3]], np.float32), 2, (10, 8)).tolist()
        [[0.0, 0.0, 2.0, 3.0]]
    """
    seen_wh = stored_wh[::-1] if value >= 5 else stored_wh
    return orientation.boxes_to_stored(stored, {6: 8, 8: 6}.get(value, value), (seen_wh[0], seen_wh[1]))


@functools.cache
def _versions(python: str) -> Mapping[str, str]:
    """Return the versions that the script tells before it is asked anything.

    Raises:
        SystemExit: deface does not run there.
    """
    try:
        told = subprocess.run([python, "-I", str(SCRIPT)], input="", capture_output=True, text=True, check=True)
        versions: dict[str, str] = json.loads(told.stdout)
    except (OSError, ValueError, subprocess.CalledProcessError):
        raise SystemExit(f"deface does not run under {python}; make bench makes build/bench-venv") from None
    return versions


@functools.cache
def _process(python: str, pid: int) -> subprocess.Popen[str]:
    """Return the running script; one for each of our processes."""
    del pid  # in the key alone
    running = subprocess.Popen(
        [python, "-I", str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    atexit.register(running.kill)
    assert running.stdout is not None
    running.stdout.readline()  # its versions
    return running


def _ask(process: subprocess.Popen[str], name: str) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(name + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise SystemExit("deface ended; it may have run out of memory: try fewer --jobs")
    answer: dict[str, Any] = json.loads(line)
    return answer


@dataclass(frozen=True)
class InsightFace:
    """InsightFace's own detection with one of its packs, reading files as its users do.

    Attributes:
        folder: the pack's folder.
    """

    folder: str
    name: str = "insightface"

    @property
    def description(self) -> Mapping[str, Any]:
        """Return version, sizes and the detectors' digests; which file of a pack detects is InsightFace's business."""
        files = sorted(Path(self.folder).glob("*.onnx"))
        digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
        said = {"det_size": list(DET_SIZE), "det_thresh": DET_THRESHOLD, "pack": digests}
        return {"peer": "insightface", "version": version("insightface"), "onnxruntime": version("onnxruntime"), **said}

    def find(self, data: bytes) -> Found:
        """Return what it finds; nothing where OpenCV cannot read the file."""
        with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
            file.write(data)
            file.flush()
            bgr = cv2.imread(file.name)
        if bgr is None:
            return Found()
        faces = _analysis(self.folder, os.getpid()).get(bgr)
        if not faces:
            return Found()
        xyxy = np.stack([face.bbox for face in faces]).astype(np.float32)
        scores = np.array([face.det_score for face in faces], np.float32)
        return Found(boxes.clip(xyxy, bgr.shape[1::-1]), scores)


@functools.cache
def _analysis(folder: str, pid: int) -> Any:
    import onnxruntime  # noqa: PLC0415 - heavy, only where the peer is asked for
    from insightface.app import FaceAnalysis  # noqa: PLC0415 - the same

    del pid
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    made = FaceAnalysis(
        name=folder, allowed_modules=["detection"], providers=["CPUExecutionProvider"], sess_options=options
    )
    made.prepare(ctx_id=-1, det_thresh=DET_THRESHOLD, det_size=DET_SIZE)
    return made
