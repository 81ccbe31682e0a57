"""The README's commands, run as they stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HELD_BACK = 3


def quickstart() -> list[str]:
    """Return the commands of the block that the README marks as run by this test."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- quickstart: run by tests/spark/test_readme.py -->\n```sh\n(.*?)```", text, re.DOTALL)
    assert block, "the README has no block that is marked as its quickstart"
    return [line.partition("  #")[0].strip() for line in block[1].splitlines() if line.strip()]


def test_the_quickstart_runs_as_it_stands(tmp_path: Path) -> None:
    """Each command of the quickstart ends well, one after the other in one folder, and leaves what the README says."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    commands = quickstart()
    assert len(commands) >= 6
    for command in commands:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=tmp_path,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        expected = {0, HELD_BACK} if "anonymize" in command else {0}
        assert done.returncode in expected, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
    assert (tmp_path / "demo" / "before_after.png").is_file()
    assert list((tmp_path / "open").rglob("*.png"))
    assert (tmp_path / "lake.vault" / "key").is_file()


def test_files_that_the_readme_links_to_are_there() -> None:
    """Every relative link of the README leads somewhere."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
