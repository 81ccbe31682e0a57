"""A real browser without a window, driven by its own protocol over two pipes: nothing listens, nothing is installed.

The browser is the Chromium inside an npm package, of which ``tests/browser/package-lock.json`` has the digest; ``make
browser`` fetches it into ``build/browser``, and it is unpacked there on first use. Root is not needed.
"""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

HOME = Path(__file__).resolve().parents[2] / "build" / "browser"
PACKED = HOME / "node_modules" / "@sparticuz" / "chromium" / "bin"
AXE = HOME / "node_modules" / "axe-core" / "axe.min.js"
UNPACKED = HOME / "chromium"
SECONDS = 120.0
_BROTLI = (
    "const fs = require('fs'), from = fs.createReadStream(process.argv[1]), to = fs.createWriteStream(process.argv[2]);"
    "require('stream').pipeline(from, require('zlib').createBrotliDecompress(), to, e => { if (e) throw e; })"
)
# The protocol's pipes are the third and fourth file; Popen alone cannot say so without running Python after a fork.
_START = (
    "import os, sys; ends = [os.dup(int(n)) for n in sys.argv[1:3]]; "
    "[os.dup2(os.dup(n), to) for n, to in zip([os.dup2(e, 60 + i) for i, e in enumerate(ends)], (3, 4))]; "
    "os.execv(sys.argv[3], sys.argv[3:])"
)
FLAGS = (
    "--headless",
    "--no-sandbox",  # a sandbox needs privileges that containers lack; only our own files are shown
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--hide-scrollbars",
    "--font-render-hinting=none",
    "--remote-debugging-pipe",
)


def missing() -> str | None:
    """Return why there is no browser to test with; nothing if there is one."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        return "the browser that is fetched runs on Linux on x86-64 alone"
    if not PACKED.is_dir() or not AXE.is_file():
        return "no browser in build/browser: make browser fetches one, with npm"
    if not (UNPACKED / "ready").exists() and shutil.which("node") is None:
        return "node, which unpacks the browser, is not there"
    return None


def unpack() -> Path:
    """Return the browser's file, unpacked the first time; safe among processes."""
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        version = json.loads((PACKED.parent / "package.json").read_text(encoding="utf-8"))["version"]
        ready = UNPACKED / "ready"
        if not ready.exists() or ready.read_text(encoding="ascii") != version:
            shutil.rmtree(UNPACKED, ignore_errors=True)
            UNPACKED.mkdir()
            for packed in sorted(PACKED.glob("*.br")):
                out = UNPACKED / packed.stem
                subprocess.run(["node", "-e", _BROTLI, str(packed), str(out)], check=True)
                if out.suffix == ".tar":
                    _untar(out)
            (UNPACKED / "chromium").chmod(0o755)
            folders = f"<dir>{UNPACKED}/fonts</dir><cachedir>{UNPACKED}/cache</cachedir>"
            (UNPACKED / "fonts.conf").write_text(f"<fontconfig>{folders}</fontconfig>\n", encoding="utf-8")
            ready.write_text(version, encoding="ascii")
    return UNPACKED / "chromium"


def _untar(packed: Path) -> None:
    """Unpack plain files beside an archive, which goes; Python 3.11.2 has no filter for ``extractall`` yet."""
    with tarfile.open(packed) as archive:
        for member in archive:
            to = packed.parent / member.name
            if not to.resolve().is_relative_to(packed.parent.resolve()) or not (member.isfile() or member.isdir()):
                raise ValueError("the browser's archive has a link, or a path that leads out of it: fetch it again")
            if member.isdir():
                to.mkdir(parents=True, exist_ok=True)
                continue
            content = archive.extractfile(member)
            assert content is not None
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(content.read())
            to.chmod(member.mode & 0o777)
    packed.unlink()


