"""The vault: where it lies, who may read it, and where keys come from."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from anonymizer_udfs.keys import Key
from anonymizer_udfs.sources.base import Storage
from jobs.errors import UsageError, VaultError
from jobs.vault import KeySource, Vault, open_vault, parse_key

SECRET = bytes(range(32))
LINE = base64.b64encode(SECRET) + b"\n"
LOCAL = Storage()


def mode(path: Path) -> int:
    """Return a path's permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def test_no_source_of_a_key_means_the_vault() -> None:
    """Without an option there is no key from elsewhere."""
    assert KeySource().read() is None


def test_a_key_comes_from_a_file_a_variable_or_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All three ways give the same key; it is on no command line of ours."""
    file = tmp_path / "key file"
    file.write_bytes(LINE)
    monkeypatch.setenv("MY_KEY", LINE.decode())
    found = [KeySource(file=str(file)), KeySource(env="MY_KEY"), KeySource(command=f"cat '{file}'")]
    assert [key.secret for source in found if (key := source.read())] == [SECRET] * 3


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(KeySource(file="/nowhere/key"), id="no-file"),
        pytest.param(KeySource(env="FACEVEIL_NO_SUCH_VARIABLE"), id="no-variable"),
        pytest.param(KeySource(command="false"), id="command-fails"),
        pytest.param(KeySource(command="no-such-command-here"), id="no-command"),
        pytest.param(KeySource(command="echo 'unbalanced"), id="bad-quotes"),
        pytest.param(KeySource(command="echo hello"), id="no-key"),
    ],
)
def test_a_key_that_does_not_come_says_how_to_make_one(source: KeySource) -> None:
    """Every failure ends in the same instruction."""
    with pytest.raises(VaultError, match="openssl rand -base64 32"):
        source.read()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(SECRET, id="raw-bytes"),
        pytest.param(base64.b64encode(SECRET[:-1]), id="31-bytes"),
        pytest.param(base64.b64encode(SECRET + b"x"), id="33-bytes"),
        pytest.param(LINE * 2, id="two-lines"),
        pytest.param(b"c2VjcmV0IHBhc3N3b3Jk", id="a-password"),
    ],
)
def test_what_is_no_key_is_refused_without_repeating_it(text: bytes) -> None:
    """The message never has any of what was given."""
    with pytest.raises(VaultError) as caught:
        parse_key(text, "--key-file")
    assert "c2Vj" not in str(caught.value)
    assert "--key-file" in str(caught.value)


def test_two_sources_of_one_key_are_refused() -> None:
    """Nobody has to guess which one counted."""
    with pytest.raises(UsageError, match="not several"):
        KeySource(file="a", command="b")


def test_a_vault_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    """Folder and key of a new vault shut out everybody else; a folder that was open is closed."""
    place = tmp_path / "lake.vault"
    place.mkdir(mode=0o755)
    vault = Vault(str(place), LOCAL)
    assert vault.key() is None
    vault.prepare()
    vault.make_key()
    assert (mode(place), mode(place / "key")) == (0o700, 0o600)


def test_a_key_is_made_once(tmp_path: Path) -> None:
    """Eight drivers that make a key at once all get the same one, and so does whoever comes later."""
    vault = Vault(str(tmp_path / "v"), LOCAL)
    vault.prepare()
    with ThreadPoolExecutor(8) as pool:
        made = {key.secret for key in pool.map(lambda _: vault.make_key(), range(8))}
    assert made == {parse_key((tmp_path / "v" / "key").read_bytes(), "here").secret}
    assert vault.key() == vault.make_key()


def test_a_broken_key_is_told_and_never_replaced(tmp_path: Path) -> None:
    """A key that was cut would change every id: it is an error, not a reason for a new one."""
    vault = Vault(str(tmp_path / "v"), LOCAL)
    vault.prepare()
    (tmp_path / "v" / "key").write_bytes(LINE[:20])
    with pytest.raises(VaultError, match="the vault's file 'key'"):
        vault.make_key()
    assert (tmp_path / "v" / "key").read_bytes() == LINE[:20]


def test_looking_for_a_key_makes_nothing(tmp_path: Path) -> None:
    """Where there is no vault there is none afterwards."""
    assert Vault(str(tmp_path / "none"), LOCAL).key() is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_the_vault_should_be_is_told(tmp_path: Path) -> None:
    """What cannot be written ends in one line."""
    (tmp_path / "v").write_text("a file")
    with pytest.raises(VaultError, match="cannot be written"):
        Vault(str(tmp_path / "v"), LOCAL).prepare()


@pytest.mark.parametrize(
    ("lake", "said", "expected"),
    [
        pytest.param("/data/lake", None, "/data/lake.vault", id="beside-a-local-lake"),
        pytest.param("/data/lake", "/safe/v", "/safe/v", id="given"),
        pytest.param("/data/lake", "none", None, id="none"),
        pytest.param("s3a://open/lake", "s3://vault/lake", "s3a://vault/lake", id="object-store"),
        pytest.param("/data/lake", "/data/lake2", "/data/lake2", id="a-neighbour-with-a-longer-name"),
    ],
)
def test_a_vault_lies_where_it_was_said(lake: str, said: str | None, expected: str | None) -> None:
    """Beside a local lake by itself, elsewhere where somebody says so."""
    found = open_vault(lake, said, LOCAL)
    assert (found.uri if found else None) == expected


@pytest.mark.parametrize(
    ("lake", "said"),
    [
        pytest.param("s3a://open/lake", None, id="nothing-said-for-an-object-store"),
        pytest.param("/data/lake", "/data/lake", id="the-lake-itself"),
        pytest.param("/data/lake", "/data/x/../lake/vault", id="inside"),
        pytest.param("s3a://open/lake", "s3://open/lake/v", id="inside-in-another-spelling"),
    ],
)
def test_a_vault_has_access_of_its_own(lake: str, said: str | None) -> None:
    """Whoever may read a lake must not be able to read its names by that."""
    with pytest.raises(UsageError, match="vault"):
        open_vault(lake, said, LOCAL)


def test_a_vault_keeps_the_key_that_it_is_given(tmp_path: Path) -> None:
    """As canaries' vaults are; one that has a key keeps that one."""
    vault = Vault(str(tmp_path / "v"), LOCAL)
    vault.prepare()
    given = Key(bytes(32)).derived("canaries/run")
    assert vault.make_key(given) == given
    assert vault.make_key(Key(bytes(32))) == given
