"""The registry: names, terms, and what each model is resolved to."""

import os
from pathlib import Path
from typing import Any

import pytest
from models_support import sha256, tiny_model

from anonymizer_udfs.errors import LicenceError, ModelDigestError, ModelMissingError, SpecError, UnknownNameError
from anonymizer_udfs.models import CENTERFACE, DLIB_RESNET, Runtime, pack_model
from anonymizer_udfs.models.defaults import YUNET
from anonymizer_udfs.models.registry import Registry, pack_members, roots
from jobs.models import registry as shipped

DIGEST = "ab" * 32
BOTH = {"sha256": DIGEST, "member_sha256": DIGEST}
PACKS = {"licence": "ask-first", "commercial_use": False}
ROOT = Path(__file__).resolve().parents[3]


def entry(**changes: Any) -> dict[str, Any]:
    """Return one model's mapping as ``conf/models.yaml`` has it, changed."""
    source = {"kind": "url", "url": "https://example.org/a.onnx", "sha256": DIGEST}
    base = {"task": "detection", "source": source, "sha256": DIGEST, "licence": "MIT", "commercial_use": True}
    return {**base, **changes}


def parse(**changes: Any) -> Registry:
    """Return a registry of one model, ``a``."""
    return Registry.parse({"models": {"a": entry(**changes)}, "packs": PACKS})


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    """Return a folder laid out as InsightFace does, with one pack of one model."""
    folder = tmp_path / "models" / "tiny"
    folder.mkdir(parents=True)
    (folder / "arc.onnx").write_bytes(tiny_model([1, 3, 112, 112], 8))
    return tmp_path


def test_an_empty_registry_knows_nothing() -> None:
    """A mapping without models gives a registry that answers every name with none."""
    with pytest.raises(UnknownNameError, match="known: none"):
        Registry.parse({}).resolve("a")


def test_the_defaults_are_the_shipped_ones() -> None:
    """The references in the package equal what ``conf/models.yaml`` says, and need no licence accepted."""
    assert shipped().resolve("centerface") == CENTERFACE
    assert shipped().resolve("dlib_resnet") == DLIB_RESNET
    assert shipped().resolve("yunet") == YUNET


def test_a_near_name_is_suggested() -> None:
    """An unknown name is answered with the nearest known one."""
    with pytest.raises(UnknownNameError, match="did you mean 'centerface'"):
        shipped().resolve("centreface")


@pytest.mark.parametrize(
    "changes",
    [
        {"task": "guessing"},
        {"convert": "by hand"},
        {"sha256": None},
        {"sha256": "abc"},
        {"licence": ""},
        {"commercial_use": "no"},
        {"default": "no"},
        {"colour": "red"},
        {"source": None},
        {"source": {"kind": "ftp"}},
        {"source": {"kind": "url", "url": "file:///etc/passwd", "sha256": DIGEST}},
        {"source": {"kind": "url", "url": "https://example.org"}},
        {"source": {"kind": "path", "path": "a", "sha256": "x"}},
        {"source": {"kind": "package", "project": "p", "file": "p.exe", "member": "m", **BOTH}},
    ],
    ids=[
        "task", "conversion", "not pinned", "short digest", "no licence", "a word for no", "a word for not",
        "unknown field", "no source", "unknown source", "no http", "source not pinned", "source digest", "archive",
    ],
)  # fmt: skip
def test_a_wrong_entry_is_refused(changes: dict[str, Any]) -> None:
    """Whatever is unknown, missing or out of range in an entry is an error of the settings."""
    with pytest.raises(SpecError):
        parse(**changes)


def test_a_model_is_default_unless_it_says_no() -> None:
    """An entry that says nothing is fetched with the others; what it says is kept."""
    assert parse().entry("a").default
    assert not parse(default=False).entry("a").default


def test_an_unknown_part_is_refused() -> None:
    """A misspelt part of the registry is not passed over."""
    with pytest.raises(UnknownNameError, match="did you mean 'models'"):
        Registry.parse({"modles": {}})


def test_a_licence_is_accepted_by_name() -> None:
    """A model without commercial use resolves once its licence is accepted, and says which before."""
    registry = parse(licence="ask-first", commercial_use=False)
    with pytest.raises(LicenceError, match="add ask-first to the setting"):
        registry.resolve("a", accepted=["MIT"])
    assert registry.resolve("a", accepted=["ask-first"]).sha256 == DIGEST


def test_a_packs_member_is_resolved_by_its_path(packs: Path) -> None:
    """A member of a pack is found below both layouts, with the digest of what is there."""
    content = (packs / "models" / "tiny" / "arc.onnx").read_bytes()
    for folder in (packs, packs / "models"):
        ref = parse().resolve("tiny/arc.onnx", ["ask-first"], [str(folder)])
        assert (ref.file, ref.sha256) == ("tiny/arc.onnx", sha256(content))
        assert pack_model(ref, Runtime(roots(packs / "cache", [str(folder)]))).taskname == "recognition"
        assert pack_members([str(folder)]) == ["tiny/arc.onnx"]


def test_a_pack_needs_its_licence_first(packs: Path) -> None:
    """A pack's member is not even looked for while its licence is not accepted."""
    with pytest.raises(LicenceError):
        parse().resolve("tiny/arc.onnx", [], [str(packs)])


@pytest.mark.parametrize(
    ("name", "error"),
    [("tiny/other.onnx", ModelMissingError), ("../tiny/arc.onnx", SpecError), ("/tiny/arc.onnx", SpecError)],
    ids=["not there", "leaves the folder", "absolute"],
)
def test_a_member_that_is_not_there_is_said_to_be_missing(packs: Path, name: str, error: type[Exception]) -> None:
    """A wrong path is answered with what is there, and never leaves the folder."""
    with pytest.raises(error):
        parse().resolve(name, ["ask-first"], [str(packs)])


def test_without_terms_for_packs_there_are_none(packs: Path) -> None:
    """Where the registry says nothing of packs, a pack's member is an unknown name."""
    with pytest.raises(UnknownNameError):
        Registry.parse({"models": {"a": entry()}}).resolve("tiny/arc.onnx", ["ask-first"], [str(packs)])


def test_a_pinned_member_must_be_the_one(packs: Path) -> None:
    """An entry may pin a pack's member under a name of its own; another content is refused."""
    content = (packs / "models" / "tiny" / "arc.onnx").read_bytes()
    source = {"kind": "pack", "file": "tiny/arc.onnx"}
    assert parse(source=source, sha256=sha256(content)).resolve("a", (), [str(packs)]).name == "a"
    with pytest.raises(ModelDigestError, match=DIGEST):
        parse(source=source).resolve("a", (), [str(packs)])


@pytest.mark.packs
@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("fixture/det_2.5g.onnx", "detection"),
        ("fixture_500m/det_500m.onnx", "detection"),
        ("fixture/w_mbf128.onnx", "recognition"),
    ],
    ids=["scrfd 2.5g", "scrfd 500m", "arcface"],
)
def test_real_packs_load(name: str, task: str) -> None:
    """Models of real InsightFace packs resolve by name and load through insightface."""
    folder = Path(os.environ.get("FACEVEIL_TEST_MODELS", str(ROOT.parent / "shared" / "models"))) / "insightface"
    if not folder.is_dir():
        pytest.skip(f"no InsightFace packs in {folder}; set FACEVEIL_TEST_MODELS")
    ref = shipped().resolve(name, ["insightface-non-commercial"], [str(folder)])
    assert pack_model(ref, Runtime(roots(folder, [str(folder)]))).taskname == task
