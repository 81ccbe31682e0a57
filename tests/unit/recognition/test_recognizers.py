"""The contract of all recognizers, on tiny models; and real ones where they are."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from anonymizer_udfs.detection import CenterFace
from anonymizer_udfs.errors import ModelFormatError, SpecError, UnknownNameError
from anonymizer_udfs.models import CENTERFACE, DLIB_RESNET, ModelRef, Runtime
from anonymizer_udfs.models.sessions import file_digest
from anonymizer_udfs.recognition import RECOGNIZERS, Recognizer, build
from jobs.models import cache_dir

ROOT = Path(__file__).resolve().parents[3]
FORMS = {
    "dlib_resnet": ("rgb", "template", ["n", 3, 150, 150], 128),
    "arcface": ("input", "output", [1, 3, 112, 112], 16),
}


def tiny(folder: Path, name: str, shape: list[int | str] | None = None) -> ModelRef:
    """Write a model with a recognizer's inputs and outputs: a strided convolution, averaged in four places."""
    given, gives, usual, width = FORMS[name]
    draw = np.random.default_rng(3)
    scale = 1 / 2000 if name == "dlib_resnet" else 1 / 16  # its input is 0 to 255, ArcFace's is -1 to 1
    weights = {"w": draw.standard_normal((width // 4, 3, 9, 9)) * scale, "b": draw.standard_normal(width // 4) / 9}
    pooled = -(-((shape or usual)[2] - 9) // 9 // 2)  # type: ignore[operator]
    graph = helper.make_graph(
        [
            helper.make_node("Conv", [given, "w", "b"], ["c"], strides=[9, 9]),
            helper.make_node("Relu", ["c"], ["r"]),
            helper.make_node("AveragePool", ["r"], ["p"], kernel_shape=[pooled, pooled], strides=[pooled, pooled]),
            helper.make_node("Flatten", ["p"], [gives]),
        ],
        "tiny",
        [helper.make_tensor_value_info(given, TensorProto.FLOAT, shape or usual)],
        [helper.make_tensor_value_info(gives, TensorProto.FLOAT, [usual[0], width])],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])
    (folder / "tiny.onnx").write_bytes(model.SerializeToString())
    return ModelRef("tiny", "tiny.onnx", file_digest(folder / "tiny.onnx"))


@pytest.fixture(params=sorted(RECOGNIZERS))
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Recognizer, Runtime]:
    """Return each recognizer with a tiny model and what runs it."""
    model = tiny(tmp_path, request.param)
    return build({"name": request.param, "model": model}), Runtime((str(tmp_path),))


def picture(seed: int = 0) -> NDArray[np.uint8]:
    """Return a picture of soft blobs."""
    small = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), np.uint8)
    return np.asarray(cv2.resize(small, (320, 240), interpolation=cv2.INTER_CUBIC), np.uint8)


def faces(n: int) -> NDArray[np.float32]:
    """Return the landmarks of ``n`` faces in different places."""
    one = np.array([[0, 0], [40, 0], [20, 20], [5, 40], [35, 40]], np.float32)
    return (
        np.stack([one + np.float32([30 + 20 * i, 60 + 7 * i]) for i in range(n)])
        if n
        else np.zeros((0, 5, 2), np.float32)
    )


def test_no_faces_no_templates(subject: tuple[Recognizer, Runtime]) -> None:
    """No landmarks give no templates, and no templates no similarities."""
    recognizer, runtime = subject
    none = recognizer.embed(picture(), faces(0), "scrfd", runtime)
    some = recognizer.embed(picture(), faces(2), "scrfd", runtime)
    assert none.shape == (0, some.shape[1])
    assert recognizer.similarity(none, some).shape == (0, 2)
    assert recognizer.similarity(some, none).shape == (2, 0)


@pytest.mark.parametrize("detector", ["scrfd", "centerface"])
def test_a_template_does_not_depend_on_the_others(subject: tuple[Recognizer, Runtime], detector: str) -> None:
    """Ten faces together give the same bits as one by one."""
    recognizer, runtime = subject
    together = recognizer.embed(picture(), faces(10), detector, runtime)
    alone = [recognizer.embed(picture(), faces(10)[i : i + 1], detector, runtime) for i in range(10)]
    assert together.dtype == np.float32
    assert np.array_equal(together, np.concatenate(alone))


def test_the_input_is_left_alone(subject: tuple[Recognizer, Runtime]) -> None:
    """Neither the picture nor the landmarks are changed."""
    recognizer, runtime = subject
    rgb, points = picture(), faces(2)
    recognizer.embed(rgb, points, "scrfd", runtime)
    assert np.array_equal(rgb, picture())
    assert np.array_equal(points, faces(2))


