"""The audit of locked packages: what is vulnerable is found, what is unknown is no clean one, and ours are clean."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.support import audit

LOCK = "one==1.0 --hash=sha256:" + "0" * 64 + "\ntwo==2.0 --hash=sha256:" + "1" * 64 + "\n"
KNOWN = {"id": "GHSA-0000-0000-0000", "modified": "2026-01-01T00:00:00Z", "affected": [], "summary": "bad"}


class _Database(BaseHTTPRequestHandler):
    """Answers as OSV does: of the package ``two`` one vulnerability is known."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        affected = {"package": {"name": "two", "ecosystem": "PyPI"}, "versions": ["2.0"], "ranges": []}
        known = [{**KNOWN, "affected": [affected]}] if asked["package"]["name"] == "two" else []
        body = json.dumps({"vulns": known} if known else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def database() -> Iterator[tuple[str, ...]]:
    """Yield the options that ask a database of ours."""
    with HTTPServer(("127.0.0.1", 0), _Database) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield "-s", "osv", "--osv-url", f"http://127.0.0.1:{server.server_address[1]}/v1/query"
        server.shutdown()


def test_what_is_vulnerable_is_named(tmp_path: Path, database: tuple[str, ...]) -> None:
    """And what is not, is not."""
    (tmp_path / "two.lock").write_text(LOCK, encoding="utf-8")
    found = audit.audited(tmp_path / "two.lock", *database)
    assert (found.clean, found.vulnerable, found.unknown) == (("one",), {"two": ("GHSA-0000-0000-0000",)}, ())


def test_a_database_that_is_gone_makes_nothing_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """pip-audit itself would call a package that it cannot ask for no problem."""
    (tmp_path / "two.lock").write_text(LOCK, encoding="utf-8")
    with pytest.raises(audit.AuditError):
        audit.audited(tmp_path / "two.lock", "-s", "osv", "--osv-url", "http://127.0.0.1:9/v1/query")
    assert audit.main(["--lock", str(tmp_path / "two"), "-s", "osv", "--osv-url", "http://127.0.0.1:9/"]) == 1
    assert "no answer" in capsys.readouterr().err


@pytest.mark.parametrize("lock", ["driver", "worker"])
def test_our_packages_are_clean(lock: str) -> None:
    """By the Python index's own database, where it can be asked."""
    try:
        found = audit.audited(audit.LOCKS / f"{lock}.lock")
    except audit.AuditError as error:
        pytest.skip(f"no database of vulnerabilities can be asked from here: {error}")
    if not found.clean and not found.vulnerable:
        pytest.skip("the package index that is used here has no database of vulnerabilities; make audit asks elsewhere")
    assert found.vulnerable == {}
