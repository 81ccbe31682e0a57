"""What Spark raises becomes one line that says what to do, and quotes nothing of anybody's."""

import pytest
from py4j.protocol import Py4JError

from jobs.errors import JobError, LakeBusyError
from jobs.sparkerrors import translated, translation

PATH = "s3a://bucket/Jane Doe/1.jpg"


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        (f"anonymizer_udfs.errors.ModelDigestError: model m: wrong\n at {PATH}", JobError, "model m: wrong"),
        (f"No module named 'cv2' while {PATH}", JobError, "no cv2: install requirements/worker.lock"),
        (f"java.io.IOException: No space left on device: {PATH}", JobError, "a disk is full"),
        (f"java.io.IOException: Disk quota exceeded: {PATH}", JobError, "a disk is full"),
        (f"[DELTA_CONCURRENT_APPEND] {PATH}", LakeBusyError, "another run wrote to this lake"),
        (f"[A_CLASS] and then [PATH_NOT_FOUND] {PATH}", JobError, "Spark failed: PATH_NOT_FOUND; run the command"),
        (f"something else: {PATH}", JobError, "Spark failed; run the command again"),
    ],
    ids=["ours", "package", "full", "quota", "busy", "class", "nothing known"],
)
def test_each_kind_has_its_words(text: str, kind: type[JobError], says: str) -> None:
    """The class of an error may be said; what it quotes, never."""
    error = translation(text)
    assert type(error) is kind
    assert says in str(error)
    assert "Jane" not in str(error)


def test_what_spark_raises_is_translated_and_what_we_raise_is_not() -> None:
    """Within the block; without an error nothing happens."""
    with translated():
        pass
    with pytest.raises(JobError, match="Spark failed; run the command again"), translated():
        raise Py4JError(PATH)
    with pytest.raises(ValueError, match="mine"), translated():
        raise ValueError("mine")
