"""``faceveil keys``: shows no key, rotates so that the ledger knows, and what it destroys does not come back."""

import argparse
import base64
import contextlib
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from anonymizer_udfs.keys import Key
from conf.settings import load
from jobs import cli, keys, lookup, runkeys, verify
from jobs.errors import VaultError
from jobs.keyring import NOISE, SIGNING
from jobs.keysource import KeySource
from jobs.lake import Lake
from jobs.options import Common
from jobs.placed import open_lake
from jobs.vault import Vault
from tests.support import lakes
from tests.unit.jobs.cases import Asked, Told

PLAIN = Common(load(), None, KeySource())


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """Return the vault beside a lake whose run signed its events, with a key for each purpose."""
    made = lakes.make_vault(tmp_path / "lake.vault", ["file:///a.jpg"])
    made.keyring.ensure(NOISE)
    made.keyring.ensure(SIGNING)
    signer = made.keyring.signer()
    lake = Lake(str(tmp_path / "lake"), signer=lambda: signer)
    lake.create()
    found = made.key()
    assert found is not None
    lake.ledger.append(lakes.event(noise_key_id=found.noise_key_id))
    return made


@pytest.fixture
def uri(vault: Vault) -> str:
    """Return where the lake is."""
    return vault.uri.removesuffix(".vault")


def events(uri: str) -> list[dict[str, Any]]:
    """Return what the ledger says of keys."""
    found = [json.loads(one["settings"]) for one in Lake(uri).ledger.events() if one["job"] == runkeys.JOB]
    return [{name: one[name] for name in ("action", "kind")} for one in found]


def secrets_of(vault: Vault) -> set[str]:
    """Return the keys of a vault as they lie there."""
    return {path.read_text().strip() for path in Path(vault.uri).glob("*key*") if path.suffix != ".destroyed"}


def test_what_is_shown_is_no_key(uri: str, vault: Vault, told: Told, asked: Asked) -> None:
    """Ids and public keys, which of them is in use, and where it lies."""
    said = told(keys, uri)
    assert not [secret for secret in secrets_of(vault) if secret in said]
    assert {(one["kind"], one["state"], one["name"]) for one in asked(keys, uri, "show")} == {
        ("ids", "in use", "key"), ("noise", "in use", "noise-key-1"), ("signing", "in use", "signing-key-1"),
    }  # fmt: skip


def test_a_lake_without_a_vault_has_no_keys(uri: str, told: Told) -> None:
    """That is an answer, and what needs a vault is refused."""
    assert "holds no key" in told(keys, uri, "--vault", "none")
    assert "--vault none" in told(keys, uri, "rotate", "noise", "--vault", "none", code=1)


class TestRotation:
    """A new key in place of an old one."""

    def test_new_noise_under_the_same_ids(self, uri: str, vault: Vault, asked: Asked) -> None:
        """Ids stay joinable, through the vault and with all rows before; the ledger knows since when noise is new."""
        before = vault.key()
        said = asked(keys, uri, "rotate", "noise")
        after = vault.key()
        assert before is not None
        assert after is not None
        assert (after.secret, after.image_id("x")) == (before.secret, before.image_id("x"))
        assert (said["key_id"], said["next"]) == (before.noise_key_id, after.noise_key_id)
        assert events(uri) == [{"action": "rotate", "kind": "noise"}]
        runkeys.check(Lake(uri).ledger.events(), after)
        with pytest.raises(VaultError, match="rotate noise"):
            runkeys.check(Lake(uri).ledger.events(), before)

    def test_a_vault_with_one_key_gets_one_for_the_noise(self, tmp_path: Path, asked: Asked) -> None:
        """As an older faceveil left it."""
        made = lakes.make(tmp_path / "old", [lakes.row("a")])
        vault = lakes.make_vault(tmp_path / "old.vault", ["a"])
        said = asked(keys, made.uri, "rotate", "noise")
        assert "key_id" not in said
        found = vault.key()
        assert found is not None
        assert found.noise_key_id == said["next"]
        runkeys.check(made.ledger.events(), found)

    def test_one_that_was_cut_off_is_taken_up(self, uri: str, vault: Vault, asked: Asked) -> None:
        """A key that is in the vault and not in the ledger is told, and no further one is made."""
        made = Key(vault.keyring.rotate(NOISE)).key_id
        assert asked(keys, uri, "rotate", "noise")["next"] == made
        assert len(list(vault.keyring.slots(NOISE))) == 2

    def test_the_old_signing_key_signs_the_new_one_in(self, uri: str, vault: Vault, told: Told, asked: Asked) -> None:
        """What comes after it holds, for whoever knows either public key."""
        old = vault.keyring.signer()
        told(keys, uri, "rotate", "signing")
        told(keys, uri, "rotate", "noise")  # an event by the new one
        new = vault.keyring.signer()
        assert old is not None
        assert new is not None
        said = asked(verify, uri, "--public-key", old.public)
        assert said["public_keys"] == [old.public, new.public]
        assert asked(verify, uri, "--public-key", new.public)["holds"]

    def test_the_ids_have_one_key(self, uri: str, told: Told) -> None:
        """Another would make every image new."""
        assert "every image would be new" in told(keys, uri, "rotate", "ids", code=2)


