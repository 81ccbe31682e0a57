"""The JPEG libraries of this machine."""

import pytest

from anonymizer_udfs.imaging import turbojpeg
from anonymizer_udfs.imaging.turbojpeg import Library
from tests.unit.imaging.jpeg_files import libraries


@pytest.fixture(params=["system", "wheel"])
def library(request: pytest.FixtureRequest) -> Library:
    """Each library of this machine."""
    found = libraries().get(request.param)
    if found is None:
        pytest.skip(f"no libturbojpeg in the {request.param}")
    return found


@pytest.fixture(scope="session")
def any_library() -> Library:
    """The library that a job would take."""
    found = turbojpeg.find()
    if found is None:
        pytest.skip("no libturbojpeg here; install the wheel turbojpeg or the system's library")
    return found
