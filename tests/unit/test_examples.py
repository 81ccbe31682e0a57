"""The files in ``examples/``: each is what its scheduler reads, and each command in them is one that exists.

systemd's own verifier looks at its units where there is one. Kubernetes, the Spark operator and Databricks are held to
schemas that are kept by hand (``tests/support/schedulers``), Airflow to the syntax tree; what they say themselves is
asked in ``tests/schedulers``.
"""

import ast
import configparser
import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from conf import settings
from jobs.cli import COMMANDS
from tests.support import schedulers
from tests.unit.conf.test_spark_defaults import read

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
DAG = EXAMPLES / "airflow" / "faceveil_night.py"
UNITS = sorted((EXAMPLES / "systemd").iterdir())
DOCUMENTS = {
    "cronjob": EXAMPLES / "kubernetes" / "cronjob.yaml",
    "spark_application": EXAMPLES / "kubernetes" / "spark-application.yaml",
    "databricks": EXAMPLES / "databricks" / "databricks.yml",
}
OPERATOR = {"task_id", "bash_command", "env", "append_env", "output_encoding", "skip_on_exit_code", "cwd", "retries"}
"""What Airflow's BashOperator takes (apache-airflow-providers-standard 1.x), and ``retries`` of every operator."""
DAG_TAKES = {"dag_id", "description", "schedule", "start_date", "catchup", "max_active_runs", "default_args", "tags"}
DEFAULTS = {"retries", "retry_delay", "execution_timeout", "owner", "email_on_failure"}


def loaded(name: str) -> Any:
    """Return a YAML example."""
    return yaml.safe_load(DOCUMENTS[name].read_text(encoding="utf-8"))


def in_shell(text: str) -> Iterator[list[str]]:
    """Yield the words of each call of ``faceveil`` in a line of shell."""
    for part in re.split(r"\|\||&&|[;&\n]", text):
        words = shlex.split(part) if "faceveil" in part else []
        if words and Path(words[0]).name == "faceveil":
            yield words[1:]