class TestDestruction:
    """What is destroyed does not come back, and the ledger says that it is gone."""

    def ids(self, asked: Asked, uri: str, kind: str) -> list[str]:
        """Return the ids of the keys of a kind."""
        return [one["key_id"] for one in asked(keys, uri) if one["kind"] == kind]

    def test_noise_alone(self, uri: str, vault: Vault, asked: Asked) -> None:
        """Ids can still be made and named; the noise that was there cannot, and a new run gets another one."""
        before = vault.key()
        (mine,) = self.ids(asked, uri, "noise")
        asked(keys, uri, "destroy", "noise", "--confirm", mine)
        after = runkeys.for_run(None, PLAIN, vault)
        assert before is not None
        assert after.image_id("x") == before.image_id("x")
        assert after.noise_key_id not in {before.noise_key_id, None}
        assert open_lake(uri, PLAIN).names() == {lakes.KEY.image_id("file:///a.jpg"): "file:///a.jpg"}
        assert events(uri) == [{"action": "destroy", "kind": "noise"}]
        runkeys.check(Lake(uri).ledger.events(), after)

    def test_ids_alone(self, uri: str, vault: Vault, asked: Asked, told: Told) -> None:
        """No id can be made, none leads back to a name, and no byte of key or names is in the vault."""
        key = vault.key()
        (mine,) = self.ids(asked, uri, "ids")
        assert asked(keys, uri, "destroy", "ids", "--confirm", mine)["removed"] > 0
        assert key is not None
        left = {path.name: path.read_bytes() for path in Path(vault.uri).rglob("*") if path.is_file()}
        assert set(left) == {"key.destroyed", "noise-key-1", "signing-key-1"}
        for word in (key.secret, base64.b64encode(key.secret)[:16], b"a.jpg"):
            assert not any(word in content for content in left.values())
        placed = open_lake(uri, PLAIN)
        for look in (placed.key, placed.names, lambda: runkeys.for_run(None, PLAIN, vault)):
            with pytest.raises(VaultError, match=r"was destroyed|there is no vault"):
                look()
        assert "was destroyed" in told(lookup, uri, "/a.jpg", code=1)
        assert asked(verify, uri)["holds"]

    def test_a_key_of_a_file_that_is_given(self, uri: str, tmp_path: Path, asked: Asked, told: Told) -> None:
        """Overwritten and removed; one of another id is left alone, and one from elsewhere is not ours to destroy."""
        file = tmp_path / "mine"
        file.write_text(base64.b64encode(bytes(range(32))).decode())
        words = (keys, uri, "destroy", "ids", "--key-file", file, "--confirm")
        assert "has another id" in told(*words, "0" * 16, code=2)
        assert file.exists()
        asked(*words, lakes.KEY.key_id)
        assert not file.exists()
        said = told(keys, uri, "destroy", "noise", "--noise-key-command", "echo", "--confirm", "x", code=2)
        assert "destroy it where it is kept" in said

    def test_the_key_that_signs_is_rotated_first(self, uri: str, asked: Asked, told: Told) -> None:
        """Else nobody could sign the next one in."""
        (mine,) = self.ids(asked, uri, "signing")
        assert "rotate first" in told(keys, uri, "destroy", "signing", "--confirm", mine, code=2)
        told(keys, uri, "rotate", "signing")
        told(keys, uri, "destroy", "signing", "--confirm", mine)
        assert asked(verify, uri)["holds"]

    def test_nothing_is_destroyed_by_mistake(self, uri: str, vault: Vault, told: Told) -> None:
        """Without the id of the key, or with another one, all keys stay."""
        before = secrets_of(vault)
        assert "does not come back" in told(keys, uri, "destroy", "noise", code=2)
        assert "no noise key of that id" in told(keys, uri, "destroy", "noise", "--confirm", "0" * 16, code=2)
        assert "destroy what?" in told(keys, uri, "destroy", code=2)
        assert secrets_of(vault) == before


