"""The jars: what is locked, what is checked, and that nothing wrong is ever installed."""

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest

from jobs import jars
from jobs.jars import Jar, JarsError

ONE = b"the bytes of a jar"


def jar_of(content: bytes, name: str = "one-1.0.jar") -> Jar:
    """Return the lock's line for a file."""
    return Jar(name, len(content), hashlib.sha256(content).hexdigest())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a cache folder of its own."""
    monkeypatch.setenv("FACEVEIL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def a_maven(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program named mvn, and no java, on the PATH; ``$into`` is the folder that it is asked to fill."""
    folder.mkdir(exist_ok=True)
    program = folder / "mvn"
    into = 'for word in "$@"; do case "$word" in -DoutputDirectory=*) into="${word#*=}";; esac; done'
    program.write_text(f"#!/bin/sh\n{into}\n{script}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/bin{os.pathsep}/usr/bin")
    monkeypatch.setenv("JAVA_HOME", str(folder / "no-java-here"))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("abc one.jar\n", id="two-columns"),
        pytest.param("abc many one.jar\n", id="size-is-no-number"),
        pytest.param(f"{'a' * 63} 5 one.jar\n", id="short-digest"),
        pytest.param(f"{'a' * 64} 0 one.jar\n", id="no-bytes"),
        pytest.param(f"{'a' * 64} 5 ../one.jar\n", id="name-leaves-the-folder"),
        pytest.param(f"{'a' * 64} 5 one.sh\n", id="no-jar"),
    ],
)
def test_a_lock_that_nothing_could_satisfy_is_refused(text: str, tmp_path: Path) -> None:
    """A lock is read in full or not at all, and the message says what a line looks like or which one is wrong."""
    lock = tmp_path / "jars.lock"
    lock.write_text(text, encoding="ascii")
    with pytest.raises(JarsError, match=r"jars\.lock"):
        jars.read_lock(lock)


def test_the_shipped_lock_has_delta_and_s3_and_no_bundle() -> None:
    """The locked set is the lean one: Delta's two jars, the S3 connector, no SDK bundle and nothing that Spark has."""
    names = [jar.name for jar in jars.read_lock()]
    assert len(names) == len(set(names)) == 38
    for needed in ("delta-spark_4.2_2.13-", "delta-storage-", "hadoop-aws-", "netty-nio-client-"):
        assert sum(name.startswith(needed) for name in names) == 1, needed
    for brought_by_spark in ("bundle-", "netty-codec", "netty-common", "slf4j", "httpclient-", "jackson-databind"):
        assert not [name for name in names if name.startswith(brought_by_spark)], brought_by_spark
    assert sum(jar.size_bytes for jar in jars.read_lock()) < 30e6


def test_a_class_path_without_jars_says_how_to_get_them(cache: Path) -> None:
    """Before set-up, asking for the class path names the command that mends it."""
    assert not cache.exists()
    with pytest.raises(JarsError, match="faceveil jars fetch") as caught:
        jars.classpath()
    assert len(caught.value.problems) == len(jars.read_lock())


@pytest.mark.parametrize(
    ("content", "by_size", "by_digest"),
    [
        pytest.param(None, "missing", "missing", id="missing"),
        pytest.param(ONE[:-1], "bytes", "bytes", id="cut"),
        pytest.param(ONE[:-1] + b"!", None, "SHA-256", id="same-size-other-bytes"),
        pytest.param(ONE, None, None, id="right"),
    ],
)
def test_the_cheap_check_sees_sizes_and_the_full_one_digests(
    content: bytes | None, by_size: str | None, by_digest: str | None, tmp_path: Path
) -> None:
    """Each kind of damage is found by the check that reads enough to see it."""
    if content is not None:
        (tmp_path / "one-1.0.jar").write_bytes(content)
    for digest, expected in ((False, by_size), (True, by_digest)):
        found = jars.problems_of(tmp_path, [jar_of(ONE)], digest=digest)
        assert len(found) == (expected is not None)
        assert all(expected in line for line in found if expected)


def test_a_fetch_installs_what_was_locked_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is replaced as a whole: what was there before, and what nobody locked, is gone; no scratch stays."""
    a_maven(tmp_path / "bin", f'mkdir -p "$into"; printf "{ONE.decode()}" >"$into/one-1.0.jar"; touch "$into/x.jar"',
            monkeypatch)  # fmt: skip
    folder = tmp_path / "home" / "jars"
    folder.mkdir(parents=True)
    (folder / "stale-0.9.jar").write_bytes(b"old")
    jars.fetch(folder, [jar_of(ONE)])
    assert [file.name for file in folder.iterdir()] == ["one-1.0.jar"]
    assert [file.name for file in folder.parent.iterdir()] == ["jars"]


def test_a_wrong_digest_installs_nothing_and_keeps_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tampered download is refused, and the jars that were there before stay in use."""
    a_maven(tmp_path / "bin", f'mkdir -p "$into"; printf "{"x" * len(ONE)}" >"$into/one-1.0.jar"', monkeypatch)
    folder = tmp_path / "home" / "jars"
    folder.mkdir(parents=True)
    (folder / "one-1.0.jar").write_bytes(ONE)
    with pytest.raises(JarsError, match="nothing was installed") as caught:
        jars.fetch(folder, [jar_of(ONE)])
    assert "SHA-256" in caught.value.problems[0]
    assert (folder / "one-1.0.jar").read_bytes() == ONE
    assert [file.name for file in folder.parent.iterdir()] == ["jars"]


def test_a_tool_that_fails_is_quoted_once_with_what_to_do(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a network the command fails with 1, repeats the cause that Maven gave, and leaves nothing behind."""
    a_maven(
        tmp_path / "bin", 'printf "\\033[0m[ERROR] Unknown host\\n[ERROR]\\n[ERROR] use -X\\n"; exit 1', monkeypatch
    )
    assert jars.main(["fetch"]) == 1
    said = capsys.readouterr().err
    assert "Maven: [ERROR] Unknown host" in said
    assert "Ivy: not on this machine" in said
    assert "\x1b" not in said
    assert list(cache.iterdir()) == []


def test_check_and_path_say_where_and_what(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``check`` ends with 5 when jars are missing, ``path`` names the folder whether or not it exists."""
    assert jars.main(["check"]) == 5
    assert "38 of 38 are wrong" in capsys.readouterr().out
    assert jars.main(["path"]) == 0
    assert capsys.readouterr().out.strip() == str(cache / "jars")


def test_a_program_gets_the_same_as_json(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With ``--json`` standard output is one object, and the exit codes stay."""
    assert jars.main(["check", "--json"]) == 5
    said = json.loads(capsys.readouterr().out)
    assert (said["folder"], said["jars"], len(said["problems"])) == (str(cache / "jars"), 38, 38)
    assert jars.main(["path", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"folder": str(cache / "jars")}


def test_an_unknown_command_is_a_bad_argument() -> None:
    """Arguments that mean nothing end with 2, as everywhere."""
    with pytest.raises(SystemExit) as caught:
        jars.main(["fetsch"])
    assert caught.value.code == 2
