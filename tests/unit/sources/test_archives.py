"""Tar and zip archives: hostile, damaged and odd ones."""

import bz2
import io
import os
import tarfile
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.sources import Reader, Storage
from tests.unit.sources.cases import MTIME_S, endings, listed


def member(name: str, size_bytes: int = 0, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    """Return a tar header."""
    info = tarfile.TarInfo(name)
    info.size, info.type, info.mtime, info.linkname = size_bytes, kind, MTIME_S, "a.jpg"
    return info


def write_tar(path: Path, *members: tuple[tarfile.TarInfo, bytes], **more: int) -> None:
    """Write a tar archive."""
    with tarfile.open(path, "w", **more) as archive:  # type: ignore[call-overload]  # only the format is given
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))


def outcomes(path: Path | str, max_bytes: int = 10**6) -> list[bytes | Reason]:
    """Return what reading each listed image gives."""
    return [found for _, found in Reader(Storage(), max_bytes, delays_s=()).read_ahead(listed(path), 2, 10**7)]


def names(path: Path | str) -> list[str]:
    """Return the members' names as listed."""
    return [entry.uri.partition("!")[2] for entry in listed(path)]


@pytest.mark.parametrize("name", ["a.tar", "a.zip"])
@pytest.mark.parametrize("content", [b"", b"no archive at all" * 100], ids=["empty", "rubbish"])
def test_no_archive(tmp_path: Path, name: str, content: bytes) -> None:
    """A file with an archive's name that is none is no source; among others it is one unreadable entry."""
    (tmp_path / name).write_bytes(content)
    (tmp_path / "b.jpg").write_bytes(b"1")
    with pytest.raises(SourceError, match="expected a"):
        listed(tmp_path / name)
    assert outcomes(f"{tmp_path}/*") == [Reason.UNREADABLE, b"1"]
    # In a folder, archives are not opened: an object whose bytes the worker will look at.
    assert outcomes(tmp_path) == [content or Reason.EMPTY, b"1"]


@pytest.mark.parametrize("name", ["a.tar.gz", "a.TGZ", "a.tar.bz2", "a.tar.xz", "a.tar.zst"])
def test_compressed_tars_are_refused(tmp_path: Path, name: str) -> None:
    """A compressed tar has no random access: the error says to decompress it."""
    (tmp_path / name).write_bytes(b"\x1f\x8b")
    with pytest.raises(SourceError, match="decompress"):
        listed(tmp_path / name)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicates_traversal_and_hidden(tmp_path: Path) -> None:
    """Members of one name are all entries, traversal is only a name, and what systems drop is left out."""
    wanted = ["a.jpg", "a.jpg~2", "../../etc/p.jpg", "/abs.jpg", "a.jpg", "a.jpg"]
    dropped = ["__MACOSX/._a.jpg", "x/.DS_Store"]
    write_tar(tmp_path / "a.tar", *((member(n, 1), b"%d" % i) for i, n in enumerate(wanted + dropped)))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for i, name in enumerate(wanted + dropped):
            archive.writestr(name, b"%d" % i)
    expected = ["a.jpg", "a.jpg~2", "../../etc/p.jpg", "/abs.jpg", "a.jpg~3", "a.jpg~4"]
    for path in (tmp_path / "a.tar", tmp_path / "a.zip"):
        assert names(path) == expected
        assert outcomes(path) == [b"%d" % i for i in range(len(wanted))]


