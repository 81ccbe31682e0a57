"""The command ``faceveil models``: what it says and its exit codes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.models.registry import Registry
from anonymizer_udfs.models.sessions import file_digest
from jobs import models


def onnx_file(folder: Path, name: str) -> Path:
    """Write a model that adds one."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "one"], ["y"])],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])],
        [numpy_helper.from_array(np.ones(1, np.float32), "one")],
    )
    folder.mkdir(parents=True, exist_ok=True)
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])
    (folder / name).write_bytes(model.SerializeToString())
    return folder / name


@pytest.fixture
def context(tmp_path: Path) -> models.Context:
    """Return a registry of a free model, one to be accepted and one that is not there, beside a pack of one model."""
    source = onnx_file(tmp_path / "source", "a.onnx")
    digest = file_digest(source)
    here = {"kind": "path", "path": str(source), "sha256": digest}
    gone = {"kind": "path", "path": str(tmp_path / "gone"), "sha256": digest}
    free = {"task": "detection", "sha256": digest, "licence": "MIT", "commercial_use": True}
    entries = {
        "free": {**free, "source": here},
        "asked": {**free, "source": here, "licence": "ask-first", "commercial_use": False},
        "gone": {**free, "source": gone},
    }
    onnx_file(tmp_path / "packs" / "models" / "tiny", "b.onnx")
    registry = Registry.parse({"models": entries, "packs": {"licence": "ask-first", "commercial_use": False}})
    return models.Context(registry, tmp_path / "cache", (str(tmp_path / "packs"),))


def states(rows: list[models.Row]) -> dict[str, str]:
    """Return each model's state by its name."""
    return {row.name: row.state for row in rows}


def test_an_empty_registry_is_done_at_once(tmp_path: Path) -> None:
    """Without models, every command has nothing to say and is done."""
    for command in ("list", "fetch", "check"):
        assert models.run(command, models.Context(Registry(), tmp_path)) == ([], models.DONE)


def test_list_says_what_is_there(context: models.Context) -> None:
    """Each model has a state; what must be accepted says so; a spoilt file is wrong, and the list is still made."""
    assert states(models.list_models(context)) == {
        "free": "missing", "asked": "licence", "gone": "missing", "tiny/b.onnx": "licence",
    }  # fmt: skip
    models.fetch_models(context, ["free"])
    assert states(models.list_models(context))["free"] == "ready"
    (context.cache / context.registry.entry("free").ref.file).write_bytes(b"spoilt")
    rows, code = models.run("list", context)
    assert (states(rows)["free"], code) == ("wrong", models.DONE)


def test_fetch_takes_what_is_free_and_says_what_failed(context: models.Context) -> None:
    """Without names, models to be accepted are passed over; one failure does not keep the others away."""
    rows, code = models.run("fetch", context)
    assert (states(rows), code) == ({"free": "fetched", "gone": "failed"}, models.FAILED)
    assert models.run("fetch", context, ["free"])[1] == models.DONE
    assert states(models.fetch_models(context, ["free", "asked", "tiny/b.onnx"])) == {
        "free": "present", "asked": "licence", "tiny/b.onnx": "licence",
    }  # fmt: skip


def test_what_is_not_default_is_fetched_and_checked_once_it_is_named(context: models.Context) -> None:
    """A model that no shipped policy needs is passed over by fetch and check, until its name brings it."""
    other = replace(context.registry.entry("free"), name="other", default=False)
    entries = {"free": context.registry.entry("free"), "other": other}
    both = models.Context(Registry(entries), context.cache)
    assert [(row.name, row.default) for row in models.list_models(both)] == [("free", True), ("other", False)]
    assert states(models.fetch_models(both)) == {"free": "fetched"}
    assert states(models.check_models(both)) == {"free": "ok"}
    assert states(models.fetch_models(both, ["other"])) == {"other": "fetched"}
    assert states(models.check_models(both)) == {"free": "ok", "other": "ok"}


def test_an_accepted_licence_opens_both(context: models.Context) -> None:
    """Once the licence is accepted, the model is fetched and the pack's member is used where it lies."""
    accepted = models.Context(context.registry, context.cache, context.local_dirs, ("ask-first",))
    assert states(models.fetch_models(accepted, ["asked", "tiny/b.onnx"])) == {
        "asked": "fetched", "tiny/b.onnx": "present",
    }  # fmt: skip
    assert states(models.check_models(accepted)) == {
        "free": "failed", "asked": "ok", "gone": "failed", "tiny/b.onnx": "ok",
    }  # fmt: skip


