"""Every package that faceveil brings along may be used in a product and given on with it."""

import re
from importlib import metadata
from pathlib import Path

import pytest

LOCKS = Path(__file__).parents[2] / "requirements"
PERMISSIVE = re.compile(
    r"Apache|MIT|BSD|ISC|Zlib|CC0|PSF|Python Software Foundation|Unlicense|Mozilla Public License 2.0|MPL-2.0|HPND",
    re.IGNORECASE,
)
"""MPL 2.0 binds changes of its own files, and none are made here."""
BINDING = re.compile(r"\b(A?GPL|LGPL|SSPL|EUPL|CC-BY-NC|Affero|GNU)", re.IGNORECASE)
READ = {
    "huey": "MIT, in its LICENSE",
    "skops": "MIT, in its LICENSE",
    "insightface": "MIT, in its repository; its models are not, and must be accepted by name",
    "turbojpeg": "a copy of libjpeg-turbo: IJG, modified BSD and zlib, in that project's LICENSE.md",
}
"""Packages that do not say it in a form that is read here, and where it was read."""


def locked() -> list[str]:
    """Return the names of all packages that driver, workers and GPU workers install."""
    text = "".join((LOCKS / f"{name}.lock").read_text(encoding="utf-8") for name in ("driver", "worker", "gpu"))
    return sorted(set(re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.MULTILINE)))


def licence(name: str) -> str:
    """Return what a package says of its licence."""
    said = metadata.metadata(name)
    classifiers = [one for one in said.get_all("Classifier", []) if one.startswith("License ::")]
    return str(
        said.get("License-Expression") or "; ".join(classifiers) or (said.get("License") or "").splitlines()[0:1]
    )


@pytest.mark.parametrize("name", locked())
def test_a_package_may_be_given_on(name: str) -> None:
    """By what it says itself, or by what was read."""
    try:
        said = licence(name)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{name} is for another platform, and is not installed here")
    if name not in READ:
        assert PERMISSIVE.search(said), said
        assert not BINDING.search(said), said


def test_what_binds_is_told() -> None:
    """The look finds it where it is."""
    assert BINDING.search("License :: OSI Approved :: GNU Affero General Public License v3")
    assert BINDING.search("AGPL-3.0-only")
    assert not PERMISSIVE.search("Proprietary")