class TestRunKeys:
    """Which keys a run works with."""

    def test_a_new_vault_gets_keys_of_both_kinds(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Each of its own, told once, and the same the next time."""
        vault = Vault(str(tmp_path / "v"), PLAIN.storage)
        vault.prepare()
        made = runkeys.for_run(None, PLAIN, vault)
        assert "keep a copy" in capsys.readouterr().err
        assert made.noise not in {None, made.secret}
        assert runkeys.for_run(None, PLAIN, vault) == made == vault.key()
        assert capsys.readouterr().err == ""

    def test_a_key_that_is_given_serves_for_both_unless_the_vault_has_one(self, vault: Vault, tmp_path: Path) -> None:
        """So a lake that was made with one key file keeps its noise."""
        given = Key(bytes(32))
        other = Vault(str(tmp_path / "other"), PLAIN.storage)
        other.prepare()
        assert runkeys.for_run(given, PLAIN, None) == runkeys.for_run(given, PLAIN, other) == given
        assert runkeys.for_run(given, PLAIN, vault).noise == vault.keyring.secret(NOISE)

    def test_the_noise_is_not_changed_in_silence(self, vault: Vault, uri: str) -> None:
        """A run with another noise key, or with none, is told what the lake knows."""
        found = vault.key()
        assert found is not None
        runkeys.check(Lake(uri).ledger.events(), found)
        for wrong in (Key(found.secret), Key(found.secret, bytes(32))):
            with pytest.raises(VaultError, match="the noise of this lake comes from key"):
                runkeys.check(Lake(uri).ledger.events(), wrong)
        with pytest.raises(VaultError, match="this lake was made with key"):
            runkeys.check(Lake(uri).ledger.events(), Key(bytes(32)))

    def test_signatures_are_by_the_key_that_is_given_else_the_vaults(self, vault: Vault, tmp_path: Path) -> None:
        """None where there is neither, and one is made only where there never was one."""
        assert runkeys.signer(PLAIN, None) is None
        runkeys.ensure_signer(PLAIN, vault)
        assert [slot.name for slot in vault.keyring.slots(SIGNING)] == ["signing-key-1"]
        other = Vault(str(tmp_path / "other"), PLAIN.storage)
        other.prepare()
        assert runkeys.signer(PLAIN, other) is None
        runkeys.ensure_signer(PLAIN, other)
        assert runkeys.signer(PLAIN, other) is not None


def _options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from _options(one)
        else:
            yield action


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_no_command_takes_a_key_as_an_argument(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on a command line is in the list of processes and in the history of the shell.

    Every option that is about a key names a file, a variable or a command; a public key and the id of a key are none.
    """
    parsers = list[argparse.ArgumentParser]()

    def parse(self: argparse.ArgumentParser, *_: object, **__: object) -> None:
        parsers.append(self)
        raise SystemExit

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse)
    monkeypatch.setattr(argparse.ArgumentParser, "parse_known_args", parse)
    with contextlib.suppress(SystemExit):
        importlib.import_module(f"jobs.{name}").main(["x"])
    harmless = {"--public-key", "--set"}
    ways = ("-file", "-env", "-command")
    (parser,) = parsers
    for action in _options(parser):
        for option in action.option_strings:
            secret = any(word in option for word in ("key", "secret", "password", "token"))
            assert not secret or option.endswith(ways) or option in harmless, option
        if not action.option_strings:
            assert not any(word in action.dest for word in ("secret", "password", "token")), action.dest


@pytest.mark.parametrize("option", ["--key", "--noise-key", "--signing-key"])
@pytest.mark.parametrize("way", ["file", "env", "command"])
def test_a_key_that_is_given_by_mistake_is_not_repeated(option: str, way: str, uri: str, told: Told) -> None:
    """In place of a file's, a variable's or a command's name: no message has any of it."""
    secret = base64.b64encode(bytes(range(100, 132))).decode()
    words = {"--key": ("lookup", "/a.jpg"), "--noise-key": ("lookup", "/a.jpg")}.get(option)
    command = lookup if words else keys
    rest = ("/a.jpg",) if words else ("rotate", "noise")
    said = told(command, uri, *rest, f"{option}-{way}", secret, code=1)
    assert secret[:8] not in said
    assert f"{option}-{way}" in said
