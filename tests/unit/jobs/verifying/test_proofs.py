"""Proofs: one image, for someone who has only the root."""

import shutil
from pathlib import Path

import pytest

from jobs import verify
from jobs.lake import Lake
from tests.unit.jobs.cases import Asked, Told
from tests.unit.jobs.verifying.tampered import IDS, NEWER, ROWS, change


@pytest.fixture
def proof(lake: Lake, tmp_path: Path, asked: Asked) -> tuple[Path, str]:
    """Return a proof of the second image, and the root."""
    said = asked(verify, lake.uri, "--image", IDS[1], "--proof", tmp_path / "proof")
    assert said["bytes"] == (tmp_path / "proof").stat().st_size < 500
    return tmp_path / "proof", said["root"]


def test_it_is_proven_without_the_lake(proof: tuple[Path, str], lake: Lake, tmp_path: Path, asked: Asked) -> None:
    """The proof says what the image is, and the picture is told from others."""
    shutil.rmtree(lake.uri)
    (tmp_path / "picture").write_bytes(ROWS[1]["content"])
    words = ("--check-proof", proof[0], "--root", proof[1])
    said = asked(verify, *words, "--file", tmp_path / "picture")
    assert (said["holds"], said["file"], said["image_id"]) == (True, True, IDS[1])
    (tmp_path / "picture").write_bytes(b"another")
    assert asked(verify, *words, "--file", tmp_path / "picture", code=5)["file"] is False
    assert asked(verify, *words, "--image", IDS[1])["holds"]
    assert not asked(verify, *words, "--image", IDS[2], code=5)["holds"]


def test_it_proves_nothing_under_another_root(proof: tuple[Path, str], told: Told) -> None:
    """Nor does it where one byte of it is another one."""
    assert "does not lead" in told(verify, "--check-proof", proof[0], "--root", "0" * 64, code=5)
    content = proof[0].read_bytes()
    for place in range(len(b"faceveil-proof-1\n"), len(content), 7):
        proof[0].write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert verify.main(["--check-proof", str(proof[0]), "--root", proof[1]]) in {2, 5}


def test_an_image_that_was_changed_is_not_proven(lake: Lake, tmp_path: Path, told: Told) -> None:
    """No proof is written of what does not hold."""
    change("risk")(lake)
    said = told(verify, lake.uri, "--image", IDS[1], "--proof", tmp_path / "p", code=1)
    assert "not what its run vouched for" in said
    assert not (tmp_path / "p").exists()


def test_the_newest_run_proves_a_replaced_image(lake: Lake, tmp_path: Path, asked: Asked) -> None:
    """What is in the lake is proven, not what was."""
    said = asked(verify, lake.uri, "--image", IDS[0], "--proof", tmp_path / "p")
    assert (said["run_id"], said["output_sha256"]) == ("run-2", NEWER["output_sha256"])
