"""The keep-list in the vault: sealed, a log, gone when it has to be; refused where no threshold is certified."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from anonymizer_udfs.keeping import KeepList
from anonymizer_udfs.keys import Key
from anonymizer_udfs.sources.base import Storage
from conf import policies
from conf.settings import load
from jobs import context, keep, keeplist, policy
from jobs.errors import UsageError, VaultError
from jobs.keeplist import KeepStore, Told
from jobs.lake import Lake
from jobs.vault import Vault
from tests.support import lakes
from tests.unit.jobs.cases import Told as Answered

ANNA = Told("anna", "form 17", "Ada")
TEMPLATES = {("dlib_resnet", "centerface"): np.linspace(-1, 1, 256, dtype=np.float32).reshape(2, 128)}


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """Return a vault with a key."""
    return lakes.make_vault(tmp_path / "lake.vault", [])


@pytest.fixture
def store(vault: Vault) -> KeepStore:
    """Return its keep-list."""
    return KeepStore(vault, Storage())


def held(vault: Vault) -> bytes:
    """Return every byte of the vault."""
    return b"".join(one.read_bytes() for one in sorted(Path(vault.uri).rglob("*")) if one.is_file())


def test_nobody_is_on_a_new_list(store: KeepStore, vault: Vault) -> None:
    """And asking makes no table."""
    assert (store.consents(), store.people(lakes.KEY)) == ([], ())
    assert not Path(vault.uri, "keep").exists()


def test_who_is_put_on_it_is_read_back_by_the_lakes_key_alone(store: KeepStore, vault: Vault) -> None:
    """Templates are as they were given; the vault's bytes hold none of them, and another key opens nothing."""
    store.add(ANNA, TEMPLATES, 2, lakes.KEY)
    (person,) = store.people(lakes.KEY)
    (name,) = TEMPLATES
    assert np.array_equal(person.templates[name], TEMPLATES[name])
    (told,) = [one.as_dict() for one in store.consents()]
    assert (told["person"], told["consent"], told["photos"], told["by"]) == ("anna", ["form 17"], 2, "Ada")
    raw = TEMPLATES[name].tobytes()
    assert raw[:32] not in held(vault)
    with pytest.raises(VaultError, match="cannot be opened"):
        store.people(Key(bytes(32)))


def test_more_photos_of_one_person_are_added_to_the_first(store: KeepStore) -> None:
    """And the digest moves with each change."""
    digests = [store.digest()]
    for _ in range(2):
        store.add(ANNA, TEMPLATES, 2, lakes.KEY)
        digests.append(store.digest())
    (person,) = store.people(lakes.KEY)
    (name,) = TEMPLATES
    assert person.templates[name].shape == (4, 128)
    store.remove("anna", "Ada")
    assert len(set(digests)) == 3
    assert store.digest() == digests[0]


def test_who_is_taken_off_can_not_be_read_again(store: KeepStore, vault: Vault) -> None:
    """The key of the entry is destroyed, so that the table's history holds noise; nobody can be taken off twice."""
    store.add(ANNA, TEMPLATES, 2, lakes.KEY)
    store.add(Told("bo", "form 18", "Ada"), TEMPLATES, 1, lakes.KEY)
    keys = Path(vault.uri, keeplist.FOLDER)
    assert len(list(keys.iterdir())) == 2
    assert store.remove("anna", "Ada") == 1
    assert [one.name for one in keys.iterdir()] == ["00000002"]
    assert [one.person for one in store.consents()] == ["bo"]
    with pytest.raises(UsageError, match="nobody of that name"):
        store.remove("anna", "Ada")
    store.add(ANNA, TEMPLATES, 2, lakes.KEY)
    assert [one.person for one in store.consents()] == ["anna", "bo"]


