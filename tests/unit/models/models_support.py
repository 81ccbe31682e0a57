"""Tiny ONNX models and a real package index on loopback, for the tests of models and recognizers."""

import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from anonymizer_udfs.models.base import ModelRef


def tiny_model(shape: list[int | str], width: int, seed: int = 0, names: tuple[str, str] = ("x", "y")) -> bytes:
    """Return a model that averages each channel of a picture and mixes them into ``width`` numbers."""
    channels = int(shape[1])
    mix = np.random.default_rng(seed).standard_normal((channels, width)).astype(np.float32)
    nodes = [
        helper.make_node("GlobalAveragePool", [names[0]], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "mix"], [names[1]]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(names[0], TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(names[1], TensorProto.FLOAT, [shape[0], width])],
        [numpy_helper.from_array(mix, "mix")],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def sha256(content: bytes) -> str:
    """Return the digest as the registry writes it."""
    return hashlib.sha256(content).hexdigest()


def put(folder: Path, name: str, content: bytes) -> ModelRef:
    """Write a model as a fetched one and return its reference."""
    ref = ModelRef.fetched(name, sha256(content))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ref.file).write_bytes(content)
    return ref


def wheel(member: str, content: bytes) -> bytes:
    """Return a zip archive with one member."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr(member, content)
    return out.getvalue()


def sdist(member: str, content: bytes) -> bytes:
    """Return a gzipped tar archive with one member."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as packed:
        info = tarfile.TarInfo(member)
        info.size = len(content)
        packed.addfile(info, io.BytesIO(content))
    return out.getvalue()


@dataclass
class Index:
    """A simple package index of one project, and what it was asked for.

    Attributes:
        files: What is served below ``/files/``, by name.
        offered: The digests that the project's page states; the true ones where it states none.
        cut: How often a file is cut off in its middle before it is sent whole.
        status: A status to answer files with, in place of the file.
        moved: Where a path is answered with a redirect to, as hosts of Git do with large files.
        password: If set, the user and password that every request must bring, as ``user:password`` in base64.
        asked: The paths asked for, in order.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    offered: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    status: int = 200
    moved: dict[str, str] = field(default_factory=dict)
    password: str = ""
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def page(self) -> bytes:
        """Return the project's page."""
        links = [
            f'<a href="/files/{name}#sha256={self.offered.get(name, sha256(content))}">{name}</a>'
            for name, content in self.files.items()
        ]
        return ("<!DOCTYPE html><html><body>" + "".join(links) + "</body></html>").encode()


@contextmanager
def serving(index: Index) -> Iterator[Index]:
    """Serve an index on loopback while the block runs; its address is in ``url``."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Stay silent."""

        def _send(self, status: int, body: bytes, kind: str = "application/octet-stream", cut_at: int = -1) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if cut_at < 0 else body[:cut_at])

        def do_GET(self) -> None:
            index.asked.append(self.path)
            if index.password and self.headers.get("Authorization") != f"Basic {index.password}":
                self._send(401, b"")
            elif self.path in index.moved:
                self.send_response(302)
                self.send_header("Location", index.moved[self.path])
                self.end_headers()
            elif self.path == "/simple/project/":
                self._send(200, index.page(), "text/html")
            elif self.path.removeprefix("/files/") not in index.files:
                self._send(404, b"")
            elif index.status != 200:
                self._send(index.status, b"")
            else:
                body = index.files[self.path.removeprefix("/files/")]
                index.cut, cut = max(0, index.cut - 1), index.cut > 0
                self._send(200, body, cut_at=len(body) // 2 if cut else -1)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    index.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
