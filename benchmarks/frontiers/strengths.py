"""Every method at five strengths, mild to strong, each on the region that it is meant for."""

from dataclasses import dataclass

from anonymizer_udfs import methods
from anonymizer_udfs.methods import (
    Avatar,
    Blur,
    DpDct,
    DpPix,
    KSame,
    Latent,
    Mask,
    Method,
    Noise,
    Pixelate,
    Recolor,
    Regions,
    Scramble,
    StandIn,
    Swap,
    Warp,
)
from jobs import spoken


@dataclass(frozen=True)
class Strength:
    """One method as strong as it is set.

    Attributes:
        method: with its parameters.
        region_ratio: the region's size, relative to the detector's box.
        public: whether it is meant for publication, where rank-1 is asked to be chance.
    """

    method: Method
    region_ratio: float
    public: bool = False

    @property
    def label(self) -> str:
        """What it is in a few words, the same for equal ones only.

        Examples:
            >>> Strength(Pixelate(5), 1.6).label
            'pixelate cells=5 noise_ratio=0.1 region=1.6'
        """
        said = " ".join(f"{name}={spoken.value(value)}" for name, value in methods.parameters(self.method).items())
        return f"{self.method.name} {said} region={self.region_ratio:g}"


def _each(ratio: float, *chosen: Method) -> tuple[Strength, ...]:
    return tuple(Strength(one, ratio) for one in chosen)


STRENGTHS: dict[str, tuple[Strength, ...]] = {
    "mask": tuple(Strength(Mask(), ratio, ratio >= 2.0) for ratio in (1.0, 1.3, 1.6, 2.0, 2.5)),
    "pixelate": _each(1.6, *(Pixelate(n, s) for n, s in ((16, 0.0), (8, 0.0), (5, 0.0), (5, 0.1), (3, 0.3)))),
    "blur": _each(1.6, *(Blur(sigma) for sigma in (0.1, 0.15, 0.3, 0.5, 1.0))),
    "noise": _each(1.6, *(Noise(amplitude) for amplitude in (0.5, 1.0, 2.0, 4.0, 16.0))),
    "scramble": _each(1.6, *(Scramble("tiles", n) for n in (4, 8, 12, 24)), Scramble("phases")),
    "recolor": _each(1.6, *(Recolor(n, mix) for n, mix in ((64, 0.3), (16, 0.5), (6, 0.7), (3, 0.9), (2, 1.0)))),
    "dp_pix": _each(1.6, *(DpPix(epsilon) for epsilon in (8.0, 2.0, 0.5, 0.1, 0.01))),
    "dp_dct": _each(1.6, *(DpDct(e, n) for e, n in ((1000.0, 8), (100.0, 4), (30.0, 4), (10.0, 4), (3.0, 2)))),
    "avatar": tuple(
        Strength(Avatar(form, levels, noise), 2.0, form == "silhouette" or levels <= Avatar.levels)
        for form, levels, noise in (
            ("face", 32, 0.0),
            ("face", 12, 0.05),
            ("face", 6, 0.1),
            ("face", 4, 0.2),
            ("silhouette", 12, 0.05),
        )
    ),
    "warp": _each(1.6, *(Warp(amplitude) for amplitude in (0.05, 0.1, 0.15, 0.2, 0.25))),
    "regions": _each(1.6, *(Regions(n) for n in (1, 2, 3, 4)), Regions(4, Mask(), Pixelate(8, 0.0))),
    "k_same": _each(2.0, *(KSame(k) for k in (5, 10, 20, 50, 100))),
    "latent": _each(1.6, *(Latent(amount) for amount in (0.0, 0.25, 0.5, 0.75, 1.0))),
    "swap": tuple(Strength(Swap(), ratio) for ratio in (1.0, 1.3, 1.6, 2.0, 2.5)),
    "surrogate": _each(1.6, *(StandIn(cells=n) for n in (8, 6, 5, 3, 1))),  # by five points
}
"""By method, in the order of :data:`anonymizer_udfs.methods.METHODS`; a test holds it to be whole."""
