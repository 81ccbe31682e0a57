"""Make ``docs/images/terminal.svg``: real commands on the demo's photos, as a terminal shows them, line by line.

What is drawn is what the commands wrote to a terminal of their own; lines that they took back (progress) are left out,
and the folder in which they ran is called ``/data``. Needs Java and the models, as the commands do.
"""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from jobs import demo_cases

OUT = Path(__file__).parent / "images" / "terminal.svg"
COMMANDS = (
    "faceveil anonymize photos lake",
    'faceveil sql lake "SELECT status, reason, COUNT(*) AS images FROM images GROUP BY 1, 2 ORDER BY 1, 2"',
    "faceveil export lake open",
)
ENDS = (0, 3)
"""Codes with which they may end: something is held back, as it has to be."""
COLUMNS = 104
FOLDER = "/data"
TYPED_S, LINE_S, READ_S = 0.9, 0.09, 1.6
"""Seconds after a command, after a line of an answer, and after an answer."""
_CODES = re.compile(r"\x1b\[\?25[lh]|\x1b\[(\d*)([AK])|(\r\n|\n|\r)")

PAGE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="t d">
<title id="t">faceveil in a terminal</title><desc id="d">{said}</desc>
<style>
.{unique_id}-matrix {{ font: {char_height}px/{line_height}px ui-monospace, "DejaVu Sans Mono", Menlo, monospace; }}
.{unique_id}-title {{ font: bold 18px sans-serif; }}
{styles}
@media (prefers-reduced-motion: no-preference) {{
@keyframes shown {{ from {{ visibility: hidden }} to {{ visibility: visible }} }}
{moments}
}}
</style>
<defs>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" class="{unique_id}-matrix">{matrix}</g>
</svg>
"""


def main() -> int:
    """Run the commands and draw what they said; return 0."""
    with tempfile.TemporaryDirectory(prefix="faceveil-terminal-") as name:
        folder = Path(name)
        (folder / "photos").mkdir()
        for case in demo_cases.cases():
            (folder / "photos" / case.file).write_bytes(case.content)
        answers = [said(command, folder) for command in COMMANDS]
    OUT.write_text(drawing(COMMANDS, answers), encoding="utf-8")
    return 0


def said(command: str, folder: Path) -> list[str]:
    """Return the lines that a command leaves on a terminal, with their colours.

    Raises:
        RuntimeError: it ended otherwise than it should.
    """
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "PATH": path}
    running = subprocess.Popen(["/bin/sh", "-c", command], cwd=folder, stdin=its, stdout=its, stderr=its, env=env)
    os.close(its)
    raw = bytearray()
    while some := _read(mine):
        raw += some
    os.close(mine)
    if running.wait() not in ENDS:
        raise RuntimeError(f"{command} ended with {running.returncode}: {bytes(raw).decode('utf-8', 'replace')}")
    return left(bytes(raw).decode("utf-8").replace(str(folder), FOLDER))


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # Linux says so when nobody has the other end open
        return b""


def left(raw: str) -> list[str]:
    r"""Return the lines that are left of what was written to a terminal; colours stay in them.

    Examples:
        >>> left("a ...\r\x1b[2Kb ...\r\n\x1b[1A\x1b[2Kdone\r\n\x1b[1mnext\x1b[0m\r\n")
        ['done', '\x1b[1mnext\x1b[0m']
    """
    lines, row, begun, at = [""], 0, False, 0
    for found in [*_CODES.finditer(raw), None]:
        text = raw[at : found.start() if found else len(raw)]
        if text:
            lines[row] = text if begun else lines[row] + text
            begun = False
        if found is None:
            break
        at = found.end()
        if found[2] == "A":
            row = max(0, row - int(found[1] or 1))
        elif found[2] == "K":
            lines[row] = ""
        elif found[3] == "\r":
            begun = True
        elif found[3]:
            row, begun = row + 1, False
            lines += [""] * (row + 1 - len(lines))
    while lines and not lines[-1].strip():
        lines.pop()
    return [line.rstrip() for line in lines]


def drawing(commands: Sequence[str], answers: Sequence[Sequence[str]]) -> str:
    """Return the SVG: each line appears in its turn and stays; at once where motion is not wanted."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    moments: list[float] = []
    now = 0.4
    for command, answer in zip(commands, answers, strict=True):
        for number, text in enumerate(
            (Text.assemble(("$ ", "green"), (command, "bold")), *map(Text.from_ansi, answer))
        ):
            for line in text.wrap(console, COLUMNS):
                console.print(line, no_wrap=True, highlight=False)
                moments.append(now)
            now += LINE_S if number else TYPED_S
        console.print("")
        moments.append(now)
        now += READ_S
    rules = (
        f'text[clip-path="url(#terminal-line-{row})"] {{ animation: shown 0s {at:.2f}s both }}'
        for row, at in enumerate(moments)
    )
    page = PAGE.replace("{moments}", "\n".join(rules).replace("{", "{{").replace("}", "}}"))
    page = page.replace("{said}", f"Three commands in a terminal: {'; '.join(commands)}".replace("{", "{{"))
    return console.export_svg(title="faceveil", code_format=page, unique_id="terminal")


if __name__ == "__main__":
    sys.exit(main())
