"""``faceveil models``: what models there are, bring them into the cache, check them, make them faster.

Runs on the driver or at set-up; needs no Spark.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

import yaml

from anonymizer_udfs.errors import FaceveilError, LicenceError, ModelDigestError, ModelError, SpecError
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.cache import cache_dir
from anonymizer_udfs.models.fetch import check_format, fetch, present
from anonymizer_udfs.models.registry import Entry, Registry, pack_members, roots
from anonymizer_udfs.models.sessions import locate, session
from anonymizer_udfs.models.sources import PackSource
from conf.settings import SettingsError
from conf.settings import load as load_settings
from jobs import quantize
from jobs.parsing import Parser

__all__ = [
    "Context",
    "Row",
    "cache_dir",
    "check_models",
    "fetch_models",
    "list_models",
    "main",
    "registry",
    "run",
    "table",
]

DONE, FAILED, BAD_ARGUMENTS, CHECK_FAILED = 0, 1, 2, 5
_EXAMPLES = """  faceveil models list
  faceveil models fetch                       fetch the default models whose licence needs no word
  faceveil models fetch centerface
  faceveil models check --json
  faceveil models list --local-dir ~/.insightface --accept-licence insightface-non-commercial
  faceveil models check --set models.local_dirs='[/models]' buffalo_l/det_10g.onnx
  faceveil models quantize buffalo_m/det_2.5g.onnx --photos ./portraits --local-dir ~/.insightface
                                              a faster SCRFD for CPUs: the pack buffalo_m-int8

