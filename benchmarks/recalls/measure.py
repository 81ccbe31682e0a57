"""Every finder on every picture, in several processes; what was found before is not looked for again."""

import hashlib
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from anonymizer_udfs import boxes
from anonymizer_udfs.outcome import BadImageError
from benchmarks.recalls import scenes
from benchmarks.recalls.cells import Cell
from benchmarks.recalls.finders import Finder, Found
from benchmarks.recalls.layout import Layout, layouts
from benchmarks.recalls.portraits import Portrait
from benchmarks.recalls.store import Store, digest_of

CHUNK = 6
SAY_SECONDS = 30.0


class Work(Protocol):
    """One picture to measure on, in a few bytes: it is made where it is looked at."""

    @property
    def cell(self) -> str:
        """Return the name of what it belongs to."""
        ...

    def scene(self, setup: "Setup") -> scenes.Scene:
        """Return the picture and its faces."""
        ...


@dataclass(frozen=True)
class Composed:
    """A scene with faces put into it."""

    of: Cell
    layout: Layout

    @property
    def cell(self) -> str:
        """Return the cell's name."""
        return self.of.name

    def scene(self, setup: "Setup") -> scenes.Scene:
        """Return the scene."""
        return scenes.scene(self.of, self.layout, setup.portraits, setup.seed, setup.kept)


@dataclass(frozen=True)
class Setup:
    """What a process needs to work.

    Attributes:
        portraits: whose faces are put into scenes.
        finders: who looks.
        kept: the folder of answers and mattes.
        seed: of all scenes.
    """

    portraits: tuple[Portrait, ...]
    finders: tuple[Finder, ...]
    kept: Path
    seed: int = scenes.SEED


@dataclass(frozen=True, eq=False)
class Looked:
    """One picture as everybody saw it.

    Attributes:
        cell: what it belongs to.
        index: which picture of it.
        truth: true faces, ``(n, 4)``.
        ignored: what counts neither as missed nor as false.
        given: what each finder found, by its name.
    """

    cell: str
    index: int
    truth: boxes.Boxes
    ignored: boxes.Boxes
    given: Mapping[str, boxes.Boxes] = field(default_factory=dict)


def composed(cell: Cell, setup: Setup, faces: int) -> Iterator[Composed]:
    """Yield a cell's scenes until they hold ``faces`` faces; so many scenes for a cell without faces."""
    yield from (Composed(cell, one) for one in layouts(cell, setup.seed, len(setup.portraits), faces))


def measure(work: Iterable[Work], setup: Setup, processes: int) -> list[Looked]:
    """Return what everybody saw in each picture, in the order of ``work``; says how far it is.

    Args:
        work: the pictures.
        setup: who looks.
        processes: at least 1; with 1 everything runs in this process.
    """
    everything = list(work)
    chunks = [everything[i : i + CHUNK] for i in range(0, len(everything), CHUNK)]
    progress = _Progress(len(everything))
    if processes == 1:
        _start(setup)
        return [one for chunk in chunks for one in progress.after(_look(chunk))]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, _start, (setup,)) as pool:
        waiting: dict[Future[list[Looked]], int] = {pool.submit(_look, chunk): i for i, chunk in enumerate(chunks)}
        parts: dict[int, list[Looked]] = {}
        for future in as_completed(waiting):
            parts[waiting[future]] = progress.after(future.result())
    return [one for i in sorted(parts) for one in parts[i]]


class _Progress:
    """How far it is, told now and then on standard error."""

    def __init__(self, pictures: int) -> None:
        self._pictures, self._done = pictures, 0
        self._start = self._last = time.monotonic()

    def after(self, part: list[Looked]) -> list[Looked]:
        """Return the part, having counted it."""
        self._done += len(part)
        now = time.monotonic()
        if now - self._last >= SAY_SECONDS:
            self._last, speed = now, self._done / (now - self._start)
            left = (self._pictures - self._done) / speed / 60
            sys.stderr.write(f"{self._done} of {self._pictures} pictures, {speed:.1f}/s, {left:.0f} min left\n")
        return part


class _Worker:
    """What lives as long as a process."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.store = Store(setup.kept)
        self.keys = {finder.name: digest_of(finder) for finder in setup.finders}

    def answer(self, finder: Finder, data: bytes, digest: str) -> Found:
        """Return what a finder gives for a file; nothing for a file that it cannot read."""
        key = self.keys[finder.name]
        kept = self.store.get(key, digest)
        if kept is None:
            try:
                kept = finder.find(data)
            except BadImageError:
                kept = Found()
            self.store.put(key, digest, kept)
        return kept


_workers: dict[int, _Worker] = {}


def _start(setup: Setup) -> None:
    """Run once a process."""
    cv2.setNumThreads(1)
    _workers[os.getpid()] = _Worker(setup)


def _look(chunk: Sequence[Work]) -> list[Looked]:
    worker = _workers[os.getpid()]
    out = []
    for one in chunk:
        scene = one.scene(worker.setup)
        digest = hashlib.sha256(scene.data).hexdigest()
        given = {f.name: worker.answer(f, scene.data, digest).boxes_xyxy for f in worker.setup.finders}
        out.append(Looked(one.cell, scene.index, np.asarray(scene.truth), scene.ignored, given))
    return out