def test_a_removal_that_was_cut_off_is_finished_by_whoever_looks(
    store: KeepStore, vault: Vault, told: Answered
) -> None:
    """A key that no entry needs is destroyed."""
    store.add(ANNA, TEMPLATES, 2, lakes.KEY)
    left = Path(vault.uri, keeplist.FOLDER, "00000009")
    left.write_bytes(b"x" * 60)
    lake = lakes.make(Path(vault.uri).parent / "lake", [])
    assert "anna" in told(keep, lake.uri, "list")
    assert not left.exists()
    assert "taken off" in told(keep, lake.uri, "remove", "--person", "anna")
    assert "nobody" in told(keep, lake.uri, "list")


def test_a_key_that_is_gone_stops_the_run(store: KeepStore, vault: Vault) -> None:
    """Somebody consented, and nothing is left to know the face by: that is said, and not passed over."""
    store.add(ANNA, TEMPLATES, 2, lakes.KEY)
    Path(vault.uri, keeplist.FOLDER, "00000001").unlink()
    with pytest.raises(VaultError, match="its key is gone"):
        store.people(lakes.KEY)


def kept_policy(folder: Path) -> Path:
    """Return the file of a policy that keeps."""
    mapping = dict(policies.load("public")) | {"name": "press", "keep": True}
    file = folder / "press.yaml"
    file.write_text(yaml.safe_dump(mapping), encoding="utf-8")
    return file


def test_without_a_certified_threshold_nobody_is_put_on_the_list(tmp_path: Path, vault: Vault, told: Answered) -> None:
    """What ships was measured on 1,104 people, and 3,163 are needed: the command says so, and how to get there."""
    lake = lakes.make(tmp_path / "lake", [])
    file = kept_policy(tmp_path)
    said = told(keep, lake.uri, "add", tmp_path, "--person", "anna", "--consent", "17", "--policy", file, code=2)
    assert "no threshold that is certified at a false match rate of 1e-6" in said
    assert "3,163 people" in said
    assert KeepStore(vault, Storage()).consents() == []
    assert "keeps nobody" in told(
        keep, lake.uri, "add", tmp_path, "--person", "anna", "--consent", "17", "--policy", "public", code=2
    )


def test_a_run_is_refused_where_somebody_is_listed_and_nothing_certified(
    tmp_path: Path, store: KeepStore, vault: Vault
) -> None:
    """With nobody on the list there is nothing to refuse; the digest says which list it was."""
    settings = load("local", [])
    treatment = context.treatment(str(kept_policy(tmp_path)), settings)
    nobody = keeplist.bound(treatment, vault, Storage(), settings, lakes.KEY)
    assert nobody.keep == KeepList("nobody")
    assert nobody.digest != treatment.digest
    store.add(ANNA, TEMPLATES, 2, lakes.KEY)
    with pytest.raises(UsageError, match="no threshold that is certified"):
        keeplist.bound(treatment, vault, Storage(), settings, lakes.KEY)
    plain = context.treatment("public", settings)
    assert keeplist.bound(plain, vault, Storage(), settings, lakes.KEY) is plain
    assert replace(treatment, keep=KeepList("a")).digest != replace(treatment, keep=KeepList("b")).digest


@pytest.mark.parametrize(
    "words",
    [
        ("add",),
        ("add", ".", "--person", "a"),
        ("remove",),
        ("list", "."),
        ("remove", "--person", "a", "--consent", "b"),
    ],
)
def test_what_is_missing_or_too_much_is_said(
    tmp_path: Path, vault: Vault, told: Answered, words: tuple[str, ...]
) -> None:
    """Exit code 2, before anything is looked at."""
    lake: Lake = lakes.make(tmp_path / "lake", [])
    told(keep, lake.uri, *words, code=2)
    assert not Path(vault.uri, "keep").exists()


def test_a_policy_says_in_words_that_people_stay_visible(tmp_path: Path, told: Answered) -> None:
    """Whoever reads it before it is used has to know."""
    assert "stay visible" in told(policy, "show", kept_policy(tmp_path))
    assert "stay visible" not in told(policy, "show", "public")