def test_a_face_is_most_like_itself(subject: tuple[Recognizer, Runtime]) -> None:
    """Similarity is 1 to oneself, symmetric, and lower to anybody else."""
    recognizer, runtime = subject
    templates = recognizer.embed(picture(), faces(4), "scrfd", runtime)
    similarity = recognizer.similarity(templates, templates)
    assert similarity.dtype == np.float32
    assert np.allclose(np.diag(similarity), 1, atol=1e-6)
    assert np.allclose(similarity, similarity.T, atol=1e-6)
    assert similarity[~np.eye(4, dtype=bool)].max() < 1 - 1e-4


def test_red_and_blue_are_told_apart(subject: tuple[Recognizer, Runtime]) -> None:
    """The channels reach the network in their order: a picture with red and blue exchanged has another template."""
    recognizer, runtime = subject
    straight = recognizer.embed(picture(), faces(1), "scrfd", runtime)
    swapped = recognizer.embed(np.ascontiguousarray(picture()[..., ::-1]), faces(1), "scrfd", runtime)
    assert np.abs(straight - swapped).max() > 1e-3


def test_an_unknown_detector_is_refused(subject: tuple[Recognizer, Runtime]) -> None:
    """Points of a detector without a target are an error."""
    recognizer, runtime = subject
    with pytest.raises(UnknownNameError, match="known: centerface, scrfd"):
        recognizer.embed(picture(), faces(1), "pencil", runtime)


def test_every_name_is_its_own() -> None:
    """The table's names are the members'."""
    assert {name: member.name for name, member in RECOGNIZERS.items()} == {name: name for name in RECOGNIZERS}


@pytest.mark.parametrize(
    ("wish", "error"),
    [("dlib", UnknownNameError), ("arcface", SpecError), ({"name": "dlib_resnet", "size": 3}, UnknownNameError)],
    ids=["unknown", "no model", "unknown parameter"],
)
def test_a_wrong_wish_is_refused(wish: str | dict[str, object], error: type[Exception]) -> None:
    """A name, a parameter or a model that is missing is answered, not guessed."""
    with pytest.raises(error):
        build(wish)


def test_a_model_may_be_given_as_a_mapping() -> None:
    """A reference may come as its three fields, as it does from a file."""
    model = {"name": "p/a.onnx", "file": "p/a.onnx", "sha256": "ab" * 32}
    assert build({"name": "arcface", "model": model}).model == ModelRef(**model)
    assert build("dlib_resnet").model == DLIB_RESNET


def test_arcface_takes_no_other_size(tmp_path: Path) -> None:
    """A recognition model of another input size is a format error, not a resized chip."""
    recognizer = build({"name": "arcface", "model": tiny(tmp_path, "arcface", [1, 3, 128, 128])})
    with pytest.raises(ModelFormatError, match="112x112"):
        recognizer.embed(picture(), faces(1), "scrfd", Runtime((str(tmp_path),)))


@pytest.mark.photos
def test_the_default_recognizer_knows_people_again() -> None:
    """On photos of ten people, one person's photos are less than 0.6 apart and two people's more, but for a few."""
    photos = Path(os.environ.get("FACEVEIL_TEST_PHOTOS", str(ROOT.parent / "shared" / "data"))) / "lfw_subset"
    missing = [ref.name for ref in (CENTERFACE, DLIB_RESNET) if not (cache_dir() / ref.file).is_file()]
    if missing or not photos.is_dir():
        pytest.skip(f"needs {photos} and the fetched models {', '.join(missing)}; set FACEVEIL_TEST_PHOTOS")
    runtime, recognizer = Runtime((str(cache_dir()),)), build("dlib_resnet")
    templates, people = [], []
    for path in [p for folder in sorted(photos.iterdir()) for p in sorted(folder.glob("*.jpg"))[:3]]:
        rgb = np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])  # type: ignore[index]
        found = CenterFace().detect([rgb], runtime)[0]
        largest = int(np.prod(found.boxes_xyxy[:, 2:] - found.boxes_xyxy[:, :2], axis=1).argmax())
        templates.append(recognizer.embed(rgb, found.landmarks[largest : largest + 1], "centerface", runtime))
        people.append(path.parent.name)
    all_templates, names = np.concatenate(templates), np.array(people)
    distance = 1 - recognizer.similarity(all_templates, all_templates)
    same = (names[:, None] == names) & ~np.eye(len(names), dtype=bool)
    assert (distance[same] < 0.6).mean() > 0.95
    assert (distance[names[:, None] != names] > 0.6).mean() > 0.95
