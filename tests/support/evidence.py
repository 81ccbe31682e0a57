"""Figures of a whole evaluation, by hand: what a gate asks for, all of it just within its limits or far within."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from anonymizer_udfs.evidence.figure import Figure
from conf.gates import FACE_TIERS, Gate

RECOGNIZERS = ("arcface", "dlib_resnet")
IMAGES, GONE, FACES, PEOPLE = 400, 3, 500, 5000
TIERS = {"static": "T0", "parrot": "T1", "learned_linear": "T2", "learned_network": "T2"}


def figure(scope: str, name: str, value: float | None, of: dict[str, Any] | None = None, **more: Any) -> Figure:
    """Return a figure with dimensions as keywords."""
    return Figure(scope, name, value, tuple((of or {}).items()), **more)


def bounded(scope: str, name: str, high: float, of: dict[str, Any], **more: Any) -> Figure:
    """Return a figure of which the bound is ``high``, with 99% and of 5,000 people unless something else is said."""
    rest = {"high": high, "low": 0.0, "confidence": 0.99, "cases": PEOPLE, "people": PEOPLE} | more
    return figure(scope, name, high * 0.8, of, **rest)


def attack(gate: Gate, attack: str, tier: str, who: str | None, room: float = 0.9, **of: str) -> list[Figure]:
    """Return what one attacker reached by one recognizer: rank-1 in the gate's gallery and TAR, within its limits."""
    whose = {"attack": attack, "tier": tier, "gallery": str(gate.gallery), **of} | ({"recognizer": who} if who else {})
    return [
        bounded("attack", "rank1", gate.named_most * room, whose),
        bounded("attack", "tar", gate.matched_most * room, whose | {"fmr": f"{gate.fmr:g}"}),
    ]


def counted() -> list[Figure]:
    """Return what is counted over every image, by the evaluation and by its look at the files."""
    return [
        figure("evaluation", "images", IMAGES, cases=IMAGES),
        figure("evaluation", "faces", FACES, cases=FACES),
        figure("evaluation", "people", PEOPLE, cases=PEOPLE),
        figure("evaluation", "gone", GONE, cases=IMAGES),
        figure("evaluation", "changed", 0, cases=IMAGES),
        figure("images", "metadata_left", 0, cases=IMAGES),
        figure("images", "outside_changed", 0, cases=IMAGES - GONE),
        figure("images", "reencoded", 0, cases=IMAGES),
        figure("images", "held_back", 2, cases=IMAGES),
    ]


def controls(who: Iterable[str] = RECOGNIZERS, passed: str = "yes") -> list[Figure]:
    """Return the four controls, by each recognizer."""
    found = {
        "clear_found": (0.94, "0.84"),
        "weak_blur_broken": (0.91, "0.8"),
        "learned_over_static": (0.47, "0.39"),
        "stranger_found": (0.0009, "0.001"),
    }
    return [
        figure("control", name, value, {"recognizer": one, "asked": asked, "passed": passed}, cases=1104, people=1104)
        for one in who
        for name, (value, asked) in found.items()
    ]


def whole(gate: Gate, *, room: float = 0.9, context: bool = True, who: Iterable[str] = RECOGNIZERS) -> list[Figure]:
    """Return all that a gate asks for, each bound at ``room`` of its limit; good for the strongest word."""
    out = counted()
    for one in who:
        for tier in FACE_TIERS:
            out += [figure for name in gate.attacks[tier] for figure in attack(gate, name, tier, one, room)]
        linked = {"recognizer": one}
        out += [
            bounded("linkability", "d_sys_excess", gate.linked_most * room, linked, people=None),
            figure("linkability", "eer", 0.497, linked, low=0.489, high=0.505, confidence=0.99, cases=PEOPLE),
        ]
    out += attack(gate, "replay", "T5", None, room)[:1]
    around = [(name, one) for name in gate.attacks["T4"] for one in who] if context else []
    out += [figure for name, one in around for figure in attack(gate, name, "T4", one, room)[:1]]
    out.append(bounded("canary", "missed", gate.visible_most * room, {"kind": "face"}, people=None))
    return out + controls(who)


def stood_in(gate: Gate, low: float, people: str = "canaries", **more: Any) -> list[Figure]:
    """Return what one attacker reached on people who stand in for others, with a bound from below."""
    whose = {"people": people, "attack": "static", "tier": "T0", "recognizer": "dlib_resnet"}
    rest = {"low": low, "high": min(1.0, low + 0.02), "confidence": gate.confidence, "cases": 200, "people": 200} | more
    ranked, matched = whose | {"gallery": str(gate.gallery)}, whose | {"fmr": f"{gate.fmr:g}"}
    value = low + 0.01
    return [figure("stand_in", "rank1", value, ranked, **rest), figure("stand_in", "tar", value, matched, **rest)]


def drawn(gate: Gate, who: Iterable[str] = RECOGNIZERS, strong: float = 0.0) -> list[Figure]:
    """Return the points of curves and the equal error rate of each attacker of faces; ``strong`` of 0 is chance."""
    out = []
    for one in who:
        for tier in FACE_TIERS:
            for place, name in enumerate(gate.attacks[tier]):
                of = {"attack": name, "tier": tier, "recognizer": one, "gallery": str(gate.gallery)}
                reach = strong * (0.5 + 0.1 * place + 0.1 * FACE_TIERS.index(tier))
                for rank in range(1, 21):
                    share = min(1.0, rank / gate.gallery + reach * (1 - 0.7 ** (rank + 2)))
                    out.append(figure("attack", "cmc", share, of | {"rank": str(rank)}, cases=PEOPLE))
                for point in range(-16, 1):
                    fmr = 10 ** (point / 4)
                    missed = (1 - fmr) * (1 - reach)
                    out.append(figure("attack", "det", missed, of | {"fmr": f"{fmr:.6g}"}, cases=PEOPLE))
                out.append(figure("attack", "eer", 0.499 - reach / 3, of, cases=PEOPLE))
    return out


def kept() -> list[Figure]:
    """Return some measures of use."""
    cases = {"psnr_inside": 11.2, "ssim_inside": 0.08, "ssim_outside": 1.0, "retained": 0.41}
    task = {"task": "label", "model": "linear"}
    return [
        *(figure("utility", name, value, cases=FACES, low=value * 0.9) for name, value in cases.items()),
        figure("downstream", "accuracy", 0.861, task | {"trained": "clear"}, cases=300),
        figure("downstream", "accuracy", 0.853, task | {"trained": "anonymized"}, cases=300),
        figure("evaluation", "seconds", 754.0, cases=1),
    ]


def changed(figures: Iterable[Figure], where: Callable[[Figure], bool], **values: Any) -> list[Figure]:
    """Return figures of which some have other values."""
    return [replace(one, **values) if where(one) else one for one in figures]


def named(name: str, **of: str) -> Callable[[Figure], bool]:
    """Return what tells the figures of a name, and of some dimensions, from others."""
    return lambda one: one.name == name and all(one.of(k) == v for k, v in of.items())
