"""From the command line to people, recognizers, landmarker and strengths; what is not there is said and left out."""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from anonymizer_udfs import detection, landmarks, methods, recognition
from anonymizer_udfs.errors import FaceveilError, ModelMissingError, SpecError
from anonymizer_udfs.landmarks import Landmarker
from anonymizer_udfs.methods import parts
from anonymizer_udfs.methods.base import FromVault, Method, models_of
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.models.registry import roots
from anonymizer_udfs.models.sessions import locate
from anonymizer_udfs.policy import REGION_RATIO_MAX
from benchmarks.frontiers import learned, people
from benchmarks.frontiers.kept import Looker
from benchmarks.frontiers.learned import Made
from benchmarks.frontiers.parts import Without
from benchmarks.frontiers.rows import Setup
from benchmarks.frontiers.strengths import STRENGTHS, Strength
from benchmarks.landmarks import LICENCE as OF_DLIB68
from benchmarks.recalls.choice import LICENCE, say
from jobs.models import cache_dir, registry

NOBODY = "none"


def setup(args: argparse.Namespace, kept: Path) -> tuple[Setup, Made]:
    """Return people and who looks at them, and what methods take from a vault, made of all photos.

    Raises:
        SystemExit: there is no such folder, or there are not two people with two photos in it.
    """
    if not args.photos.is_dir():
        raise SystemExit(f"no photos in {args.photos}: give the folder PHOTOS, or set FACEVEIL_TEST_PHOTOS")
    runtime, detector = _runtime(args), detection.build("centerface")
    known = every = people.load(args.photos, args.learn_from, detector, runtime, kept)
    known = known if args.all_photos else people.pairs_alone(known)
    if args.people:
        known = people.first(known, args.people)
    points, folder = landmarker(args, runtime), kept / "models"
    folder.mkdir(parents=True, exist_ok=True)
    runtime = replace(runtime, roots=(*runtime.roots, str(folder)))
    found = Setup(known, tuple(_recognizers(args)), Looker(detector, points, runtime), runtime)
    return found, Made(every, points, runtime)


def strengths(args: argparse.Namespace, made: Made | None = None) -> list[Strength]:
    """Return what is measured: methods named, methods wished for, parts of a face; all methods where none is asked for.

    Args:
        args: the command line.
        made: gives methods what they take from a vault; none: those that need it are left out.

    Raises:
        SystemExit: a name that no method has, a wish that none can be made of, or nothing is left.
    """
    names = args.methods.split(",") if args.methods else () if args.method or args.parts else STRENGTHS
    for name in names:
        if name not in STRENGTHS:
            raise SystemExit(f"no method is called {name!r}; known: {', '.join(STRENGTHS)}")
    more = {} if made is None or made.landmarker is None else learned.strengths(made.landmarker)
    asked = [one for name in names for one in (*STRENGTHS[name], *more.get(name, ()))]
    asked += [Strength(_wished(wish, args), args.region_ratio) for wish in args.method]
    asked += [Strength(Without(part), REGION_RATIO_MAX) for part in (parts.DROPS if args.parts else ())]
    runtime = _runtime(args)
    if made is not None:
        asked, runtime = list(_bound(asked, made)), made.runtime
    chosen = list(_usable(asked, runtime))
    if not chosen:
        raise SystemExit("no method is left")
    return chosen


def _bound(asked: Iterable[Strength], made: Made) -> Iterator[Strength]:
    """Yield the strengths with what their methods take from a vault; says once for each method what cannot be made."""
    said = set()
    for one in asked:
        try:
            yield replace(one, method=made.bound(one.method))
        except SpecError as error:
            if one.method.name not in said:
                said.add(one.method.name)
                say(f"left out: {one.method.name}: {error}")


def _usable(asked: Iterable[Strength], runtime: Runtime) -> Iterator[Strength]:
    """Yield the strengths whose models are there; says once for each method why it is left out."""
    said = set()
    for one in asked:
        why = lacking(one.method, runtime)
        if why is None:
            yield one
        elif (one.method.name, why) not in said:
            said.add((one.method.name, why))
            say(f"left out: {one.method.name}: {why}")


def lacking(method: Method, runtime: Runtime) -> str | None:
    """Return which model a method lacks, in words; none where it has what it needs."""
    try:
        for ref in models_of(method):
            locate(ref, runtime)
    except (ModelMissingError, SpecError) as error:
        return str(error)
    if isinstance(method, FromVault) and method.vault_model is not None and method.model is None:
        return f"its model is made from a lake and lies in the vault as {method.vault_model}; name a file by --method"
    return None


def _wished(wish: str, args: argparse.Namespace) -> Method:
    """Return the method that a wish in YAML names, as a policy would."""
    try:
        return methods.build(_with_model(yaml.safe_load(wish), args))
    except (FaceveilError, yaml.YAMLError) as error:
        raise SystemExit(f"no method can be made of {wish!r}: {error}") from error


def _with_model(wish: Any, args: argparse.Namespace) -> Any:
    """Return a wish with the names of models resolved: each ``model`` that is one, at any depth."""
    if not isinstance(wish, dict):
        return wish
    inner = {key: _with_model(value, args) for key, value in wish.items()}
    if isinstance(inner.get("model"), str):
        accepted = [LICENCE, OF_DLIB68, *args.accept_licence]
        inner["model"] = registry().resolve(inner["model"], accepted, _local_dirs(args))
    return inner


def _recognizers(args: argparse.Namespace) -> Iterator[recognition.Recognizer]:
    yield recognition.build("dlib_resnet")
    if args.local_dir:
        ref = registry().resolve(args.arcface, [LICENCE], _local_dirs(args))
        yield recognition.build({"name": "arcface", "model": ref})
    else:
        say("left out: arcface: no InsightFace pack; give --local-dir and --arcface")


def landmarker(args: argparse.Namespace, runtime: Runtime) -> Landmarker | None:
    """Return who finds 68 points, or none where nobody was named or the model was not fetched."""
    wish = yaml.safe_load(args.landmarker)
    if wish == NOBODY:
        return None
    wish = {"name": wish, "model": wish} if isinstance(wish, str) else wish
    try:
        found = landmarks.build(_with_model(wish, args))
        locate(found.model, runtime)
    except FaceveilError as error:
        say(f"left out: 68 points, pose, eyes, mouth and gaze: {error}")
        return None
    return found


def _runtime(args: argparse.Namespace) -> Runtime:
    return Runtime(roots(cache_dir(), _local_dirs(args)))


def _local_dirs(args: argparse.Namespace) -> list[str]:
    return [args.local_dir] if args.local_dir else []
