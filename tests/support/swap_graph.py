"""A small ONNX graph with the inputs and outputs of InsightFace's ``inswapper``."""

import numpy as np

from tests.support.onnx_builder import Builder


def swapper() -> bytes:
    """Return a graph that blurs and inverts the face, each colour as strongly as follows from the identity.

    Its last constant is what identities are multiplied with first, by whoever runs it, as in the real one.
    """
    draw, graph = np.random.default_rng(0), Builder()
    cells = graph.op("AveragePool", "target", kernel_shape=[9, 9], pads=[4, 4, 4, 4], strides=[1, 1])
    tones = graph.op("MatMul", "source", graph.const(3 * draw.standard_normal((512, 3))))
    tinted = graph.op("Reshape", graph.op("Sigmoid", tones), graph.const([1, 3, 1, 1], np.int64))
    graph.output("output", graph.op("Mul", graph.op("Sub", graph.const([1.0]), cells), tinted))
    graph.const(draw.standard_normal((512, 512)))
    return graph.model({"target": [1, 3, 128, 128], "source": [1, 512]}, {"output": [1, 3, 128, 128]})
