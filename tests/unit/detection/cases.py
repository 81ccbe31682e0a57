"""What the contract suite runs on: for each detector, a graph in its format that finds what a test paints.

To add a detector: a factory here and its line in ``CASES``. The graph takes a painted dot for a face (or a plate) and
draws a box of known size around it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.detection import CenterFace, Detector, DlibMmod, LpdYunet, Scrfd, Yolo, YuNet
from tests.support import graphs, mmod_graph, plate_graphs, scrfd_graph, yunet_graph

Rgb = NDArray[np.uint8]


@dataclass(frozen=True)
class Case:
    """One detector over a graph of the tests.

    Attributes:
        detector: the member, its model in the folder given.
        dot_px: side of the red square that is taken for a face; its corner is at multiples of this.
        box_wh: size of the box found around a dot's centre, in pixels.
        step_px: a dot may be at multiples of this.
        tolerance_px: how far a box may be from where it should be.
    """

    detector: Detector
    dot_px: int
    box_wh: tuple[float, float]
    step_px: int
    tolerance_px: float = 0.01

    def picture(self, wh: tuple[int, int], *dots: tuple[int, int]) -> Rgb:
        """Return a grey picture with dots; their corners are in steps of ``step_px``."""
        out = np.full((wh[1], wh[0], 3), 90, np.uint8)
        for column, row in dots:
            x, y = column * self.step_px, row * self.step_px
            out[y : y + self.dot_px, x : x + self.dot_px] = (255, 0, 0)
        return out

    def box(self, dot: tuple[int, int]) -> list[float]:
        """Return the box that belongs to a dot, not clipped."""
        x, y = (at * self.step_px + self.dot_px / 2 for at in dot)
        w, h = self.box_wh
        return [x - w / 2, y - h / 2, x + w / 2, y + h / 2]


def centerface(folder: Path) -> Case:
    """CenterFace over the red dot graph."""
    ref = graphs.stored(folder, "dots", graphs.red_dot_detector())
    return Case(CenterFace(model=ref), dot_px=4, box_wh=(graphs.FACE_PX, graphs.FACE_PX), step_px=4)


def yunet(folder: Path) -> Case:
    """YuNet over its red dot graph, declared for 640x640."""
    ref = graphs.stored(folder, "yunet_dots", yunet_graph.red_dots())
    side = yunet_graph.FACE_PX
    return Case(YuNet(model=ref), dot_px=yunet_graph.DOT_PX, box_wh=(side, side), step_px=yunet_graph.DOT_PX)


def scrfd(folder: Path) -> Case:
    """SCRFD over its red dot graph in the style whose sides are open."""
    ref = graphs.stored(folder, "scrfd_dots", scrfd_graph.red_dot_scrfd("open"))
    side = scrfd_graph.FACE_PX
    return Case(Scrfd(model=ref), dot_px=scrfd_graph.CELL_PX, box_wh=(side, side), step_px=scrfd_graph.CELL_PX)


def dlib(folder: Path) -> Case:
    """The detector of dlib over its red dot graph; a window is centred on a pixel, a dot on the border of four."""
    ref = graphs.stored(folder, "mmod_dots", mmod_graph.red_dots())
    dot, face = mmod_graph.DOT_PX, mmod_graph.FACE_PX
    return Case(DlibMmod(model=ref), dot_px=dot, box_wh=(face, face), step_px=dot, tolerance_px=0.51)


def yolo(folder: Path) -> Case:
    """A YOLO export without NMS and with an open input, over red dots of its class 2."""
    ref = graphs.stored(folder, "plates", plate_graphs.yolo("anchor_free"))
    side = plate_graphs.DOT_PX
    return Case(Yolo(ref, classes=(2,)), dot_px=side, box_wh=plate_graphs.PLATE_WH, step_px=side)


def lpd_yunet(folder: Path) -> Case:
    """LPD-YuNet over its red dot graph of 320x240, into which larger pictures are shrunk."""
    ref = graphs.stored(folder, "lpd_dots", plate_graphs.lpd_yunet())
    side = plate_graphs.DOT_PX
    return Case(LpdYunet(model=ref), dot_px=side, box_wh=plate_graphs.LPD_WH, step_px=side, tolerance_px=0.1)


CASES: dict[str, Callable[[Path], Case]] = {
    "centerface": centerface,
    "dlib": dlib,
    "lpd_yunet": lpd_yunet,
    "scrfd": scrfd,
    "yolo": yolo,
    "yunet": yunet,
}
