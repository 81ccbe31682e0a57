"""Which pixels of a portrait are the person: GrabCut (Rother, Kolmogorov and Blake 2004) around a known face.

A head that brings the wall behind it into another picture has a halo that no real photo has, and the halo's edge could
help or hinder a detector.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
Floats = NDArray[np.float32]
REACH_RATIO = 1.75
"""Nothing further from the face than this, over its box, is taken along."""
SURE_RATIO, CORE_RATIO = 0.95, 1.15
"""Of the face's ellipse: within the first all is the person, and around the second the matte ends at the earliest."""
ROUNDS = 3
POWER = 2.5
"""Of the superellipse that bounds it all, between an ellipse (2) and the box: shoulders and neck come along."""
EDGE_SIGMA_PX = 1.2


def radii(shape_hw: tuple[int, ...], box: Floats, power: float) -> Floats:
    """Return how far each pixel's centre is from the box's, in half sides: 1 on the superellipse within the box."""
    h, w = shape_hw[:2]
    centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    u = np.abs((np.arange(w, dtype=np.float32) + 0.5 - centre[0]) / half[0]) ** power
    v = np.abs((np.arange(h, dtype=np.float32) + 0.5 - centre[1]) / half[1]) ** power
    return np.asarray((u[None, :] + v[:, None]) ** (1 / power), np.float32)


def person(rgb: Rgb, box: Floats) -> Floats:
    """Return the opacity of a person, ``(h, w)`` in [0, 1]; the face itself is always 1.

    Args:
        rgb: a photo, not enlarged: GrabCut takes 60 ms for 150x150 pixels.
        box: the face.
    """
    face = radii(rgb.shape, box, 2)
    marks = _guess(rgb.shape, box, face)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(1)  # its colour clusters start at random
    cv2.grabCut(np.ascontiguousarray(rgb[..., ::-1]), marks, None, *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    whole = ((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)).astype(np.uint8)
    _, pieces = cv2.connectedComponents(whole)
    middle = ((box[:2] + box[2:]) / 2).astype(int)
    one = (pieces == pieces[middle[1], middle[0]]).astype(np.float32)
    core = np.clip((CORE_RATIO + 0.1 - face) / 0.2, 0, 1)
    return np.asarray(np.maximum(cv2.GaussianBlur(one, (0, 0), EDGE_SIGMA_PX), core), np.float32)


def _guess(shape_hw: tuple[int, ...], box: Floats, face: Floats) -> NDArray[np.uint8]:
    """Return what GrabCut starts from: the face is certain, hair, neck and shoulders are likely."""
    h, w = shape_hw[:2]
    centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    within = radii(shape_hw, box, POWER) < REACH_RATIO
    marks = np.full((h, w), cv2.GC_BGD, np.uint8)
    marks[within] = cv2.GC_PR_BGD
    hair = np.array([*(centre - half * (1.35, 1.52)), *(centre + half * (1.35, 1.28))], np.float32)
    marks[(radii(shape_hw, hair, 2) < 1) & within] = cv2.GC_PR_FGD
    below = (np.arange(h) + 0.5 - box[3]) / half[1]
    wide = half[0] * (0.55 + 0.9 * np.clip(below, 0, 1))
    aside = np.abs(np.arange(w) + 0.5 - centre[0])
    marks[(below[:, None] > 0) & (aside[None, :] < wide[:, None]) & within] = cv2.GC_PR_FGD
    marks[face < SURE_RATIO] = cv2.GC_FGD
    return marks
