"""What ``faceveil doctor`` tries on a job's own places: each right that lacks is told, and nothing is left behind."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from anonymizer_udfs.sources.base import Storage
from jobs import doctor
from jobs.vault import Vault
from tests.support import lakes
from tests.support.anonymizing import key_file
from tests.support.pictures import place, write


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Mapping[str, tuple[str, str]]:
    """Return state and detail of each finding, by its name."""
    doctor.main(["--json", *words])
    return {one["name"]: (one["state"], one["detail"]) for one in json.loads(capsys.readouterr().out)}


def test_a_machine_alone_is_looked_at_without_places(capsys: pytest.CaptureFixture[str]) -> None:
    """As ever."""
    assert not {"source", "lake", "vault", "key"} & set(told(capsys))


def test_what_may_be_read_and_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before there is a lake, and when it is there; nothing is made, and nothing stays."""
    source = write(tmp_path / "photos", {"1.png": place(1)})
    words = ("--source", str(source), "--lake", str(tmp_path / "lake"))
    found = told(capsys, *words)
    assert found["source"] == ("ok", "can be listed and read")
    assert found["lake"] == found["vault"] == ("ok", "is not there yet, and can be made")
    assert found["key"][0] == "ok"
    assert [one.name for one in tmp_path.iterdir()] == ["photos"]
    lakes.make(tmp_path / "lake", [])
    vault = Vault(f"{tmp_path}/lake.vault", Storage())
    vault.prepare()
    vault.make_key()
    before = sorted(tmp_path.rglob("*"))
    found = told(capsys, *words)
    assert found["lake"] == found["vault"] == ("ok", "can be written, read and cleared")
    assert found["vault access"] == ("ok", "its owner alone may read it")
    assert sorted(tmp_path.rglob("*")) == before


def test_an_open_vault_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads it goes from every result back to its source."""
    (tmp_path / "lake.vault").mkdir(mode=0o755)
    (tmp_path / "lake.vault").chmod(0o755)
    found = told(capsys, "--lake", str(tmp_path / "lake"))
    assert found["vault access"] == ("fail", "others of this machine may read it")


def test_a_place_that_cannot_be_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A lake below a file, a source that is not there, an image that is named and gone; none of them by name."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "list.txt").write_text(f"{tmp_path}/Smith/1.jpg\n", encoding="utf-8")
    found = told(capsys, "--lake", str(tmp_path / "file" / "lake"), "--source", str(tmp_path / "list.txt"))
    assert found["lake"] == ("fail", "is not there, and cannot be made")
    assert found["source"] == ("fail", "can be listed, and its first image cannot be read")
    assert told(capsys, "--source", str(tmp_path / "none"))["source"][0] == "fail"
    (tmp_path / "empty").mkdir()
    assert told(capsys, "--source", str(tmp_path / "empty"))["source"] == ("warn", "can be listed, and has no image")


def test_a_folder_of_photos_is_no_place_for_a_lake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It could be written, and no run would."""
    (tmp_path / "one.jpg").write_bytes(b"1")
    state, said = told(capsys, "--lake", str(tmp_path))["places"]
    assert (state, "one with other files: SOURCE is first" in said) == ("fail", True)


def test_another_key_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Under it every image would be new."""
    lakes.make(tmp_path / "lake", [])
    words = ("--lake", str(tmp_path / "lake"), "--vault", "none")
    assert told(capsys, *words)["key"][0] == "fail"
    assert told(capsys, *words, "--key-file", key_file(tmp_path))["key"][0] == "ok"


def test_servers_that_settings_name_are_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run goes on without them, so that is a warning."""
    gone = ("--set", "tracking.uri=http://127.0.0.1:9", "--set", "prometheus.push_url=http://127.0.0.1:9")
    found = told(capsys, "--lake", str(tmp_path / "lake"), *gone)
    assert (found["mlflow"][0], found["prometheus"][0]) == ("warn", "warn")


def test_settings_that_cannot_be_are_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    """And the machine is looked at all the same."""
    found = told(capsys, "--lake", "./lake", "--set", "limits.none=1")
    assert found["places"][0] == "fail"
    assert "limits.none" in found["places"][1]
    assert "python" in found
