"""ArcFace (Deng et al. 2019, arXiv:1801.07698) from an InsightFace pack; for non-commercial use."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import ModelFormatError
from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.sessions import pack_model
from anonymizer_udfs.recognition import alignment
from anonymizer_udfs.recognition.base import Landmarks, Rgb, Templates


@dataclass(frozen=True)
class ArcFace:
    """Templates of unit length whose cosine is high for one person.

    Attributes:
        model: A recognition model of a pack, such as ``buffalo_l/w600k_r50.onnx``; its input is 112x112. There is no
            default, since its licence must be accepted by name.
    """

    model: ModelRef
    name: ClassVar[str] = "arcface"

    def embed(self, rgb: Rgb, landmarks: Landmarks, detector: str, runtime: Runtime) -> Templates:
        """Return one template a face, float32 ``(n, d)``, of unit length; d is the model's; see the Protocol.

        Raises:
            ModelFormatError: if the model is no ArcFace of 112x112.
        """
        onto = alignment.target(alignment.ARCFACE, detector)
        loaded = pack_model(self.model, runtime)
        side = alignment.ARCFACE_SIDE_PX
        if getattr(loaded, "taskname", "") != "recognition" or tuple(loaded.input_size) != (side, side):
            raise ModelFormatError(f"model {self.model.name}: expected an ArcFace model with an input of {side}x{side}")
        faces = alignment.chips(rgb, landmarks, onto, side)
        out = np.zeros((len(faces), int(loaded.output_shape[-1])), np.float32)
        for i, face in enumerate(faces):  # some packs declare a batch of one and take no other
            out[i] = loaded.forward(face.transpose(2, 0, 1)[None].astype(np.float32))[0]
        return _unit(out)

    def similarity(self, probes: Templates, gallery: Templates) -> NDArray[np.float32]:
        """Return the cosine in [-1, 1]; 0 where a template is all zeros.

        Examples:
            >>> arcface = ArcFace(ModelRef("pack/file", "pack/file", 64 * "0"))
            >>> arcface.similarity(np.array([[2, 0]], np.float32), np.array([[1, 0], [0, 5]], np.float32)).tolist()
            [[1.0, 0.0]]
        """
        return np.asarray(np.clip(_unit(probes) @ _unit(gallery).T, -1, 1), np.float32)

    def factors(self, probes: Templates, gallery: Templates) -> tuple[Templates, Templates]:
        """Return both at length 1, whose product is the cosine; see the Protocol."""
        return _unit(probes), _unit(gallery)

    def from_product(self, products: NDArray[np.float32], probes: Templates) -> NDArray[np.float64]:
        """Return the cosine itself; see the Protocol."""
        del probes
        return np.asarray(products, np.float64)


def _unit(templates: Templates) -> Templates:
    length = np.linalg.norm(templates.astype(np.float64), axis=1, keepdims=True)
    return np.asarray(templates / np.where(length > 0, length, 1), np.float32)
