"""Peak signal-to-noise ratio against a second implementation."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from anonymizer_udfs.utility import Pair, Psnr


@pytest.mark.parametrize("dtype", [pytest.param(np.uint8, id="8-bit"), pytest.param(np.uint16, id="16-bit")])
def test_equals_scikit_image(dtype: type[np.generic]) -> None:
    """Without regions it is the ratio of the whole picture, also across strips."""
    top = int(np.iinfo(dtype).max)
    before, after = np.random.default_rng(2).integers(0, top, (2, 600, 20, 3), dtype, endpoint=True)
    figure = Psnr().measure(Pair(before, after, np.zeros((0, 4), np.int64)))["psnr_outside"]
    assert abs(figure.value - peak_signal_noise_ratio(before, after, data_range=top)) < 1e-9