def test_check_loads_every_model(context: models.Context) -> None:
    """A model that is there and right is well; one that is missing or spoilt fails the check."""
    models.fetch_models(context, ["free"])
    assert models.run("check", context, ["free"])[1] == models.DONE
    (context.cache / context.registry.entry("free").ref.file).write_bytes(b"spoilt")
    rows, code = models.run("check", context, ["free"])
    assert (states(rows), code) == ({"free": "wrong"}, models.CHECK_FAILED)


def test_an_unknown_name_stops_before_anything_is_done(context: models.Context) -> None:
    """With one wrong name among right ones, nothing is fetched."""
    with pytest.raises(SpecError, match="did you mean 'free'"):
        models.run("fetch", context, ["asked", "fre"])
    assert not context.cache.exists()


def test_the_table_is_aligned(context: models.Context) -> None:
    """The state begins in the same column in every line."""
    rows = models.list_models(context)
    lines = models.table(rows).splitlines()[: len(rows) + 1]
    column = lines[0].index("STATE")
    assert [line[column:] for line in lines[1:]] == [row.state for row in rows]


def run_main(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    """Return the exit code, the output and the errors of the command."""
    code = models.main(argv)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_shipped_registry_in_an_empty_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a new home every shipped model is missing, or its licence is not accepted; checking fails with 5."""
    monkeypatch.setenv("FACEVEIL_HOME", str(tmp_path))
    code, out, _ = run_main(capsys, "list", "--json")
    listed: list[dict[str, Any]] = json.loads(out)
    assert code == 0
    assert {(m["state"], m["commercial_use"]) for m in listed} == {("missing", True), ("licence", False)}
    assert {"centerface", "dlib_resnet", "yunet"} <= {m["name"] for m in listed}
    code, out, _ = run_main(capsys, "check", "centerface")
    assert code == 5
    assert "faceveil models fetch centerface" in out
    code, out, _ = run_main(capsys, "fetch", "dlib68")
    assert code == 1
    assert "add ibug-300-w-non-commercial to the setting models.licences_accepted" in out


@pytest.mark.parametrize(
    "how",
    [
        ("--local-dir", "{}", "--accept-licence", "{}"),
        ("--set", "models.local_dirs=[{}]", "--set", "models.licences_accepted=[{}]"),
    ],
    ids=["options", "settings"],
)
def test_packs_come_from_options_and_settings(
    how: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder and an accepted licence are taken from options of their own and from the settings."""
    monkeypatch.setenv("FACEVEIL_HOME", str(tmp_path / "home"))
    onnx_file(tmp_path / "models" / "tiny", "b.onnx")
    given = how[0], how[1].format(tmp_path), how[2], how[3].format("insightface-non-commercial")
    code, out, _ = run_main(capsys, "check", "tiny/b.onnx", "--json", *given)
    assert (code, [row["state"] for row in json.loads(out)]) == (0, ["ok"])


@pytest.mark.parametrize(
    ("argv", "code", "text"),
    [
        ([], 2, "required: command; expected: faceveil models command [NAME]; command: check, fetch"),
        (["buy"], 2, "command takes one of check, fetch, list, quantize; got 'buy'"),
        (["lst"], 2, "did you mean list?"),
        (["list", "--jsn"], 2, "did you mean --json?"),
        (["fetch", "nobody"], 2, "unknown model 'nobody'"),
        (["list", "centerface"], 2, "takes no names"),
        (["list", "--set", "models.local_dir=a"], 2, "unknown setting"),
        (["--help"], 0, "examples:"),
    ],
    ids=[
        "nothing",
        "unknown command",
        "misspelt",
        "option",
        "unknown model",
        "names to list",
        "unknown setting",
        "help",
    ],
)
def test_exit_codes(argv: list[str], code: int, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Bad arguments end with 2 and say why; help ends with 0 and has examples."""
    came, out, err = run_main(capsys, *argv)
    assert came == code
    assert text in out + err
