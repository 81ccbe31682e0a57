"""Settings: what profiles say, how single keys are changed, and what is refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from conf import settings
from conf.settings import Settings, SettingsError, load

SHIPPED = [pytest.param(name, id=name) for name in settings.profiles()]


def test_the_defaults_are_valid() -> None:
    """Without profile and file there is something to run with, and it runs on this machine alone."""
    assert Settings().models.providers == ("CPUExecutionProvider",)
    assert load().profile == "local"


@pytest.mark.parametrize("name", SHIPPED)
def test_every_profile_is_valid(name: str) -> None:
    """What ships loads, alone and laid over the local one."""
    assert load(name).profile == name
    assert load(f"local,{name}").profile == f"local,{name}"


def test_the_profiles_are_those_of_the_files() -> None:
    """Four ship."""
    assert settings.profiles() == ["cluster", "gpu", "local", "s3"]


def test_profiles_are_laid_over_each_other() -> None:
    """The last one wins where two say something; what only one says stays."""
    both = load("gpu,s3")
    assert both.models.providers == ("CUDAExecutionProvider",)
    assert (both.storage.path_style, both.limits.read_threads) == (True, 16)
    assert load("s3,gpu").limits.read_threads == 8


def test_a_gpu_profile_has_no_cpu_to_fall_back_to() -> None:
    """A GPU that is missing must be seen at the start."""
    assert load("gpu").models.providers == ("CUDAExecutionProvider",)


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        pytest.param("limits.read_threads=8", "limits.read_threads", 8, id="number"),
        pytest.param("limits.max_pixels=10_000", "limits.max_pixels", 10_000, id="grouped-digits"),
        pytest.param("limits.max_bytes=2 MiB", "limits.max_bytes", 2 << 20, id="size"),
        pytest.param("storage.anonymous=true", "storage.anonymous", True, id="bool"),
        pytest.param("spark.master=local[2]", "spark.master", "local[2]", id="brackets-are-text-here"),
        pytest.param("models.local_dirs=[a, b]", "models.local_dirs", ["a", "b"], id="list"),
        pytest.param("tracking.uri=http://host:5000", "tracking.uri", "http://host:5000", id="url"),
        pytest.param("tracking.uri=", "tracking.uri", None, id="empty-is-null"),
        pytest.param("spark.conf.spark.executor.memory=4g", "spark.conf.spark.executor.memory", "4g", id="spark-conf"),
        pytest.param("spark.conf.spark.speculation=true", "spark.conf.spark.speculation", "true", id="spark-bool"),
    ],
)
def test_a_single_key_is_changed(override: str, key: str, value: object) -> None:
    """Values are read as YAML writes them, and only that key differs from the profile."""
    before, after = load().flat(), load("local", [override]).flat()
    assert after[key] == value
    changed = {k for k in after if k not in before or after[k] != before[k]}
    assert changed <= {key}


def test_the_last_override_wins() -> None:
    """As on every command line."""
    assert load("local", ["limits.read_threads=2", "limits.read_threads=3"]).limits.read_threads == 3


@pytest.mark.parametrize(
    ("override", "says"),
    [
        pytest.param("", "takes group.key=value", id="empty"),
        pytest.param("limits.read_threads", "takes group.key=value", id="no-value"),
        pytest.param("limits=3", "takes group.key=value", id="no-key"),
        pytest.param("limit.max_bytes=3", "unknown setting 'limit'; did you mean 'limits'", id="unknown-group"),
        pytest.param("limits.max_byte=3", "did you mean 'limits.max_bytes'", id="unknown-key"),
        pytest.param("limits.max_bytes=many", "limits.max_bytes: .* got 'many'", id="text-for-a-number"),
        pytest.param("limits.max_bytes=0", "greater than or equal to 1, got 0", id="too-small"),
        pytest.param("limits.read_threads=true", "limits.read_threads: a number is expected", id="bool-for-a-number"),
        pytest.param("limits.read_threads=65", "less than or equal to 64, got 65", id="many-threads"),
        pytest.param("spark.driver_memory=2GB", "spark.driver_memory: .*pattern", id="memory-without-unit"),
        pytest.param("spark.delta=own", "'bundled' or 'provided', got 'own'", id="choice"),
        pytest.param("models.providers=[]", "models.providers", id="no-provider"),
        pytest.param("models.providers=[CUDA]", "CUDAExecutionProvider", id="unknown-provider"),
        pytest.param("storage.endpoint_url=host:9000", "must be http", id="endpoint-without-scheme"),
        pytest.param("limits.max_bytes=[", "is no YAML", id="broken-yaml"),
        pytest.param("spark=null", "takes group.key=value", id="group-away"),
    ],
)
def test_a_bad_override_says_what_to_do(override: str, says: str) -> None:
    """One line: the key, what was expected, what came."""
    with pytest.raises(SettingsError, match=says) as caught:
        load("local", [override])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        pytest.param(["batches.images=10"], "task_images .* more than batches.images .* lower", id="task-over-batch"),
        pytest.param(["batches.bytes=1 MiB"], "task_bytes .* more than batches.bytes", id="task-bytes-over-batch"),
        pytest.param(["tracking.sample_size=5"], "contact_sheet_images .* lower the first", id="sheet-over-sample"),
        pytest.param(
            ["spark.master=spark://host:7077", "models.ship=false"], "every executor has", id="no-way-to-models"
        ),
        pytest.param(["spark.conf.spark.master=x"], "spark.master stands for; set that one", id="two-masters"),
        pytest.param(["spark.conf.spark.io.encryption.enabled=false"], "must stay true", id="no-encryption"),
    ],
)
def test_contradictions_say_what_to_do(overrides: list[str], says: str) -> None:
    """Two settings that cannot both hold are an error before anything starts."""
    with pytest.raises(SettingsError, match=says):
        load("local", overrides)


@pytest.mark.parametrize(
    "override",
    [
        pytest.param("spark.conf.spark.hadoop.fs.s3a.secret.key=hunter2", id="spark-conf"),
        pytest.param("storage.endpoint_url=http://me:hunter2@host", id="endpoint"),
    ],
)
def test_a_credential_is_refused_and_not_repeated(override: str) -> None:
    """Settings go into records, so a secret in them is an error, whose message does not hold it."""
    with pytest.raises(SettingsError) as caught:
        load("local", [override])
    assert "hunter2" not in str(caught.value)


def test_an_unknown_profile_is_answered_with_the_known_ones() -> None:
    """A typing error says what was meant."""
    with pytest.raises(SettingsError, match="did you mean 'cluster'"):
        load("clster")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("- a", "must be a YAML mapping", id="list"),
        pytest.param("limits: [", "is no YAML", id="broken"),
        pytest.param("limits: 3", "limits: ", id="group-is-no-mapping"),
        pytest.param("limits: {reed_threads: 3}", "did you mean 'limits.read_threads'", id="unknown-key"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """A profile of one's own is checked like those that ship."""
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=says):
        load(str(file))


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    """A profile may be empty: then the defaults hold."""
    file = tmp_path / "mine.yaml"
    file.write_text("", encoding="utf-8")
    assert load(str(file)).limits == Settings().limits


def test_settings_do_not_change() -> None:
    """What was checked stays what it was."""
    made = load()
    with pytest.raises(ValueError, match="frozen"):
        made.limits.read_threads = 9  # type: ignore[misc]  # what must fail


def test_reading_settings_starts_nothing() -> None:
    """Settings are checked before Spark and MLflow are even imported, and without the package that travels."""
    code = (
        "import sys; from conf.settings import load; load();"
        "print([m for m in ('pyspark', 'mlflow', 'anonymizer_udfs', 'schemas', 'jobs') if m in sys.modules])"
    )
    root = Path(settings.__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
