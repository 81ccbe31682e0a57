"""Curves as SVG, drawn here: lines over a plane with linear or logarithmic axes. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 560, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 20, 12, 46
_COLOURS = 8
_KEY_ROW = 20


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        title: what it counts.
        low, high: its ends; above 0 where it is logarithmic.
        log: whether it is.
        percent: whether marks are shares, shown in percent.
    """

    title: str
    low: float
    high: float
    log: bool = False
    percent: bool = True

    def at(self, value: float) -> float:
        """Return where a value is, in [0, 1]; what is beyond an end is at it."""
        value = min(max(value, self.low), self.high)
        if self.log:
            return (math.log10(value) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
        return (value - self.low) / (self.high - self.low)

    def marks(self) -> list[float]:
        """Return where it is marked: at powers of ten, or at about five round numbers."""
        if self.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            return [10.0**power for power in range(first, last + 1)]
        step = round_up((self.high - self.low) / 5)
        first = math.ceil(self.low / step - 1e-9)
        found = [step * i for i in range(first, math.floor(self.high / step + 1e-9) + 1)]
        return found if found and math.isclose(found[0], self.low) else [self.low, *found]

    def text(self, value: float) -> str:
        """Return a mark's text."""
        return f"{value * 100:.3g}%" if self.percent else f"{value:g}"


@dataclass(frozen=True)
class Line:
    """A line, or points where ``dots`` is said.

    Attributes:
        name: what the key calls it.
        points: x and y, in order of x.
        faint: a line to compare with, such as chance.
        dots: whether each point is a dot, and no line joins them.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    faint: bool = False
    dots: bool = False


def round_up(value: float) -> float:
    """Return the least of 1, 2, 5 times a power of ten that is no less.

    Examples:
        >>> round_up(0.003), round_up(1.0), round_up(0.7)
        (0.005, 1.0, 1.0)
    """
    if not value > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return float(f"{next(f * power for f in (1, 2, 5, 10) if f * power >= value * (1 - 1e-9)):.12g}")


def chart(lines: Sequence[Line], axes: tuple[Axis, Axis], *, key: str, title: str, said: str) -> str:
    """Return lines as one ``svg`` element with axes and a key below.

    Colours are classes (``c0`` to ``c7``, ``faint``) that the page's own style fills in, light and dark; each line has
    a dash of its own as well, so that colour is not all that tells them apart.

    Args:
        lines: what to draw.
        axes: across and up.
        key: an id that no other drawing of the page has.
        title: what it shows.
        said: the same in words, for those who do not see it.
    """
    (x, y), height = axes, HEIGHT + 6 + _KEY_ROW * math.ceil(len(lines) / 2)
    seen_as = f'role="img" aria-labelledby="{key}-t {key}-d"'
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" {seen_as} xmlns="http://www.w3.org/2000/svg">',
        f'<title id="{key}-t">{escape(title)}</title><desc id="{key}-d">{escape(said)}</desc>',
        *_grid(x, y),
    ]
    colour = 0
    for number, line in enumerate(lines):
        style = "faint" if line.faint else f"c{colour % _COLOURS}"
        colour += not line.faint
        parts += [*_drawn(line, x, y, style), *_named(line, number, style)]
    return "\n".join([*parts, "</svg>"])


def _place(x: Axis, y: Axis, point: tuple[float, float]) -> tuple[float, float]:
    across, up = x.at(point[0]), y.at(point[1])
    return (
        round(_LEFT + across * (WIDTH - _LEFT - _RIGHT), 2),
        round(HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM), 2),
    )


def _grid(x: Axis, y: Axis) -> list[str]:
    left, bottom = _place(x, y, (x.low, y.low))
    right, top = _place(x, y, (x.high, y.high))
    out = []
    for value in y.marks():
        at = _place(x, y, (x.low, value))[1]
        out.append(f'<path class="grid" d="M{left} {at}H{right}"/>')
        out.append(f'<text class="mark" x="{left - 8}" y="{at + 4}" text-anchor="end">{escape(y.text(value))}</text>')
    for value in x.marks():
        at = _place(x, y, (value, y.low))[0]
        out.append(f'<path class="grid" d="M{at} {bottom}V{top}"/>')
        out.append(f'<text class="mark" x="{at}" y="{bottom + 20}" text-anchor="middle">{escape(x.text(value))}</text>')
    middle = (left + right) / 2
    out.append(f'<text class="name" x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x.title)}</text>')
    turned = f"translate(14 {(top + bottom) / 2}) rotate(-90)"
    return [*out, f'<text class="name" transform="{turned}" text-anchor="middle">{escape(y.title)}</text>']


def _drawn(line: Line, x: Axis, y: Axis, style: str) -> list[str]:
    places = [_place(x, y, one) for one in line.points if all(math.isfinite(v) for v in one)]
    if line.dots:
        return [f'<circle class="dot {style}" cx="{a}" cy="{b}" r="5"/>' for a, b in places]
    if not places:
        return []
    return [f'<path class="line {style}" d="M{"L".join(f"{a} {b}" for a, b in places)}"/>']


def _named(line: Line, number: int, style: str) -> list[str]:
    left = _LEFT + (number % 2) * (WIDTH - _LEFT) / 2
    top = HEIGHT + 12 + _KEY_ROW * (number // 2)
    sample = (
        f'<circle class="dot {style}" cx="{left + 13}" cy="{top}" r="5"/>'
        if line.dots
        else f'<path class="line {style}" d="M{left} {top}h26"/>'
    )
    return [sample, f'<text class="mark" x="{left + 34}" y="{top + 4}">{escape(line.name)}</text>']
