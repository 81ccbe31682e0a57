"""A lattice of nodes over a window of a patch: what varies smoothly is computed at few places and filled in between."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

GENTLE = 1 / 32
"""The most by which the first step of a flow may change from node to node, in nodes. From 1 on neighbours could change
places; this is as small as makes what is carried away from a point go 2.68 times as far, where it should be 2.72."""
STEEPEST = 1.0
"""The most by which a velocity may change from node to node, in nodes. Steeper ones are pressed together so much that
nodes are too few to tell where things go: none of 1,500 faces with points thrown about folded up to here, 1% up to 1.5.
"""


@dataclass(frozen=True)
class Lattice:
    """Nodes at the centres of equal cells that divide a window of a patch.

    Attributes:
        window: ``x0 y0 x1 y1`` in pixels of the patch, half-open; not empty.
        shape: nodes down and across.
    """

    window: tuple[int, int, int, int]
    shape: tuple[int, int]

    @classmethod
    def over(cls, window: tuple[int, int, int, int], cell_px: float, most: int = 96) -> "Lattice":
        """Return the nodes that are about ``cell_px`` apart, at most one a pixel and ``most`` along a side.

        Examples:
            >>> Lattice.over((10, 10, 50, 30), 8.0).shape
            (3, 5)
        """
        x0, y0, x1, y1 = window
        down, across = (min(most, side, math.ceil(side / max(cell_px, 1.0))) for side in (y1 - y0, x1 - x0))
        return cls(window, (down, across))

    @property
    def spacing(self) -> NDArray[np.float64]:
        """How far nodes are apart across and down, in pixels, ``(2,)``."""
        (x0, y0, x1, y1), (down, across) = self.window, self.shape
        return np.array([(x1 - x0) / across, (y1 - y0) / down])

    @property
    def nodes(self) -> NDArray[np.float64]:
        """Where they are, ``(down, across, 2)`` as x, y in pixels of the patch, whose corner is ``0, 0``."""
        (down, across), (step_x, step_y) = self.shape, self.spacing
        x = self.window[0] + (np.arange(across) + 0.5) * step_x
        y = self.window[1] + (np.arange(down) + 0.5) * step_y
        return np.stack(np.meshgrid(x, y), 2)

    def filled(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the values at each pixel of the window, ``(h, w, c)``, from those at the nodes, ``(down, across, c)``.

        Linear between nodes; beyond the outermost ones, which are half a cell from the edge, theirs. Up to 4 channels.
        """
        x0, y0, x1, y1 = self.window
        wide = cv2.resize(values.astype(np.float32), (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
        return np.asarray(wide.reshape(y1 - y0, x1 - x0, -1), np.float32)

    def flow(self, velocity: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return how far a thing at each node is carried in one unit of time, in pixels, ``(down, across, 2)``.

        Carried, not pushed once along its vector: paths in a flow never cross, so that however far it goes a picture
        that is sampled there does not fold. By scaling and squaring (Arsigny et al. 2006): a step so small that it
        cannot fold either, and then twice the way again and again.

        Args:
            velocity: at each node, in pixels; all of it is slowed down where it is steeper than :data:`STEEPEST`.
        """
        ways = (velocity / self.spacing).astype(np.float32)
        steep = float(max(np.abs(np.diff(ways, axis=axis)).max(initial=0.0) for axis in (0, 1)))
        doublings = max(0, math.ceil(math.log2(max(min(steep, STEEPEST), GENTLE) / GENTLE)))
        ways *= np.float32(min(1.0, STEEPEST / max(steep, STEEPEST)) / 2**doublings)
        at = np.stack(np.meshgrid(*(np.arange(n, dtype=np.float32) for n in self.shape[::-1])), 2)
        for _ in range(doublings):
            ways = ways + cv2.remap(ways, at + ways, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(ways * self.spacing, np.float32)
