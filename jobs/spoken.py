"""Detection plans and policies in words: what each pass shows, who looks and when. Needs no Spark and no model."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from anonymizer_udfs import methods
from anonymizer_udfs.detection.passes import Pass, Zoom
from anonymizer_udfs.detection.plans import THOROUGH, Plan
from anonymizer_udfs.methods import Method
from anonymizer_udfs.policy import MASKED, KindRule, Policy
from anonymizer_udfs.risk import Risk
from anonymizer_udfs.steps import Step, told

HEAD = ("pass", "what it shows", "who looks", "when")
PURPOSES = {
    "fast": "a coarse look, a finer one by the cheaper detector, and a nearer one at what is not sure",
    "balanced": "the cheaper detector, at every pixel where faces are small; turned where none is certain",
    "thorough": "every size, turn and side, on every picture",
}
"""What each plan that ships is, in one line."""
_FOUND = {
    "nothing_found": "no face",
    "none_certain": "no certain face",
    "unsure_found": "an unsure face",
    "rolled_found": "a rolled face",
    "small_found": "a small face",
}
_QUARTER = 90


def rows(plan: Plan) -> tuple[tuple[str, str, str, str], ...]:
    """Return the passes of a plan in the columns of :data:`HEAD`."""
    return tuple((one.name, shows(one), ", ".join(one.detectors) or "all", when(one)) for one in plan.passes)


def shows(one: Pass | Zoom) -> str:
    """Return what a pass shows of a picture.

    Examples:
        >>> shows(Pass("small", (1, 192), margin_ratio=0.5))
        'the picture, at most 192 px long; a black margin of 0.5 of that around it'
        >>> shows(Pass("fine", (896, 8192), enlarge_max=1.4, turns=(1, 2, 3)))
        'the picture, 896 to 8192 px long (enlarged 1.4x at most), in tiles of 1280 px; turned by 90, 180 and 270°'
    """
    parts = [_close_ups(one) if isinstance(one, Zoom) else _whole(one)]
    turns = one.turns_degrees if isinstance(one, Zoom) else [turn * _QUARTER for turn in one.turns]
    if any(turns):
        parts.append(f"{'also ' if 0 in turns else ''}turned by {_degrees(turns)}")
    if one.mirrored:
        parts.append("mirrored")
    if isinstance(one, Pass) and one.margin_ratio:
        parts.append(f"a black margin of {one.margin_ratio:g} of that around it")
    if isinstance(one, Pass) and one.equalized:
        parts.append("contrast equalized")
    if isinstance(one, Pass) and one.face_px_max < Pass.face_px_max:
        parts.append(f"faces of at most {one.face_px_max} px as they are shown")
    return "; ".join(parts)


def _whole(one: Pass) -> str:
    least, greatest = one.long_side_px
    enlarged = least > 1 and one.enlarge_max > 1
    long = f"{least} to {greatest} px long (enlarged {one.enlarge_max:g}x at most)" if enlarged else ""
    tiled = f", in tiles of {one.tile_px} px" if greatest > one.tile_px else ""
    return f"the picture, {long or f'at most {greatest} px long'}{tiled}"


def _close_ups(one: Zoom) -> str:
    which = f"what is not sure (from {one.least:g} on, {one.most} at most)"
    return f"close-ups of {which}, upright, {one.zoom_px} px long in a square of {one.side_px}"


def _degrees(turns: Sequence[float]) -> str:
    *before, last = [f"{turn:g}" for turn in turns if turn]
    return f"{', '.join(before)} and {last}°" if before else f"{last}°"


def when(one: Pass | Zoom) -> str:
    """Return when a pass is made.

    Examples:
        >>> when(Pass("a", (1, 640), when=("nothing_found", "rolled_found", "dark")))
        'no face or a rolled face was found, or the picture is dark'
        >>> when(Pass("a", (1, 640))), when(Zoom("b", 48))
        ('always', 'something is not sure')
    """
    if not one.when:
        return "something is not sure" if isinstance(one, Zoom) else "always"
    *before, last = [_FOUND[name] for name in one.when if name in _FOUND] or [""]
    found = f"{', '.join(before)} or {last}" if before else last
    dark = "the picture is dark" if "dark" in one.when else ""
    return ", or ".join(filter(None, [f"{found} was found" if found else "", dark]))


def chain(rule: KindRule) -> str:
    """Return a chain of methods from mild to strong, each with its parameters; the mask as it is by default without.

    Examples:
        >>> chain(KindRule((methods.Pixelate(5, 0.1), methods.Mask()), 1.6))
        'pixelate(cells=5, noise_ratio=0.1) > mask'
        >>> chain(KindRule((methods.Regions(2, methods.Mask(), methods.Noise(2)), methods.Mask()), 1.6))
        'regions(parts=eyes+nose, method=mask(level_ratio=0.5, form=block), rest=noise(amplitude=2, scope=face)) > mask'
        >>> chain(KindRule((methods.Mask(0.0, "icon"),), 1.6))
        'mask(level_ratio=0, form=icon)'
    """
    return " > ".join(one.name if one == methods.Mask() else _with_parameters(one) for one in rule.chain)


def _with_parameters(method: Method) -> str:
    return _named(method.name, methods.parameters(method))


def _named(name: str, parameters: Mapping[str, Any]) -> str:
    said = ", ".join(f"{key}={value(one)}" for key, one in parameters.items())
    return f"{name}({said})" if said else name


def value(one: Any) -> str:
    """Return a parameter's value: a number, a word, a list of words, a method with its own, or that it has none."""
    if one is None:
        return "none"
    if isinstance(one, Mapping):
        return _named(one["name"], {key: inner for key, inner in one.items() if key != "name"})
    if isinstance(one, list):
        return "+".join(map(value, one))
    return one if isinstance(one, str) else f"{one:g}"


