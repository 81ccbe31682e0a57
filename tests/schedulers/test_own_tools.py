"""Airflow's loader, Kubernetes' schemas and the Spark operator's definition read the examples; and refuse broken ones.

``tests/unit/test_examples.py`` holds the same files to what faceveil means by them.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
TOOLS = ROOT / "build" / "schedulers-venv" / "bin"
OPERATOR, OPERATOR_SUM = (
    "github.com/kubeflow/spark-operator/v2@v2.3.0",
    "h1:cYN/331gwkdZ0S/ai72JQoUv7UK52O2OQOWFpl8XhPc=",
)
DEFINITION = "config/crd/bases/sparkoperator.k8s.io_sparkapplications.yaml"
KUBERNETES = ("1.30", "1.33")
LOADER = """
import json, sys
from airflow.models.dagbag import DagBag

bag = DagBag(sys.argv[1], include_examples=False)
chains = {name: [task.task_id for task in dag.topological_sort()] for name, dag in bag.dags.items()}
print(json.dumps({"errors": bag.import_errors, "chains": chains}))
"""

needs_tools = pytest.mark.skipif(
    not TOOLS.is_dir(), reason="Airflow and kubernetes-validate are not in build/schedulers-venv: make schedulers"
)


@needs_tools
def test_airflow_loads_the_dag(tmp_path: Path) -> None:
    """Its own loader finds one DAG and its tasks in their order, and says what is wrong with a broken one."""
    mine = shutil.copytree(EXAMPLES / "airflow", tmp_path / "mine")
    assert loaded(mine, tmp_path) == {"errors": {}, "chains": {"faceveil_night": ["anonymize", "monitor", "evaluate"]}}
    (file,) = mine.glob("*.py")
    file.write_text(file.read_text(encoding="utf-8").replace("bash_command=", "bash_comand="), encoding="utf-8")
    broken = loaded(mine, tmp_path)
    assert broken["chains"] == {}
    assert "missing keyword argument 'bash_command'" in " ".join(broken["errors"].values())


def loaded(folder: Path, scratch: Path) -> dict[str, Any]:
    """Return what Airflow finds in a folder: errors by file, and each DAG's tasks in their order."""
    env = {"AIRFLOW_HOME": str(scratch / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "HOME": str(scratch)}
    command = [str(TOOLS / "python"), "-W", "ignore", "-c", LOADER, str(folder)]
    done = subprocess.run(command, env=env, cwd=scratch, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@needs_tools
@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_takes_the_cronjob(version: str, tmp_path: Path) -> None:
    """Strictly by the API's schema of that version; one key misspelt is refused."""
    file = EXAMPLES / "kubernetes" / "cronjob.yaml"
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(file.read_text(encoding="utf-8").replace("concurrencyPolicy", "concurrencyPolice"), "utf-8")
    for given, code in ((file, 0), (wrong, 1)):
        command = [str(TOOLS / "kubernetes-validate"), "--strict", "-k", version, str(given)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == code, done.stdout + done.stderr


def test_the_spark_operator_takes_the_application() -> None:
    """By the definition that its release installs in a cluster, in which nothing unknown is let pass."""
    problems = by_definition()
    given = yaml.safe_load((EXAMPLES / "kubernetes" / "spark-application.yaml").read_text(encoding="utf-8"))
    assert problems(given) == []
    given["spec"]["executor"]["instancez"] = 2
    del given["spec"]["sparkVersion"]
    assert len(problems(given)) == 2


def by_definition() -> Callable[[dict[str, Any]], list[str]]:
    """Return what names the problems of a SparkApplication."""
    text = (operator() / DEFINITION).read_text(encoding="utf-8")
    (version,) = yaml.safe_load(text)["spec"]["versions"]
    schema = strict(version["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}
    validator = jsonschema.Draft202012Validator(schema)
    return lambda document: [f"{one.json_path}: {one.message}" for one in validator.iter_errors(document)]


def strict(schema: Any) -> Any:
    """Return a schema in which an object takes no property that it does not name."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    free = "additionalProperties" in schema or schema.get("x-kubernetes-preserve-unknown-fields")
    closed = {"additionalProperties": False} if schema.get("type") == "object" and "properties" in schema else {}
    return ({} if free else closed) | {name: strict(one) for name, one in schema.items()}


def operator() -> Path:
    """Return the folder of the operator's sources, as Go's proxy has them, its digest checked; skip without Go."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go, which brings the Spark operator's definition, is not here")
    done = subprocess.run(
        [go, "mod", "download", "-json", OPERATOR],
        env=os.environ | {"GOFLAGS": ""},
        cwd=tempfile.gettempdir(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    came = json.loads(done.stdout)
    assert came.get("Sum") == OPERATOR_SUM, came
    return Path(came["Dir"])