@pytest.mark.parametrize("layout", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_and_times(tmp_path: Path, layout: int) -> None:
    """Every tar format's long names, times and sizes come out; a name that is no UTF-8 keeps its bytes."""
    name = "d" * 90 + "/" + "n" * 90 + ".jpg"
    write_tar(tmp_path / "a.tar", (member(name, 3), b"abc"), (member("\udcff.jpg", 1), b"z"), format=layout)
    entry, odd = listed(tmp_path / "a.tar")
    assert entry.uri.endswith(name)
    assert (entry.size_bytes, entry.modified_us) == (3, MTIME_S * 1_000_000)
    assert odd.uri.endswith("!%FF.jpg")
    assert outcomes(tmp_path / "a.tar") == [b"abc", b"z"]


def test_a_reproducible_tar(tmp_path: Path) -> None:
    """Where members have no time, the archive's own tells versions apart."""
    info = member("a.jpg", 1)
    info.mtime = 0
    seen = set()
    for i in range(2):
        write_tar(tmp_path / "a.tar", (info, b"%d" % i))
        os.utime(tmp_path / "a.tar", (MTIME_S + i, MTIME_S + i))
        seen.add(listed(tmp_path / "a.tar")[0].etag)
    assert len(seen) == 2


def test_links_in_a_tar(tmp_path: Path) -> None:
    """Links are entries that end as unreadable; folders and devices are no images."""
    kinds = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
    write_tar(tmp_path / "a.tar", (member("a.jpg", 1), b"1"), *((member(f"k{k!r}", 0, k), b"") for k in kinds))
    assert outcomes(tmp_path / "a.tar") == [b"1", Reason.UNREADABLE, Reason.UNREADABLE]


def test_a_tar_cut_short(tmp_path: Path) -> None:
    """A tar that ends or breaks in the middle is an error after what could be listed, and an entry among others."""
    write_tar(tmp_path / "a.tar", *((member(f"{i}.jpg", 2000), b"x" * 2000) for i in range(4)))
    whole = (tmp_path / "a.tar").read_bytes()
    (tmp_path / "a.tar").write_bytes(whole[:6000])
    with pytest.raises(SourceError, match="damaged"):
        listed(tmp_path / "a.tar")
    (tmp_path / "a.tar").write_bytes(whole[:5120] + b"?" * 512 + whole[5632:])
    with pytest.raises(SourceError, match="damaged"):
        listed(tmp_path / "a.tar")
    assert outcomes(f"{tmp_path}/*.tar") == [b"x" * 2000, b"x" * 2000, Reason.UNREADABLE]


def test_a_tar_written_anew(tmp_path: Path) -> None:
    """After another member of the old one's size but place, an old entry says ``changed``."""
    write_tar(tmp_path / "a.tar", (member("a.jpg", 700), b"a" * 700), (member("b.jpg", 700), b"b" * 700))
    entries = listed(tmp_path / "a.tar")
    write_tar(tmp_path / "a.tar", (member("b.jpg", 701), b"b" * 701), (member("c.jpg", 3000), b"c" * 3000))
    reader = Reader(Storage(), 10**6)
    assert [reader.outcome(entry) for entry in entries] == [Reason.CHANGED, Reason.CHANGED]


def test_a_zip_bomb(tmp_path: Path) -> None:
    """A member that expands far is too large by its header, and unreadable if the header lies; no more is ever made."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.jpg", bytes(50_000_000))
    assert outcomes(tmp_path / "a.zip", 1000) == [Reason.TOO_LARGE]
    content = (tmp_path / "a.zip").read_bytes().replace((50_000_000).to_bytes(4, "little"), (900).to_bytes(4, "little"))
    (tmp_path / "a.zip").write_bytes(content)
    assert outcomes(tmp_path / "a.zip", 1000) == [Reason.UNREADABLE]


def test_zip_members_that_cannot_be_read(tmp_path: Path) -> None:
    """Encrypted members, other methods and damaged data are unreadable; a member behind them is read."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("damaged.jpg", b"DAMAGED" * 99)
        archive.writestr("deflated.jpg", b"q" * 999, zipfile.ZIP_DEFLATED)
        archive.writestr("bzip.jpg", b"1", zipfile.ZIP_BZIP2)
        archive.writestr("good.jpg", b"good")
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[content.index(b"DAMAGED")] ^= 1
    at = content.index(zlib.compress(b"q" * 999, 6)[2:-4])
    content[at] = 0xFF
    (tmp_path / "a.zip").write_bytes(content)
    assert bz2.compress(b"1") in bytes(content)
    assert outcomes(tmp_path / "a.zip") == [Reason.UNREADABLE] * 3 + [b"good"]
    flagged = bytes(content).replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01")
    (tmp_path / "a.zip").write_bytes(flagged)
    assert outcomes(tmp_path / "a.zip")[-1] == Reason.UNREADABLE


def test_streamed_and_prefixed_zips(tmp_path: Path) -> None:
    """A zip written to a pipe, with long local fields, or behind other bytes is read like any other."""
    pipe = io.BytesIO()
    pipe.seekable = lambda: False  # type: ignore[method-assign]  # a pipe
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jpg", b"a" * 500)
        long = zipfile.ZipInfo("n" * 3000 + ".jpg", (1979 + 1, 1, 1, 0, 0, 0))
        archive.writestr(long, b"b" * 500)
        archive.writestr("folder/", b"")
    (tmp_path / "a.zip").write_bytes(b"#!/bin/sh\n" + pipe.getvalue())
    assert outcomes(tmp_path / "a.zip") == [b"a" * 500, b"b" * 500]
    assert listed(tmp_path / "a.zip")[1].modified_us == 315_532_800_000_000


def test_archives_in_globs_and_manifests(tmp_path: Path) -> None:
    """An archive that a glob or a manifest names stands for its members."""
    write_tar(tmp_path / "a.tar", (member("x.jpg", 1), b"1"))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("y.jpg", b"2")
    (tmp_path / "list.txt").write_text("b.zip\na.tar\nb.zip\nnone.zip\n")
    assert endings(listed(f"{tmp_path}/?.*"), f"file://{tmp_path}") == ["a.tar!x.jpg", "b.zip!y.jpg"]
    assert outcomes(tmp_path / "list.txt") == [b"2", b"1", Reason.UNREADABLE]


def extended(kind: bytes, body: bytes, claimed: int | None = None) -> bytes:
    """Return an extended header of a tar and its body, whose size it may not tell as it is."""
    head = tarfile.TarInfo("pax")
    head.type, head.size = kind, len(body) if claimed is None else claimed
    return head.tobuf(tarfile.GNU_FORMAT) + body + bytes(-len(body) % tarfile.BLOCKSIZE)


@pytest.mark.parametrize("time", ["nan", "inf", "-inf", "1e999"])
def test_a_time_that_is_no_number_is_unknown(tmp_path: Path, time: str) -> None:
    """Extended headers hold times as text; what cannot be counted does not stop the listing."""
    write_tar(tmp_path / "b.tar", (member("b.jpg", 1), b"1"))
    record = f" mtime={time}\n"
    size = len(record) + len(str(len(record) + 2))
    whole = extended(tarfile.XHDTYPE, f"{size}{record}".encode()) + (tmp_path / "b.tar").read_bytes()
    (tmp_path / "b.tar").write_bytes(whole)
    assert [entry.modified_us for entry in listed(tmp_path / "b.tar")] == [0]
    assert outcomes(tmp_path / "b.tar") == [b"1"]


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME], ids=["pax", "long-name"])
def test_headers_upon_headers(tmp_path: Path, kind: bytes) -> None:
    """Thousands of extended headers in a row are a damaged archive, not the end of Python's stack."""
    (tmp_path / "a.tar").write_bytes(extended(kind, b"11 path=ab\n") * 3000)
    (tmp_path / "b.jpg").write_bytes(b"1")
    with pytest.raises(SourceError, match="damaged"):
        listed(tmp_path / "a.tar")
    assert outcomes(f"{tmp_path}/*") == [Reason.UNREADABLE, b"1"]


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME], ids=["pax", "long-name"])
def test_a_header_of_gigabytes_is_not_read(tmp_path: Path, kind: bytes) -> None:
    """A file of holes whose header says that it is a name is refused in the memory that names take."""
    with (tmp_path / "a.tar").open("wb") as stream:
        stream.write(extended(kind, b"", 1 << 30))
        stream.truncate(1 << 30)
    tracemalloc.start()
    try:
        with pytest.raises(SourceError, match="damaged"):
            listed(tmp_path / "a.tar")
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_dates_that_no_calendar_has(tmp_path: Path) -> None:
    """A zip has four bits for a month and five for a day: each of them is a time, and none stops the listing."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.jpg", (2000, 1, 1, 0, 0, 0)), b"1")
    whole = bytearray((tmp_path / "a.zip").read_bytes())
    at = whole.index(b"PK\1\2") + 14
    seen = set()
    for month in range(16):
        whole[at : at + 2] = (20 << 9 | month << 5 | 31).to_bytes(2, "little")
        (tmp_path / "a.zip").write_bytes(whole)
        (entry,) = listed(tmp_path / "a.zip")
        seen.add(entry.modified_us)
    assert len(seen) == 15, "0, which writers leave where they know no month, is the first"


def test_a_member_without_a_name(tmp_path: Path) -> None:
    """It is an image like any other; its row cannot be told from its name anyway."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x", b"1")
    whole = bytearray((tmp_path / "a.zip").read_bytes())
    at = whole.index(b"PK\1\2")
    whole[at + 28 : at + 32] = (0).to_bytes(2, "little") + (1).to_bytes(2, "little")  # the name is an extra field now
    (tmp_path / "a.zip").write_bytes(whole)
    assert names(tmp_path / "a.zip") == [""]
    assert outcomes(tmp_path / "a.zip") == [b"1"]
