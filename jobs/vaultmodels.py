"""Models that were made from a lake and lie in its vault: kept, found, and given to the methods that need them.

Runs on the driver, without Spark.
"""

import atexit
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from anonymizer_udfs.methods.base import FromVault, Method
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.policy import KindRule, Policy
from anonymizer_udfs.sources.base import Storage
from jobs.context import Treatment
from jobs.errors import UsageError, VaultError
from jobs.placed import readable
from jobs.tables import Tables
from jobs.vault import Vault
from jobs.vaultlog import VaultLog
from schemas import MODEL_TABLES, MODELS

ENDING = ".safetensors"


@dataclass(frozen=True)
class VaultModels:
    """The models in a vault.

    Attributes:
        vault: where they lie.
        storage: how to reach object stores.
    """

    vault: Vault
    storage: Storage

    @property
    def _log(self) -> VaultLog:
        return VaultLog(self.vault, MODELS, self.storage)

    def newest(self, name: str) -> ModelRef | None:
        """Return the newest model of a name, if there is any."""
        digests = [row["sha256"] for row in self._log.entries("entry, name, sha256") if row["name"] == name]
        return ModelRef.fetched(name, digests[-1], ENDING) if digests else None

    def keep(self, name: str, content: bytes, people: int, run_id: str) -> ModelRef:
        """Add a model, which from now on is the newest of its name.

        Args:
            name: what methods call it (``vault_model``).
            content: the file.
            people: how many people it was learned from.
            run_id: the run that made it.

        Raises:
            LakeBusyError: another run was first.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        self._log.add({"run_id": run_id, "name": name, "people": people, "sha256": sha256, "content": content})
        return ModelRef.fetched(name, sha256, ENDING)

    def bring(self, ref: ModelRef, folder: Path) -> Path:
        """Write a model's file into a folder, readable by its owner alone, and return it.

        Raises:
            VaultError: there is none with its digest, or its content is another one.
        """
        tables = Tables(self.vault.uri, MODEL_TABLES, self.storage)
        with readable():
            rows = tables.query(f"SELECT content FROM models WHERE sha256 = '{ref.sha256}'").to_pylist()  # noqa: S608 - 64 hex digits
        content = rows[0]["content"] if rows else b""
        if hashlib.sha256(content).hexdigest() != ref.sha256:
            raise VaultError(f"the vault's model {ref.name} is not the one that was written; make it again")
        path = folder / ref.file
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:  # noqa: PTH123 - a descriptor
            stream.write(content)
        return path


def bound(treatment: Treatment, vault: Vault | None, storage: Storage) -> Treatment:
    """Return a treatment whose methods have the newest models of the vault; the files are brought to this machine.

    They lie in a folder that only this user can read, until the process ends.

    Raises:
        UsageError: a method needs one, and there is no vault.
        VaultError: the vault has none of that name.
    """
    names = sorted({name for rule in _rules(treatment.policy) for name in _open(rule)})
    if not names:
        return treatment
    if vault is None:
        raise UsageError(
            f"method {names[0]} needs what was learned from the lake, which lies in its vault; give --vault"
        )
    models = VaultModels(vault, storage)
    found = {name: models.newest(name) for name in names}
    missing = [name for name, ref in found.items() if ref is None]
    if missing:
        raise VaultError(
            f"the vault has no model {missing[0]!r}: run 'faceveil surrogates LAKE' first; its --help says how"
        )
    refs = {name: ref for name, ref in found.items() if ref is not None}
    folder = Path(tempfile.mkdtemp(prefix="faceveil-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    learned = {name: models.bring(ref, folder) for name, ref in refs.items()}
    policy = treatment.policy
    plate = None if policy.plate is None else _with(policy.plate, refs)
    policy = replace(policy, face=_with(policy.face, refs), plate=plate)
    runtime = replace(treatment.runtime, roots=(*treatment.runtime.roots, str(folder)))
    return replace(treatment, policy=policy, runtime=runtime, learned=learned)


def _rules(policy: Policy) -> list[KindRule]:
    return [rule for rule in (policy.face, policy.plate) if rule is not None]


def _open(rule: KindRule) -> list[str]:
    """Return the names of the models that a chain's methods still need."""
    return [name for one in rule.chain if (name := _lacking(one)) is not None]


def _lacking(method: Method) -> str | None:
    """Return the name of the vault's model that a method still needs; None where it needs none."""
    return method.vault_model if isinstance(method, FromVault) and method.model is None else None


def _with(rule: KindRule, refs: dict[str, ModelRef]) -> KindRule:
    chain = tuple(
        one if (name := _lacking(one)) is None else replace(one, model=refs[name])  # type: ignore[type-var]  # members are dataclasses
        for one in rule.chain
    )
    return replace(rule, chain=chain)
