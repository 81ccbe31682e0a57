"""Parts of the benchmark that puts another tool's outputs and ours before the same attackers."""
