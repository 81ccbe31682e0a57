"""Models in a vault: the newest counts, what was changed is refused, and methods that need one are given it."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.methods import Mask
from anonymizer_udfs.models.sessions import locate
from anonymizer_udfs.policy import KindRule
from anonymizer_udfs.recognition import build
from anonymizer_udfs.recognition.panels import Member, Panel
from anonymizer_udfs.sources.base import Storage
from jobs.context import Treatment
from jobs.errors import LakeBusyError, UsageError, VaultError
from jobs.tables import Tables
from jobs.vault import Vault
from jobs.vaultmodels import VaultModels, bound
from schemas import MODEL_TABLES
from tests.support import specs
from tests.support.learning import Learned

LOCAL = Storage()


@pytest.fixture
def models(tmp_path: Path) -> VaultModels:
    """Return the models of a vault that has none."""
    vault = Vault(str(tmp_path / "vault"), LOCAL)
    vault.prepare()
    return VaultModels(vault, LOCAL)


def treatment(folder: Path, *chain: object) -> Treatment:
    """Return a treatment with a chain, its models in a folder."""
    spec = specs.red_dots(folder)
    policy = replace(spec.policy, face=KindRule((*chain, Mask()), 2.0))  # type: ignore[arg-type]
    return Treatment(policy, Panel((Member(build("dlib_resnet"), {}),)), spec.runtime, {})


def test_a_vault_without_models_has_none(models: VaultModels) -> None:
    """Nothing is made by asking."""
    assert models.newest("level") is None
    assert not Path(models.vault.uri, "models").exists()


def test_the_newest_of_a_name_counts(models: VaultModels, tmp_path: Path) -> None:
    """Others are left alone; a file is readable by its owner alone and has the digest that its name says."""
    first, other = models.keep("level", b"10", 20, "run-1"), models.keep("other", b"7", 20, "run-1")
    assert (models.newest("level"), models.newest("other"), models.newest("none")) == (first, other, None)
    second = models.keep("level", b"20", 21, "run-2")
    assert models.newest("level") == second
    for ref, content in ((first, b"10"), (second, b"20")):
        path = models.bring(ref, tmp_path)
        assert (path.read_bytes(), path.name) == (content, ref.file)
        assert stat.S_IMODE(path.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR


def test_a_model_that_was_changed_or_dropped_is_refused(models: VaultModels, tmp_path: Path) -> None:
    """The digest decides, not the name; nothing is written."""
    ref = models.keep("level", b"10", 20, "run-1")
    with pytest.raises(VaultError, match="model level is not the one"):
        models.bring(replace(ref, sha256="0" * 64), tmp_path)
    assert not (tmp_path / ref.file).exists()


def test_of_two_writers_one_is_told(models: VaultModels) -> None:
    """An entry's number is taken once."""
    models.keep("level", b"10", 20, "run-1")
    tables = Tables(models.vault.uri, MODEL_TABLES, LOCAL)
    with pytest.raises(LakeBusyError):
        tables.append("models", tables.query("SELECT * FROM models"), "models", 1)


def test_methods_are_given_the_newest_model(models: VaultModels, tmp_path: Path) -> None:
    """The policy, and so the digest by which images are known to be done, has it; a worker finds the file."""
    ref = models.keep("level", b"10", 20, "run-1")
    before = treatment(tmp_path, Learned())
    after = bound(before, models.vault, LOCAL)
    assert after.policy.face.chain == (Learned(ref), Mask())
    assert after.model_digests["level"] == ref.sha256
    assert (after.digest, after.policy.models) != (before.digest, before.policy.models)
    assert list(after.learned) == ["level"]
    assert locate(ref, after.runtime) == after.learned["level"]
    newer = models.keep("level", b"11", 20, "run-2")
    assert bound(before, models.vault, LOCAL).policy.face.chain[0] == Learned(newer)


def test_a_method_with_a_model_of_its_own_keeps_it(models: VaultModels, tmp_path: Path) -> None:
    """Only what is missing is looked for; without any such method no vault is needed."""
    own = models.keep("level", b"10", 20, "run-1")
    models.keep("level", b"11", 20, "run-2")
    mine = treatment(tmp_path, Learned(own))
    assert bound(mine, models.vault, LOCAL) is mine
    plain = treatment(tmp_path)
    assert bound(plain, None, LOCAL) is plain


def test_a_run_without_what_it_needs_is_refused(models: VaultModels, tmp_path: Path) -> None:
    """No vault, or none of that name in it: each says what to do."""
    with pytest.raises(UsageError, match="--vault"):
        bound(treatment(tmp_path, Learned()), None, LOCAL)
    with pytest.raises(VaultError, match="faceveil surrogates"):
        bound(treatment(tmp_path, Learned()), models.vault, LOCAL)
    with pytest.raises(SpecError):
        treatment(tmp_path, Mask(), Learned())
