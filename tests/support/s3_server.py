"""A real S3 server on loopback: versitygw, built once by Go into the cache; where there is no Go, moto's server.

Example::

    with s3_server.running(tmp_path) as s3:
        s3.client().put_object(Bucket=s3.bucket("archive"), Key="a.jpg", Body=b"...")
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from anonymizer_udfs.models.cache import home
from tests.support.processes import LOOPBACK, StartError, free_port, listens, started

MODULE = "github.com/versity/versitygw"
VERSION = "v1.8.0"
SUM = "h1:au+wI+aybno/STsQiSm35Uu6Q6iK5MWReQxgO6SEMFc="
"""Go's digest of the module's files; its own go.sum, among them, pins every module that it needs."""

ACCESS_KEY, SECRET_KEY = "faceveil", "faceveil-secret"
REGION = "us-east-1"
_START_SECONDS = 60
_BUILD_SECONDS = 900


@dataclass(frozen=True)
class S3Server:
    """A server that answers now.

    Attributes:
        kind: ``versitygw`` or ``moto``.
        endpoint: ``http://127.0.0.1:PORT``; path-style requests.
        access_key: Its root user.
        secret_key: That user's secret.
        folder: Its buckets as folders; a file that a test drops into one is an object. None for moto.
    """

    kind: str
    endpoint: str
    access_key: str
    secret_key: str
    folder: Path | None

    def client(self) -> Any:
        """Return a boto3 client of it."""
        import boto3  # noqa: PLC0415 - half a second that only these tests pay
        from botocore.config import Config  # noqa: PLC0415 - the same

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=REGION,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}),
        )

    def add_user(self, name: str, secret: str) -> None:
        """Make a user without rights but those that bucket policies give; of versitygw alone."""
        program = versitygw()
        root = ["--access", self.access_key, "--secret", self.secret_key, "--endpoint-url", self.endpoint]
        made = ["create-user", "--access", name, "--secret", secret, "--role", "user"]
        subprocess.run([str(program), "admin", *root, *made], capture_output=True, check=True, timeout=60)

    def bucket(self, name: str) -> str:
        """Make a bucket of at least three characters and return its name."""
        self.client().create_bucket(Bucket=name)
        return name

    def environment(self) -> dict[str, str]:
        """Return the variables by which the AWS tools and pyarrow find it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def spark_conf(self) -> dict[str, str]:
        """Return the settings by which ``s3a://`` finds it."""
        s3a = {
            "endpoint": self.endpoint,
            "endpoint.region": REGION,
            "access.key": self.access_key,
            "secret.key": self.secret_key,
            "path.style.access": "true",
            "connection.ssl.enabled": "false",
        }
        return {f"spark.hadoop.fs.s3a.{key}": value for key, value in s3a.items()}


def versitygw() -> Path | None:
    """Return the server's program, built now if it was not (about a minute, once); None without Go.

    Raises:
        StartError: Go is there and cannot build it, or the module is not the one whose digest is named here.
    """
    program = home() / "tools" / f"versitygw-{VERSION}"
    if program.is_file():
        return program
    go = shutil.which("go")
    if go is None:
        return None
    module = f"{MODULE}@{VERSION}"
    came = json.loads(_go([go, "mod", "download", "-json", module], {}) or "{}")
    if came.get("Sum") != SUM:
        raise StartError(f"{module} must have the digest {SUM}, has {came.get('Sum')}; it is not built")
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as scratch:
        _go([go, "install", "-trimpath", f"{MODULE}/cmd/versitygw@{VERSION}"], {"GOBIN": scratch})
        (Path(scratch) / "versitygw").rename(program)
    return program


def _go(command: list[str], env: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=_BUILD_SECONDS,
        # Outside of any module, and with Go's own check of digests on.
        cwd=tempfile.gettempdir(),
        env={**os.environ, "GOFLAGS": "", **env},
    )
    if done.returncode:
        raise StartError(f"{' '.join(command[1:3])} failed: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.stdout


def unavailable() -> str | None:
    """Return why no S3 server can be had here, for ``pytest.skip``; None where one can."""
    if (home() / "tools" / f"versitygw-{VERSION}").is_file() or shutil.which("go") or find_spec("moto"):
        return None
    return "no S3 server: neither Go (for versitygw) nor the package moto is here; install Go 1.25 or newer"


@contextlib.contextmanager
def running(scratch: Path) -> Iterator[S3Server]:
    """Give a server that is empty, and stopped at the end of the block.

    Args:
        scratch: A folder for its data and its log; made, and left to the caller to remove.

    Raises:
        StartError: It did not come up.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    port = free_port()
    program = versitygw()
    if program is None:
        command = [sys.executable, "-m", "moto.server", "-H", LOOPBACK, "-p", str(port)]
        server = S3Server("moto", f"http://{LOOPBACK}:{port}", ACCESS_KEY, SECRET_KEY, None)
    else:
        buckets, users = scratch / "buckets", scratch / "users"
        buckets.mkdir(exist_ok=True)
        users.mkdir(exist_ok=True)
        # Files that a test drops into the folder have no ETag of their own, and without one s3a refuses to read.
        posix = ["posix", "--default-etag", '"d41d8cd98f00b204e9800998ecf8427e"', str(buckets)]
        command = [str(program), "--quiet", "--port", f"{LOOPBACK}:{port}", "--iam-dir", str(users), *posix]
        server = S3Server("versitygw", f"http://{LOOPBACK}:{port}", ACCESS_KEY, SECRET_KEY, buckets)
    keys = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY}
    with started(server.kind, command, scratch / "server.log", keys) as process:
        process.wait_until(lambda: listens(port), _START_SECONDS)
        yield server