exit codes: 0 done, 1 failed, 2 bad arguments, 5 a check failed"""


@dataclass(frozen=True)
class Context:
    """What a run works with.

    Attributes:
        registry: The models.
        cache: The folder that fetched models lie in.
        local_dirs: Folders with InsightFace packs; the setting ``models.local_dirs``.
        accepted: Licences accepted by name; the setting ``models.licences_accepted``.
        photos: A folder of photos with faces, for ``quantize``.
    """

    registry: Registry
    cache: Path
    local_dirs: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    photos: Path | None = None

    @property
    def runtime(self) -> Runtime:
        """Where models lie, with one thread on the CPU."""
        return Runtime(roots(self.cache, self.local_dirs))

    def names(self) -> list[str]:
        """Return every model that can be named here: of the registry, then members of packs."""
        return [*self.registry.entries, *(pack_members(self.local_dirs) if self.registry.packs else ())]


@dataclass(frozen=True)
class Row:
    """One model in the answer of a command.

    Attributes:
        default: Whether it is fetched unless names are given.
        state: One word for how it is.
        detail: What to do.
    """

    name: str
    task: str
    licence: str
    commercial_use: bool
    default: bool
    state: str
    detail: str = ""


def registry() -> Registry:
    """Return the registry of ``conf/models.yaml``.

    Raises:
        SpecError: if the file is not as it should be.
    """
    return Registry.parse(yaml.safe_load((files("conf") / "models.yaml").read_text(encoding="utf-8")))


def _row(context: Context, name: str, state: str, detail: str = "") -> Row:
    terms = context.registry.terms(name)
    entry = context.registry.entries.get(name)
    task, default = (entry.task, entry.default) if entry else ("pack", False)
    return Row(name, task, terms.licence, terms.commercial_use, default, state, detail)


def _failed(context: Context, name: str, error: ModelError) -> Row:
    states = {LicenceError: "licence", ModelDigestError: "wrong"}
    return _row(context, name, states.get(type(error), "failed"), str(error))


def list_models(context: Context) -> list[Row]:
    """Return every model and whether it can be used now: ``ready``, ``missing``, ``wrong`` or ``licence``."""
    rows = []
    for name in context.names():
        try:
            ref = context.registry.resolve(name, context.accepted, context.local_dirs)
            found = _is_there(context, ref)
            if found:
                locate(ref, context.runtime)
            rows.append(_row(context, name, "ready" if found else "missing"))
        except ModelError as error:
            rows.append(_failed(context, name, error))
    return rows


def _is_there(context: Context, ref: ModelRef) -> bool:
    return any((Path(root) / ref.file).is_file() for root in context.runtime.roots)


def fetch_models(context: Context, names: Sequence[str] = ()) -> list[Row]:
    """Return what became of each model asked for: ``fetched``, ``present`` or why not.

    Without names, every default model is taken that can be fetched and whose licence is free or accepted.
    """
    return [_fetch_one(context, name) for name in names or [e.name for e in _fetchable(context) if e.default]]


def _fetchable(context: Context) -> list[Entry]:
    """Return the models that can be fetched and whose licence is free or accepted, default or not."""
    entries = context.registry.entries.values()
    usable = [e for e in entries if e.terms.commercial_use or e.terms.licence in context.accepted]
    return [e for e in usable if not isinstance(e.source, PackSource)]


def _fetch_one(context: Context, name: str) -> Row:
    try:
        context.registry.terms(name).require(name, context.accepted)
        if name not in context.registry.entries or isinstance(context.registry.entry(name).source, PackSource):
            context.registry.resolve(name, context.accepted, context.local_dirs)
            return _row(context, name, "present", "a pack is used where it lies and never fetched")
        entry = context.registry.entry(name)
        if present(entry, context.cache):
            return _row(context, name, "present")
        return _row(context, name, "fetched", str(fetch(entry, context.cache)))
    except ModelError as error:
        return _failed(context, name, error)


def check_models(context: Context, names: Sequence[str] = ()) -> list[Row]:
    """Return whether each model asked for is there, has its digest and its form and can be loaded: ``ok`` or why not.

    Without names, every model is checked that :func:`fetch_models` brings or has brought, and every pack's member whose
    licence is accepted.
    """
    rows = []
    usable = [n for n in context.names() if not context.registry.terms(n).commercial_use]
    packs = [n for n in usable if context.registry.terms(n).licence in context.accepted]
    brought = [e.name for e in _fetchable(context) if e.default or _is_there(context, e.ref)]
    for name in names or [*dict.fromkeys([*brought, *packs])]:
        try:
            ref = context.registry.resolve(name, context.accepted, context.local_dirs)
            check_format(ref, locate(ref, context.runtime).read_bytes())
            if ref.file.endswith(".onnx"):
                session(ref, context.runtime)
            rows.append(_row(context, name, "ok"))
        except ModelError as error:
            rows.append(_failed(context, name, error))
    return rows


def quantize_models(context: Context, names: Sequence[str] = ()) -> list[Row]:
    """Return what became of each SCRFD that was to be put into 8 bits: ``quantized``, and how it compares, or why not.

    Raises:
        SpecError: if there is no model, no folder of photos, or too few photos in it.
    """
    if not names or context.photos is None:
        raise SpecError("quantize takes the SCRFD of a pack, PACK/FILE.onnx, and --photos FOLDER with faces")
    return [_quantize_one(context, name, context.photos) for name in names]


def _quantize_one(context: Context, name: str, photos: Path) -> Row:
    try:
        ref = context.registry.resolve(name, context.accepted, context.local_dirs)
        return _row(context, name, "quantized", str(quantize.quantize(ref, context.runtime, photos)))
    except ModelError as error:
        return _failed(context, name, error)


_COMMANDS: dict[str, tuple[Callable[[Context, Sequence[str]], list[Row]], frozenset[str], int]] = {
    "list": (
        lambda context, _: list_models(context),
        frozenset(("ready", "missing", "wrong", "licence", "failed")),
        DONE,
    ),
    "fetch": (fetch_models, frozenset(("fetched", "present")), FAILED),
    "quantize": (quantize_models, frozenset(("quantized",)), FAILED),
    "check": (check_models, frozenset(("ok",)), CHECK_FAILED),
}
"""What each command does, the states that are well, and the exit code where one is not."""


def run(command: str, context: Context, names: Sequence[str] = ()) -> tuple[list[Row], int]:
    """Return what a command found and its exit code."""
    work, well, otherwise = _COMMANDS[command]
    for name in names:
        context.registry.terms(name)  # an unknown name is refused before anything is done
    rows = work(context, names)
    return rows, DONE if all(row.state in well for row in rows) else otherwise


def table(rows: Sequence[Row]) -> str:
    """Return the rows as an aligned table of plain text, details below it."""
    head = ("NAME", "TASK", "LICENCE", "COMMERCIAL", "DEFAULT", "STATE")
    said = {True: "yes", False: "no"}
    body = [(r.name, r.task, r.licence, said[r.commercial_use], said[r.default], r.state) for r in rows]
    widths = [max(len(line[i]) for line in (head, *body)) for i in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (head, *body)
    ]
    return "\n".join([*lines, *(f"{r.name}: {r.detail}" for r in rows if r.detail)])


def parser() -> Parser:
    """Return the parser of the command's arguments."""
    text = "List, fetch, check and quantize the models of conf/models.yaml and of InsightFace packs."
    top = Parser("models", text, f"{_EXAMPLES}\n\nmodels are kept in {cache_dir()} (FACEVEIL_HOME moves it)")
    top.add_argument("command", choices=sorted(_COMMANDS), help="what to do")
    top.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="a model, or PACK/FILE.onnx; none: all that are default and can be used",
    )
    top.add_argument("--profile", default="local", metavar="NAME", help="settings: local, cluster, gpu, s3 or a file")
    top.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides", help="one setting")
    top.add_argument("--json", action="store_true", help="write one JSON array instead of a table")
    top.add_argument("--local-dir", action="append", default=[], metavar="DIR", help="adds to models.local_dirs")
    top.add_argument(
        "--accept-licence", action="append", default=[], metavar="NAME", help="adds to models.licences_accepted"
    )
    top.add_argument(
        "--photos", type=Path, metavar="DIR", help="photos with faces, for quantize; nothing of them is kept"
    )
    return top


def _context(args: argparse.Namespace) -> Context:
    chosen = load_settings(args.profile, args.overrides).models
    dirs, accepted = (*chosen.local_dirs, *args.local_dir), (*chosen.licences_accepted, *args.accept_licence)
    return Context(registry(), cache_dir(), dirs, accepted, args.photos)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the arguments, run, and return the exit code: 0 done, 1 failed, 2 bad arguments, 5 a check failed."""
    try:
        args = parser().parse_args(argv)
    except SystemExit as stop:  # argparse has written why
        return int(stop.code or DONE)
    if args.command == "list" and args.names:
        sys.stderr.write("faceveil models list: takes no names\n")
        return BAD_ARGUMENTS
    try:
        rows, code = run(args.command, _context(args), args.names)
    except (SpecError, SettingsError) as error:
        sys.stderr.write(f"faceveil models: {error}\n")
        return BAD_ARGUMENTS
    except (FaceveilError, OSError) as error:
        sys.stderr.write(f"faceveil models: {error}\n")
        return FAILED
    sys.stdout.write((json.dumps([asdict(row) for row in rows], indent=1) if args.json else table(rows)) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
