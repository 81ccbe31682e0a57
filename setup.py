"""The one distribution, ``faceveil``; what each extra needs is kept in ``requirements/*.in``."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
ENDINGS = ("yaml", "xml", "json", "conf", "properties", "lock", "typed", "html", "css", "js", "java")


def wishes(name: str) -> list[str]:
    """Return the requirement lines of ``requirements/NAME.in``."""
    lines = (ROOT / "requirements" / f"{name}.in").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def version() -> str:
    """Return the version that ``anonymizer_udfs/__init__.py`` states, without importing it."""
    text = (ROOT / "anonymizer_udfs" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    if found is None:
        raise SystemExit("anonymizer_udfs/__init__.py states no __version__")
    return found[1]


setup(
    name="faceveil",
    version=version(),
    description="Turn an archive of images into one in which nobody can be recognised, and prove it.",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=[p for n in ("anonymizer_udfs", "jobs", "schemas", "conf") for p in (n, f"{n}.*")]),
    package_data={"": [f"**/*.{ending}" for ending in ENDINGS]},
    entry_points={"console_scripts": ["faceveil = jobs.cli:main"]},
    install_requires=[],
    extras_require={
        "worker": wishes("worker"),
        "gpu": wishes("gpu"),
        "driver": wishes("worker") + wishes("driver"),
        "dev": wishes("worker") + wishes("driver") + wishes("dev"),
    },
)
