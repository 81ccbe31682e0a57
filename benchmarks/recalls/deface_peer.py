"""deface 1.5.0 as its user runs it: names of files on standard input, one JSON line of boxes each on standard output.

Run by the Python of the benchmark's own environment; nothing of ours is imported. Its own detector class is used with
its defaults (threshold 0.2, the picture's own size) and its own way of reading files. Boxes are in the pixels as it
read them, before the growth by which it draws its masks. A file on which it fails is answered with the error's type.
"""

import functools
import importlib
import json
import os
import sys
from typing import Any

THRESHOLD = 0.2


def main() -> int:
    """Answer until standard input ends; return 0."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # deface says on standard output what it runs on
    onnxruntime: Any = importlib.import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # several finders share the cores
    onnxruntime.InferenceSession = functools.partial(onnxruntime.InferenceSession, sess_options=options)
    detector = importlib.import_module("deface.centerface").CenterFace()
    read = importlib.import_module("imageio.v2").imread
    metadata = importlib.import_module("importlib.metadata")
    names = ("deface", "imageio", "onnxruntime", "opencv-python-headless", "numpy", "pillow")
    answers.write(json.dumps({name: metadata.version(name) for name in names}) + "\n")
    answers.flush()
    for line in sys.stdin:
        try:
            frame = read(line.rstrip("\n"))
            found, _ = detector(frame, threshold=THRESHOLD)
            answer: dict[str, Any] = {
                "size_wh": [frame.shape[1], frame.shape[0]],
                "boxes": [[float(v) for v in row] for row in found],
            }
        except Exception as error:  # noqa: BLE001 - whatever stops it leaves its user without a result
            answer = {"error": type(error).__name__}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
