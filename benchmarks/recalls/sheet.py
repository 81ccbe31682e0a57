"""A contact sheet of scenes, so that a person can see what is measured. It shows people: never commit one."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from benchmarks.recalls.finders import seen
from benchmarks.recalls.portraits import Rgb
from benchmarks.recalls.scenes import Scene

TILE_WH = (400, 300)
ACROSS = 4
_GREEN, _WHITE, _GROUND = (0, 255, 0), (255, 255, 255), 40


def write(file: Path, scenes: Iterable[tuple[str, Scene]]) -> int:
    """Write the sheet, the true boxes drawn in, and return how many scenes are on it.

    Args:
        file: ``.jpg`` or ``.png``.
        scenes: each with the name that is written under it.

    Raises:
        SystemExit: there is no scene, or the file cannot be written.
    """
    tiles = [_tile(name, scene) for name, scene in scenes]
    if not tiles:
        raise SystemExit("there is no scene to show")
    count = len(tiles)
    tiles += [np.full((TILE_WH[1], TILE_WH[0], 3), _GROUND, np.uint8)] * (-count % ACROSS)
    rows = [np.hstack(tiles[i : i + ACROSS]) for i in range(0, len(tiles), ACROSS)]
    file.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(file), np.vstack(rows)[..., ::-1]):
        raise SystemExit(f"{file} cannot be written; it has to end in .jpg or .png")
    return count


def _tile(name: str, scene: Scene) -> Rgb:
    rgb = seen(scene.data).copy()
    h, w = rgb.shape[:2]
    for x0, y0, x1, y1 in np.rint(scene.truth).astype(int).tolist():
        cv2.rectangle(rgb, (x0, y0), (x1, y1), _GREEN, max(1, h // TILE_WH[1]))
    scale = min(TILE_WH[0] / w, TILE_WH[1] / h)
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    out = np.full((TILE_WH[1], TILE_WH[0], 3), _GROUND, np.uint8)
    out[: size[1], : size[0]] = small
    cv2.putText(out, name, (4, TILE_WH[1] - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(out, name, (4, TILE_WH[1] - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.5, _WHITE, 1, cv2.LINE_AA)
    return out
