"""A lake in a real Hive metastore (Derby holds it): known there after its run, to processes that know no path."""

import json
import os
import subprocess
import sys
from pathlib import Path

from schemas import VIEWS, comments
from tests.support.anonymizing import ONE_LOOK, QUIET
from tests.support.pictures import PORTRAIT, saved, write

SCHEMA = "spark_catalog.archive"
READER = """
import json, sys
from anonymizer_udfs.sources.base import Storage
from conf.settings import load
from jobs.session import create

spark = create(load("local", sys.argv[1:]), Storage())
names = sorted(row["tableName"] for row in spark.sql("SHOW TABLES IN spark_catalog.archive").collect())
counts = {name: spark.table(f"spark_catalog.archive.{name}").count() for name in names}
said = {row["col_name"]: row["comment"] for row in spark.sql("DESCRIBE TABLE spark_catalog.archive.faces").collect()}
print(json.dumps({"implementation": spark.conf.get("spark.sql.catalogImplementation"), "counts": counts, "said": said}))
"""


def test_a_lake_is_known_to_a_hive_metastore(tmp_path: Path) -> None:
    """Tables and views outlive the process that made them, with their comments."""
    write(tmp_path / "photos", {"one.png": saved(PORTRAIT, "PNG"), "two.png": saved(PORTRAIT[:, ::-1], "PNG")})
    options = [word for one in hive(tmp_path) for word in ("--set", one)]
    words = ["photos", SCHEMA, "--vault", "vault", *QUIET, "--policy", str(ONE_LOOK), *options]
    ran(tmp_path, "-m", "jobs.cli", "anonymize", *words)
    told = json.loads(ran(tmp_path, "-c", READER, *hive(tmp_path)).splitlines()[-1])
    assert told["implementation"] == "hive"
    assert set(told["counts"]) == {"images", "runs", *VIEWS} - {"holdings"}, "no release, so no table that it is of"
    assert (told["counts"]["images"], told["counts"]["faces"]) == (2, 2)
    assert told["said"] == comments("faces")


def hive(folder: Path) -> list[str]:
    """Return the settings of a session with a metastore of its own in a folder."""
    conf = {
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={folder}/metastore;create=true",
    }
    return [f"spark.conf.{name}={value}" for name, value in conf.items()]


def ran(folder: Path, *words: str) -> str:
    """Run Python in a folder and return what it wrote."""
    env = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout
