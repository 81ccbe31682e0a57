"""The image and the compose file, as far as they can be checked without an engine; ``make docker-lint`` does more."""

import re
import subprocess
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import s3_server

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8"))
TARGETS = ("cpu", "gpu")


def stages() -> dict[str, list[tuple[str, str]]]:
    """Return the Dockerfile's instructions by stage, each with its keyword and its text, continued lines joined."""
    text = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    instructions = [line.split(None, 1) for line in "\n".join(lines).replace("\\\n", " ").splitlines()]
    found: dict[str, list[tuple[str, str]]] = {}
    for keyword, rest in instructions:
        if keyword == "FROM":
            base, _, name = rest.partition(" AS ")
            found[name] = [("FROM", base)]
        else:
            found[next(reversed(found))].append((keyword, rest))
    return found


def test_both_targets_are_there() -> None:
    """``docker build --target`` finds cpu and gpu."""
    assert set(TARGETS) < set(stages())


def test_bases_are_pinned_and_nothing_is_added_from_the_network() -> None:
    """Every base is a stage of this file or has a full version; downloads are left to set-up, which checks digests."""
    known = stages()
    for name, instructions in known.items():
        base = instructions[0][1]
        assert base in known or re.search(r":\d+\.\d+\.\d+-", base), f"{name} is from {base}"
        assert "latest" not in base
        assert "ADD" not in {keyword for keyword, _ in instructions}
        fetched = [
            rest for keyword, rest in instructions if keyword == "RUN" and re.search(r"\b(curl|wget|git)\b", rest)
        ]
        assert fetched == []


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_runs_as_a_user_that_owns_no_code(target: str) -> None:
    """The last user is a number that is not root's, and what is copied in before stays root's."""
    instructions = stages()[target]
    users = [rest for keyword, rest in instructions if keyword == "USER"]
    assert users
    assert int(users[-1]) > 0
    assert not [rest for keyword, rest in instructions if keyword == "COPY" and "--chown" in rest]


@pytest.mark.parametrize(
    ("target", "lock"), [pytest.param("cpu", "driver", id="cpu"), pytest.param("gpu", "driver-gpu", id="gpu")]
)
def test_a_target_is_made_by_the_same_set_up(target: str, lock: str) -> None:
    """Each image is made by ``make setup`` with a lock that is there, and is not done before the doctor agrees."""
    known = stages()
    assert f"make setup LOCK={lock} EDITABLE=no" in [
        rest for keyword, rest in known[f"{target}-build"] if keyword == "RUN"
    ]
    assert (ROOT / "requirements" / f"{lock}.lock").is_file()
    assert ("RUN", '["faceveil", "doctor"]') in known[target]
    assert known[target][0] == ("FROM", f"{target}-base")


def test_spark_is_where_the_base_puts_it() -> None:
    """The Python version in SPARK_HOME is that of the base image."""
    known = stages()
    python = re.search(r"python:(3\.\d+)\.", known["cpu-base"][0][1])
    assert python
    environment = {target: " ".join(rest for keyword, rest in known[target] if keyword == "ENV") for target in TARGETS}
    assert f"/python{python[1]}/site-packages/pyspark" in environment["cpu"]
    # Ubuntu 24.04 has 3.12.
    assert known["gpu-base"][0][1].endswith("ubuntu24.04")
    assert "/python3.12/site-packages/pyspark" in environment["gpu"]


def ignored(path: str) -> bool:
    """Return whether .dockerignore keeps a path out: the last line that fits the path or a folder above it decides."""
    verdict = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        if not line or line.startswith("#"):
            continue
        parts = path.split("/")
        if any(fnmatch("/".join(parts[: end + 1]), pattern) for end in range(len(parts))):
            verdict = not line.startswith("!")
    return verdict


def test_the_build_sees_what_set_up_needs_and_no_more() -> None:
    """Sources and locks reach the build; history, tests, photos, environments and keys do not."""
    needed = ["Makefile", "setup.py", "README.md", "requirements/driver.lock", "conf/jars/pom.xml", "jobs/jars.py"]
    kept_out = [
        ".git/config",
        ".venv/bin/python",
        "tests/unit/test_docker.py",
        "build/photo.jpg",
        "key",
        "lake/x.parquet",
    ]
    assert [path for path in needed if ignored(path)] == []
    assert [path for path in kept_out if not ignored(path)] == []


def test_compose_pins_images_and_tests_the_same_s3_server() -> None:
    """Images that are not built here have a full version; the S3 server is the one that the tests run."""
    images = {service["image"] for service in COMPOSE["services"].values() if "build" not in service}
    assert images == {f"versity/versitygw:{s3_server.VERSION}"}
    assert set(COMPOSE["services"]) == {"master", "worker", "s3", "mlflow", "driver"}


def test_compose_opens_ports_to_this_machine_only() -> None:
    """Every published port is bound to loopback."""
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_compose_has_no_secret_and_no_default_for_one() -> None:
    """A variable that is a secret must be given by whoever starts it."""
    text = (ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8")
    used = re.findall(r"\$\{(\w*SECRET\w*)(:?\??)", text)
    assert {name for name, _ in used} == {"FACEVEIL_S3_SECRET", "FACEVEIL_SPARK_SECRET"}
    assert {how for _, how in used} == {":?"}


def test_compose_and_spark_defaults_name_one_cipher() -> None:
    """Master, workers and driver encrypt alike, or they do not understand each other."""
    defaults = (ROOT / "conf" / "spark" / "cpu-cluster.conf").read_text(encoding="utf-8")
    cipher = re.search(r"^spark\.network\.crypto\.cipher\s+(\S+)$", defaults, re.MULTILINE)
    assert cipher
    options = COMPOSE["x-spark-environment"]
    assert all(f"-Dspark.network.crypto.cipher={cipher[1]}" in options[name].split() for name in options)


def test_the_gpu_script_says_what_spark_reads(tmp_path: Path) -> None:
    """The discovery script turns the driver's list into one line of JSON."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nprintf '0\\n1\\n'\n", encoding="utf-8")
    program.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run([ROOT / "docker" / "gpus.sh"], capture_output=True, text=True, check=True, env=env)
    assert yaml.safe_load(done.stdout) == {"name": "gpu", "addresses": ["0", "1"]}


def test_stages_follow_in_order() -> None:
    """A stage copies only from stages above it."""
    known = list(stages())
    for before, after in pairwise(known):
        copied = re.findall(r"--from=(\S+)", " ".join(rest for _, rest in stages()[after]))
        assert set(copied) <= set(known[: known.index(before) + 1])
