"""Steps: what is done with every pixel of a picture before its faces are treated.

To add one: one file with a frozen dataclass, one line in ``STEPS``; ``tests/unit/steps`` does the rest.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from anonymizer_udfs import family
from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.steps.base import Moved, Step
from anonymizer_udfs.steps.grey import Grey
from anonymizer_udfs.steps.mirror import Mirror
from anonymizer_udfs.steps.shrink import Shrink
from anonymizer_udfs.steps.tones import Tones

__all__ = ["STEPS", "Grey", "Mirror", "Moved", "Shrink", "Step", "Tones", "build", "told"]

STEPS: dict[str, type[Step]] = {
    "shrink": Shrink,
    "mirror": Mirror,
    "grey": Grey,
    "tones": Tones,
}


def build(wishes: object) -> tuple[Step, ...]:
    """Return the steps of a list, in its order; each is a name, or a mapping with ``name`` and parameters.

    Raises:
        UnknownNameError: a step, or a parameter of one, that nobody knows.
        SpecError: it is no list, a value is out of range, or a step comes twice.
    """
    if isinstance(wishes, str | Mapping) or not isinstance(wishes, Sequence):
        raise SpecError(f"steps must be a list of steps, got {wishes!r}")
    made = tuple(family.build("step", STEPS, wish) for wish in wishes)
    names = [one.name for one in made]
    if len(set(names)) < len(names):
        raise SpecError(f"steps must differ, got {', '.join(names)}")
    return made


def told(one: Step) -> str:
    """Return a step with its parameters, as rows tell it.

    Examples:
        >>> told(Shrink(800)), told(Grey())
        ('shrink(long_side_px=800)', 'grey')
    """
    said: dict[str, Any] = family.parameters(one)
    return f"{one.name}({', '.join(f'{key}={value}' for key, value in said.items())})" if said else one.name
