"""Finding and reading policy files."""

import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import conf
from conf import policies


def test_the_names_are_those_of_the_files() -> None:
    """Four risk tiers ship."""
    assert policies.names() == ["internal", "partner", "public", "research"]


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    """A typing error says what was meant, in one line, also after a trip through pickle."""
    with pytest.raises(KeyError) as caught:
        policies.load("pubic")
    said = str(pickle.loads(pickle.dumps(caught.value)))  # noqa: S301 - made in this line
    assert "did you mean 'public'? known: internal, partner, public, research" in said


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    """A path ending in .yaml is read as it is."""
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\n", encoding="utf-8")
    assert policies.load(str(file)) == {"name": "mine"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "got NoneType", id="empty"),
        pytest.param("- mask\n", "got list", id="list"),
        pytest.param("a: [", "is no YAML", id="broken"),
        pytest.param("a: !!python/object/apply:os.getcwd []", "is no YAML", id="code"),
    ],
)
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """A file that holds something else, or would run code, is an error in one line."""
    file = tmp_path / "bad.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=says) as caught:
        policies.load(str(file))
    assert "\n" not in str(caught.value)


def test_works_from_a_zip(tmp_path: Path) -> None:
    """A cluster may get the code as one zip: the files are found in it."""
    root = Path(conf.__file__).parent
    archive = tmp_path / "code.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for file in [*sorted(root.glob("*.py")), *sorted((root / "policies").glob("*.[py]*"))]:
            zipped.write(file, file.relative_to(root.parent))
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from conf import policies as p; print(p.load('public')['plan'])"
    )
    command = [sys.executable, "-c", code, str(archive)]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["thorough"]
