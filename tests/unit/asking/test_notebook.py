"""``examples/lake.ipynb`` runs from top to bottom on a real lake, in a kernel of its own, and draws its plots."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from jobs.lake import Lake

ROOT = Path(__file__).resolve().parents[3]
NOTEBOOK = ROOT / "examples" / "lake.ipynb"
PLOTS = 5


def test_no_picture_is_kept_in_the_repository() -> None:
    """Outputs are cleared: a plot of somebody's lake may show what is in it."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


def test_it_runs_and_plots(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell ends well; the tables and plots that the text speaks of are there."""
    monkeypatch.setenv("LAKE", lake.uri)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    outputs = [one for cell in notebook.cells if cell.cell_type == "code" for one in cell.outputs]
    assert sum("image/png" in one.get("data", {}) for one in outputs) == PLOTS
    assert "quarantined" in next(one["data"]["text/html"] for one in outputs if "text/html" in one.get("data", {}))
    assert not any(one.output_type == "error" for one in outputs)
