"""The models that members of families use unless told otherwise; a test holds them equal to ``conf/models.yaml``."""

from anonymizer_udfs.models.base import ModelRef

CENTERFACE = ModelRef.fetched("centerface", "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc")
"""Detector: CenterFace, MIT."""

DLIB_RESNET = ModelRef.fetched("dlib_resnet", "f7d5155c52ac6bf46b0947888dcaf1abe62499dadad957f356bcdb2fbaaf4ba2")
"""Recognizer: dlib's ResNet-29, CC0, converted to ONNX by :mod:`anonymizer_udfs.models.convert_dlib`."""

DLIB_MMOD = ModelRef.fetched("dlib_mmod", "381a2833bb1be27b55388f1e761bafd6d7bd17dfa3110537d6a3afc7149dc815")
"""Detector: dlib's CNN face detector, CC0, converted to ONNX by :mod:`anonymizer_udfs.models.convert_dlib_mmod`."""

YUNET = ModelRef.fetched("yunet", "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4")
"""Detector: YuNet of March 2023, MIT."""
