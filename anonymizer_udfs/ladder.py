"""Whether one policy may take the place of another where more is at stake: it must do no less anywhere."""

from collections.abc import Iterator

from anonymizer_udfs.around import Around
from anonymizer_udfs.detection.plans import THOROUGH
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.policy import MASKED, TWO, UNRANKED, Policy
from anonymizer_udfs.rules import KindRule
from anonymizer_udfs.steps import told


def check(mild: Policy, strong: Policy) -> None:
    """Refuse a stronger policy that is not, in all that can be compared.

    A tier is what the owner says; detectors, regions, methods, what is around a face and the looks are compared, so
    that a raise never shows what would have been hidden without it. That a face which only the milder policy's plan
    finds is treated all the same is the pipeline's part.

    Raises:
        SpecError: naming what would be lowered.
    """
    said = f"risk raises {mild.name} to {strong.name}"
    if not UNRANKED < mild.tier < strong.tier:
        raise SpecError(
            f"{said}, whose tier must be the higher one of two that are above 0, got {mild.tier} and {strong.tier}"
        )
    lower = next(_lower(mild, strong), None)
    if lower is not None:
        raise SpecError(f"{said}, {lower}")


def _lower(mild: Policy, strong: Policy) -> Iterator[str]:
    """Yield what a policy does less of than a milder one."""
    asked = {one.name for one in strong.detectors}
    yield from (f"which does not ask {one.name}" for one in mild.detectors if one.name not in asked)
    yield from (f"whose panel does not have {name}" for name in mild.panel if name not in strong.panel)
    if mild.unjudged == MASKED != strong.unjudged and len(strong.face.chain) > 1:
        yield "which lets faces pass that its panel cannot judge"
    yield from (f"which does not take the step {told(one)}" for one in mild.steps if one not in strong.steps)
    for kind, one, other in (("face", mild.face, strong.face), ("plate", mild.plate, strong.plate)):
        if one is not None and other is None:
            yield f"which does nothing with a {kind}"
        elif one is not None and other is not None and (less := _less(one, other)) is not None:
            yield f"whose {less} of a {kind} is milder"
    if mild.review == TWO != strong.review:
        yield "which asks for one pair of eyes only"
    if mild.second_look is not None and strong.second_look is None:
        yield "which does not look again at what is stored"
    if strong.keep and not mild.keep:
        yield "which leaves people visible who consented"
    if strong.plan != THOROUGH and strong.thorough_share < mild.thorough_share:
        yield "which searches fewer pictures thoroughly in which nothing was found"


def _less(mild: KindRule, strong: KindRule) -> str | None:
    """Return which part of a rule is milder than that of a rule that should be stronger."""
    if strong.region_ratio < mild.region_ratio:
        return "region"
    if strong.chain[0].strength < mild.chain[0].strength:
        return "first method"
    if mild.around is not None and not _around(mild.around, strong.around):
        return "treatment around"
    return None


def _around(mild: Around, strong: Around | None) -> bool:
    """Return whether as much around a face is treated, as strongly."""
    if strong is None or not set(mild.parts) <= set(strong.parts):
        return False
    return strong.method.strength >= mild.method.strength