class Browser:
    """One browser process with a profile of its own, for a ``with`` block."""

    def __enter__(self) -> Self:
        """Start it."""
        program = unpack()
        self._profile = tempfile.mkdtemp(prefix="faceveil-browser-")
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        command = [sys.executable, "-c", _START, str(theirs_in), str(theirs_out), str(program), *FLAGS]
        env = {
            "HOME": self._profile,
            "PATH": os.environ.get("PATH", ""),
            "FONTCONFIG_PATH": str(UNPACKED),
            "LD_LIBRARY_PATH": str(UNPACKED / "lib"),
        }
        self._process = subprocess.Popen(
            [*command, f"--user-data-dir={self._profile}", "about:blank"],
            pass_fds=(theirs_in, theirs_out),
            env=env,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._left, self._number = b"", 0
        self.events: list[dict[str, Any]] = []
        return self

    def __exit__(self, *_: object) -> None:
        """End it and remove its profile."""
        with contextlib.suppress(OSError, TimeoutError, AssertionError):
            self.call("Browser.close")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)
        shutil.rmtree(self._profile, ignore_errors=True)

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Return what a method of the protocol answers; events that come meanwhile are kept."""
        self._number += 1
        asked = {"id": self._number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self._to, json.dumps(asked).encode() + b"\0")
        for message in self._messages():
            if message.get("id") == self._number:
                assert "error" not in message, f"{method}: {message['error']}"
                return dict(message["result"])
            self.events.append(message)
        raise TimeoutError(method)

    def wait(self, method: str, session: str) -> None:
        """Wait for an event that is not yet known."""
        if any(one.get("method") == method and one.get("sessionId") == session for one in self.events):
            return
        for message in self._messages():
            self.events.append(message)
            if (message.get("method"), message.get("sessionId")) == (method, session):
                return
        raise TimeoutError(method)

    def _messages(self) -> Iterator[dict[str, Any]]:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            head, found, rest = self._left.partition(b"\0")
            if found:
                self._left = rest
                yield json.loads(head)
            elif select.select([self._from], [], [], until - time.monotonic())[0]:
                came = os.read(self._from, 1 << 16)
                assert came, f"the browser ended with {self._process.poll()}"
                self._left += came

    def page(self, size: tuple[int, int] = (1280, 800), *, dark: bool = False, phone: bool = False) -> "Page":
        """Return a new page of a size in pixels, light or dark, as a desk's or a phone's browser shows it."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, str(session))
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.call(f"{domain}.enable")
        width, height = size
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        page.call("Emulation.setEmulatedMedia", features=scheme)
        return page


class Page:
    """One page of a browser."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Return what a method answers for this page."""
        return self._browser.call(method, self._session, **params)

    def open(self, file: Path) -> None:
        """Show a file and wait until it is loaded."""
        self.call("Page.navigate", url=file.resolve().as_uri())
        self._browser.wait("Page.loadEventFired", self._session)

    def value(self, script: str) -> Any:
        """Return what a script gives, also where it is a promise."""
        said = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    def requests(self) -> list[str]:
        """Return what it asked for since it was opened, its own file and ``data:`` left out."""
        urls = [one["params"]["request"]["url"] for one in self._of("Network.requestWillBeSent")]
        return [url for url in urls if not url.startswith(("file:", "data:", "about:"))]

    def complaints(self) -> list[str]:
        """Return errors of its console: exceptions, what scripts wrote, and what its own policy forbade."""
        out = [str(one["params"]["exceptionDetails"]["text"]) for one in self._of("Runtime.exceptionThrown")]
        calls = [one["params"] for one in self._of("Runtime.consoleAPICalled")]
        out += [str(one["args"]) for one in calls if one["type"] in {"error", "warning", "assert"}]
        return out + [str(one["params"]["entry"]["text"]) for one in self._of("Log.entryAdded")]

    def _of(self, method: str) -> list[dict[str, Any]]:
        self.value("1")  # what was said before this answer has come by then
        mine = [one for one in self._browser.events if one.get("sessionId") == self._session]
        return [one for one in mine if one.get("method") == method]

    def picture(self, *, whole: bool = False) -> bytes:
        """Return what is seen as PNG; all of the page if ``whole``."""
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def printed(self) -> bytes:
        """Return it as it is printed, as PDF on A4."""
        said = self.call("Page.printToPDF", printBackground=False, paperWidth=8.27, paperHeight=11.69)
        return base64.b64decode(said["data"])
