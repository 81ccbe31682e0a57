"""``faceveil surrogates --latent``, and ``anonymize`` with the space that it learned."""

import re
from pathlib import Path

import numpy as np
import pytest

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.methods import space
from anonymizer_udfs.sources.base import Storage
from jobs import options, surrogates
from jobs.groupmaking import Asked
from jobs.latents import Learned
from jobs.placed import open_lake
from jobs.vault import Vault
from jobs.vaultmodels import VaultModels
from tests.spark.test_surrogates import photo
from tests.support.anonymizing import DONE, FAILED, anonymize, by_name, events, names
from tests.support.pictures import place, write

LATENT = str(Path(__file__).parents[1] / "support" / "latent.yaml")
PEOPLE = 6
FILES = {f"p{person}-{number}.png": photo(person, number + 1) for person in range(PEOPLE) for number in (0, 1)}


def learn(lake: Path, who: Path, least: int) -> Learned:
    """Learn a space as the command does, from as few people as a test has."""
    args = surrogates.parser().parse_args([str(lake), "--latent", "--labels", str(who)])
    common = options.common(args)
    done = surrogates.run(open_lake(args.lake, common), Asked(labels=who, latent=True, least=least))
    assert isinstance(done, Learned)
    return done


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two photos each of six people, their masked lake, and who is who."""
    root = tmp_path_factory.mktemp("latent")
    write(root / "photos", {**FILES, "place.png": place()})
    assert anonymize(root / "photos", root / "lake") == DONE
    rows = [f"{uri},{uri.rpartition('/')[2][:2]}" for uri in names(root / "lake").values() if re.search(r"/p\d-", uri)]
    (root / "who.csv").write_text("\n".join(["uri,label", *rows, ""]), encoding="utf-8")
    return root


def test_a_policy_with_latent_needs_a_space(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is learned a run ends before it begins, and says which command learns."""
    assert anonymize(made / "photos", made / "lake", "--policy", LATENT) == FAILED
    assert "faceveil surrogates" in capsys.readouterr().err


def test_too_few_people_leave_the_vault_without_a_space(made: Path) -> None:
    """Fail closed: nothing is kept, and the ledger says that the run failed."""
    with pytest.raises(SpecError, match=f"at least 100 people, got {PEOPLE}"):
        learn(made / "lake", made / "who.csv", 100)
    assert VaultModels(Vault(f"{made / 'lake'}.vault", Storage()), Storage()).newest("latent") is None
    assert [one["event"] for one in events(made / "lake")][-1] == "failed"


def test_a_lake_is_learned_from_and_its_faces_are_drawn_and_judged(made: Path, tmp_path: Path) -> None:
    """The space is in the vault with its people counted; faces are drawn from it, and their images done anew."""
    lake = made / "lake"
    done = learn(lake, made / "who.csv", 4)
    assert (done.people, done.faces, done.scheme) == (PEOPLE, len(FILES), "5")
    assert done.states == {"read": len(FILES)}
    models = VaultModels(Vault(f"{lake}.vault", Storage()), Storage())
    assert models.newest("latent") == done.model
    found = space.read(models.bring(done.model, tmp_path).read_bytes())
    assert (len(found.shape_modes), len(found.texture_modes)) == done.modes
    assert [(one["job"], one["event"]) for one in events(lake)][-2:] == [
        ("surrogates", "started"),
        ("surrogates", "finished"),
    ]
    assert anonymize(made / "photos", lake, "--policy", LATENT) == DONE
    now = by_name(lake)
    for name in FILES:
        # All are one portrait in several tints: the space knows nobody else, and where the panel still sees who it is
        # the face gets the mask. That it was drawn and attacked is in its record.
        (face,) = now[name]["faces"]
        told = [one["matched"] for one in face["attacks"] if one["step"] == 1]
        assert told
        assert (face["method"], face["steps"]) == (("mask", 2) if any(told) else ("latent", 1))
        assert dict(now[name]["model_digests"])["latent"] == done.model.sha256
    assert np.isfinite(found.texture_modes).all()