def of_cronjob() -> Iterator[list[str]]:
    """Yield the commands of the CronJob's containers."""
    pod = loaded("cronjob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    for one in (*pod["initContainers"], *pod["containers"]):
        command = one["command"][2:]
        yield from in_shell(one["args"][0]) if command[0] == "sh" else [[*command[1:], *one["args"]]]


def of_spark_application() -> Iterator[list[str]]:
    """Yield the command of the Spark application, by the job that it names."""
    spec = loaded("spark_application")["spec"]
    yield [Path(spec["mainApplicationFile"]).stem, *spec["arguments"]]


def of_databricks() -> Iterator[list[str]]:
    """Yield the commands of the bundle's tasks, its variables put in."""
    found = loaded("databricks")
    for task in found["resources"]["jobs"]["faceveil_night"]["tasks"]:
        given = task["spark_python_task"]
        assert (DOCUMENTS["databricks"].parent / given["python_file"]).resolve() == ROOT / "jobs" / Path(
            given["python_file"]
        ).name
        values = {f"${{var.{name}}}": one["default"] for name, one in found["variables"].items()}
        yield [Path(given["python_file"]).stem, *(values.get(word, word) for word in given["parameters"])]


def calls_of(tree: ast.AST, name: str) -> list[ast.Call]:
    """Return the calls of a name in a module."""
    return [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == name]


def of_airflow() -> Iterator[list[str]]:
    """Yield the commands of the DAG, its constants put in."""
    tree = ast.parse(DAG.read_text(encoding="utf-8"))
    constants = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    for call in calls_of(tree, "BashOperator"):
        (command,) = [one.value for one in call.keywords if one.arg == "bash_command"]
        text = eval(compile(ast.Expression(command), "dag", "eval"), {}, constants)  # noqa: S307 - a string of our own
        yield from in_shell(text)


def of_systemd() -> Iterator[list[str]]:
    """Yield the commands of the services."""
    for file in UNITS:
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("ExecStart="):
                yield from in_shell(line.removeprefix("ExecStart="))


CALLS = [
    pytest.param(words, id=f"{source.__name__}-{words[0]}-{number}")
    for source in (of_cronjob, of_spark_application, of_databricks, of_airflow, of_systemd)
    for number, words in enumerate(source())
]


def test_every_example_has_commands() -> None:
    """The readers find what the files have."""
    found = [len(list(one())) for one in (of_cronjob, of_spark_application, of_databricks, of_airflow, of_systemd)]
    assert found == [2, 1, 2, 3, 3]


@pytest.mark.parametrize("words", CALLS)
def test_a_command_is_understood(words: list[str]) -> None:
    """By the command's own parser: an option that is renamed breaks this test; profile and settings load."""
    name, *rest = words
    assert name in COMMANDS
    args = importlib.import_module(f"jobs.{name}").parser().parse_args(rest)
    assert settings.load(args.profile, args.overrides)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_hold_to_their_schema(name: str) -> None:
    """As it stands; and with one key misspelt it does not."""
    document = loaded(name)
    assert schedulers.problems(name, document) == []
    text = json.dumps(document)
    for key in set(re.findall(r'"(\w{6,})": [\[{"]', text)):
        wrong = json.loads(text.replace(f'"{key}": ', f'"{key}x": '))
        free = {"faceveil_night", "faceveil", "memory", "spark_conf"}
        assert schedulers.problems(name, wrong) or key in free, key


@pytest.mark.parametrize(("ends", "code"), [(0, 0), (3, 0), (1, 1), (5, 1)])
@pytest.mark.parametrize("stopped", [False, True], ids=["ends", "stopped"])
def test_the_cronjobs_shell_hands_signals_on(ends: int, code: int, stopped: bool, tmp_path: Path) -> None:
    """The real script, with a command that ends as ours does: by itself, or cleanly after SIGTERM."""
    command = tmp_path / "faceveil"
    lasts = "while :; do sleep 0.05; done" if stopped else ":"
    command.write_text(f"#!/bin/sh\ntrap 'echo got >&2; exit {ends}' TERM\necho up\n{lasts}\nexit {ends}\n", "utf-8")
    command.chmod(0o755)
    pod = loaded("cronjob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (script,) = pod["initContainers"][0]["args"]
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=path) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"up\n"
        if stopped:
            running.terminate()
        _, said = running.communicate(timeout=30)
    assert (running.returncode, b"got" in said) == (code, stopped)


def test_a_spark_application_has_the_values_of_the_cluster() -> None:
    """Each of its settings is that of ``conf/spark/cpu-cluster.conf``; so are its executors."""
    spec, defaults = loaded("spark_application")["spec"], read(ROOT / "conf" / "spark" / "cpu-cluster.conf")
    assert {key: defaults.get(key) for key in spec["sparkConf"]} == spec["sparkConf"]
    executor = {"cores": 4, "memory": "3g", "memoryOverhead": "9g"}
    assert {key: spec["executor"][key] for key in executor} == executor
    assert [defaults[f"spark.executor.{key}"] for key in executor] == [str(value) for value in executor.values()]
    assert spec["driver"]["memory"] == defaults["spark.driver.memory"]


def test_the_dag_is_what_airflow_reads() -> None:
    """Known modules, known arguments, tasks of different names, and one chain over all of them."""
    tree = ast.parse(DAG.read_text(encoding="utf-8"))
    modules = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    modules |= {one.name for n in ast.walk(tree) if isinstance(n, ast.Import) for one in n.names}
    assert modules == {"datetime", "pendulum", "airflow.sdk", "airflow.providers.standard.operators.bash"}
    (dag,) = calls_of(tree, "DAG")
    assert {one.arg for one in dag.keywords} <= DAG_TAKES
    (defaults,) = [one.value for one in dag.keywords if one.arg == "default_args"]
    assert isinstance(defaults, ast.Dict)
    assert {key.value for key in defaults.keys if isinstance(key, ast.Constant)} <= DEFAULTS
    tasks = calls_of(tree, "BashOperator")
    assert all({one.arg for one in task.keywords} <= OPERATOR for task in tasks)
    names = [ast.literal_eval(one.value) for task in tasks for one in task.keywords if one.arg == "task_id"]
    assert names == ["anonymize", "monitor", "evaluate"]
    assert "    anonymize >> monitor >> evaluate" in DAG.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_units_have_known_directives(file: Path) -> None:
    """By section; what ends them is our exit code for done, and the signal goes to the command alone."""
    reader = configparser.RawConfigParser(strict=False, delimiters=("=",), interpolation=None)
    reader.optionxform = str  # type: ignore[assignment, method-assign]
    reader.read(file, encoding="utf-8")
    known = json.loads((schedulers.FOLDER / "systemd.json").read_text(encoding="utf-8"))
    for section in reader.sections():
        assert set(reader[section]) <= set(known[section])
    if "faceveil anonymize" in file.read_text(encoding="utf-8"):
        assert (reader["Service"]["SuccessExitStatus"], reader["Service"]["KillMode"]) == ("3", "mixed")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not there")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """Its own verifier has nothing to say, once the command is one that is on this machine."""
    for file in UNITS:
        text = file.read_text(encoding="utf-8").replace("/opt/faceveil/.venv/bin/faceveil", "/bin/true")
        (tmp_path / file.name).write_text(text.replace("/usr/bin/logger", "/bin/true"), encoding="utf-8")
    names = [str(tmp_path / file.name) for file in UNITS if "@" not in file.name]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names], capture_output=True, text=True, timeout=60, check=False
    )
    mine = [line for line in done.stderr.splitlines() if "faceveil" in line]
    assert (done.returncode, mine) == (0, [])
