"""What hides a face or spoils a picture: drawn over a head, or done to a whole scene."""

import cv2
import numpy as np
from numpy.random import Generator

from benchmarks.recalls.heads import Floats, Head
from benchmarks.recalls.portraits import Rgb

_FINE = 4
"""Shapes are given to OpenCV in sixteenths of a pixel (2 to the power of this)."""


def occlude(head: Head, what: str, rng: Generator) -> Head:
    """Return the head with something before its face.

    Args:
        head: the head, with landmarks.
        what: ``sunglasses``, ``mask`` (a surgical one, from the bridge of the nose to under the chin) or ``hand`` (a
            block of about a quarter of the face, of a skin's or a glove's colour, anywhere on it).
        rng: where colours and places come from.
    """
    rgb = head.rgb.copy()
    {"sunglasses": _sunglasses, "mask": _mask, "hand": _hand}[what](rgb, head, rng)
    return head.with_rgb(rgb)


def _polygon(rgb: Rgb, points: Floats, colour: list[int]) -> None:
    fine = np.rint(np.asarray(points) * (1 << _FINE)).astype(np.int32)
    cv2.fillPoly(rgb, [fine], colour, cv2.LINE_AA, _FINE)


def _axes(head: Head) -> tuple[Floats, Floats, float]:
    """Return the directions from eye to eye and from eyes to mouth, each of length 1, and the distance of the eyes."""
    eyes, mouth = head.landmarks[:2], head.landmarks[3:].mean(0)
    across = eyes[1] - eyes[0]
    distance = max(float(np.hypot(*across)), head.box_wh[0] * 0.25)  # in a profile the eyes are close together
    across = across / max(float(np.hypot(*across)), 1e-3)
    down = np.array([-across[1], across[0]], np.float32)
    if (mouth - eyes.mean(0)) @ down < 0:
        down = -down
    return across.astype(np.float32), down.astype(np.float32), distance


def _sunglasses(rgb: Rgb, head: Head, rng: Generator) -> None:
    across, down, distance = _axes(head)
    colour = [int(c) for c in rng.integers(0, 45, 3)]
    rim = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    lens = np.sign(np.cos(rim)) * np.abs(np.cos(rim)) ** 0.6, np.sign(np.sin(rim)) * np.abs(np.sin(rim)) ** 0.6
    for eye in head.landmarks[:2]:
        outline = eye + distance * (0.42 * lens[0][:, None] * across + 0.3 * (lens[1][:, None] + 0.15) * down)
        _polygon(rgb, outline, colour)
    left, right = head.landmarks[:2]
    thick = 0.05 * distance * down
    _polygon(rgb, np.array([left - thick, right - thick, right + thick, left + thick]), colour)
    for eye, way in ((left, -1), (right, 1)):
        end = eye + way * across * distance * 0.95 - thick
        _polygon(rgb, np.array([eye - thick, end - thick, end + thick, eye + thick]), colour)


def _mask(rgb: Rgb, head: Head, rng: Generator) -> None:
    across, down, distance = _axes(head)
    nose, mouth = head.landmarks[2], head.landmarks[3:].mean(0)
    middle = head.landmarks[:2].mean(0)
    bridge = middle + (nose - middle) * 0.45
    chin = mouth + down * distance * 0.75
    wide = across * max(distance * 0.95, head.box_wh[0] * 0.45)
    top, low = bridge + down * distance * 0.25, mouth + down * distance * 0.35
    outline = [top - wide, bridge - across * distance * 0.2, bridge + across * distance * 0.2, top + wide]
    outline += [low + wide * 0.85, chin + across * distance * 0.4, chin - across * distance * 0.4, low - wide * 0.85]
    palette = ((166, 204, 222), (235, 238, 240), (40, 42, 48), (150, 196, 178))
    colour = [int(c) for c in palette[int(rng.integers(len(palette)))]]
    _polygon(rgb, np.array(outline), colour)
    darker = [int(c * 0.86) for c in colour]
    for share in (0.35, 0.55, 0.75):
        at = bridge + (chin - bridge) * share
        pleat = np.array([at - wide * 0.7, at + wide * 0.7])
        _polygon(rgb, np.concatenate([pleat, pleat[::-1] + down * distance * 0.03]), darker)


def _hand(rgb: Rgb, head: Head, rng: Generator) -> None:
    w, h = head.box_wh
    palette = ((224, 176, 150), (186, 132, 102), (120, 80, 60), (72, 50, 40), (30, 30, 34), (200, 200, 196))
    colour = [int(c) for c in palette[int(rng.integers(len(palette)))]]
    size = np.array([w * rng.uniform(0.45, 0.6), h * rng.uniform(0.4, 0.55)])
    centre = head.box[:2] + rng.uniform(0.2, 0.8, 2) * (w, h)
    angle = float(rng.uniform(0, np.pi))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    rim = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    rounded = np.stack([np.sign(f) * np.abs(f) ** 0.5 for f in (np.cos(rim), np.sin(rim))], 1)
    _polygon(rgb, centre + (rounded * size / 2) @ turn.T, colour)


def blurred(rgb: Rgb, kind: str, amount: float, rng: Generator) -> Rgb:
    """Return the picture out of focus (``gauss``, sigma in pixels) or smeared along a line (``motion``, length)."""
    if kind == "gauss":
        return np.asarray(cv2.GaussianBlur(rgb, (0, 0), amount), np.uint8)
    size = int(amount) | 1
    kernel = np.zeros((size, size), np.float32)
    angle, reach = float(rng.uniform(0, np.pi)), size / 2 * 16
    half = np.rint(np.array([np.cos(angle), np.sin(angle)]) * reach).astype(int)
    middle = size // 2 * 16
    ends = [(int(middle + way * half[0]), int(middle + way * half[1])) for way in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, _FINE)
    return np.asarray(cv2.filter2D(rgb, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE), np.uint8)


def dark(rgb: Rgb, gain: float) -> Rgb:
    """Return the picture with every sample multiplied by ``gain``."""
    return np.asarray(np.clip(np.rint(rgb * np.float32(gain)), 0, 255), np.uint8)