def policy(one: Policy) -> list[str]:
    """Return what a policy does, a sentence a line."""
    detectors = " and ".join(who.name for who in one.detectors)
    purpose = PURPOSES.get(one.plan.name, "a plan of its own")
    sure, unsure = (f"{value:g}" for value in (one.bands.sure, one.bands.unsure))
    lines = [
        f"{detectors} look by the plan {one.plan.name}: {purpose}.",
        f"What is found with {unsure} or more is anonymized; below {sure} a person has to look at the image as well.",
        *_steps(one.steps),
        _rule("face", one.face),
    ]
    if one.plate is not None:
        lines.append(_rule("licence plate", one.plate))
    if one.plan.name != THOROUGH.name:
        share = f"{one.thorough_share:.0%}" if one.thorough_share else "none"
        lines.append(
            f"Of the pictures in which nothing is found, {share} are searched by the plan {THOROUGH.name} as well."
        )
    if one.risk is not None:
        lines.append(_risk(one.risk))
    again = f"searched again by the plan {one.second_look.name}" if one.second_look else "not searched again"
    lines.append(f"What is stored is decoded, compared, and {again}.")
    lines.append(
        f"Each face that is not under an opaque mask is attacked in the bytes to be stored, by {', '.join(one.panel)}; "
        "where it is still like its original, all faces of the image get the next method of the chain."
    )
    if one.unjudged == MASKED:
        lines.append("So they do, and the last one at once, where nobody can judge a face.")
    if one.keep:
        lines.append("Faces of people who consented (faceveil keep) stay visible.")
    shown = "show originals beside results" if one.originals_visible else "show results only"
    rank = f"Its tier is {one.tier}" if one.tier else "It has no tier"
    return [*lines, f"Contact sheets {shown}.", f"{rank}; a policy of a higher tier protects more."]


def _steps(steps: Sequence[Step]) -> list[str]:
    """Return what is done with the whole picture, if anything."""
    if not steps:
        return []
    order = ", ".join(map(told, steps))
    exact = "Outside the regions the result is exact against what these make, not against the source."
    return [f"Before faces are treated every pixel is changed, in this order: {order}. {exact}"]


def _risk(one: Risk) -> str:
    """Return when an image is raised."""
    parts = ", ".join(f"{name} {value / one.weights.total:.2g}" for name, value in asdict(one.weights).items() if value)
    return (
        f"An image whose risk score is {one.raise_at:g} or more is searched and treated as {one.to} says; none is ever "
        f"lowered. The score, from 0 to 1, weighs: {parts}."
    )


def _rule(kind: str, rule: KindRule) -> str:
    """Return what is done with the regions of a kind."""
    first, *others = [
        _with_parameters(one) if i + 1 < len(rule.chain) else one.name for i, one in enumerate(rule.chain)
    ]
    harder = f"; behind it in the chain, which no run climbs yet: {', then '.join(others)}" if others else ""
    said = f"The region of a {kind} is {rule.region_ratio:g} times the detector's box, and gets {first}{harder}."
    if rule.around is None:
        return said
    return f"{said} Before that, {', '.join(rule.around.parts)} around it get {_with_parameters(rule.around.method)}."
