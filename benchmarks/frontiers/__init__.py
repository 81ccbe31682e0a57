"""Parts of ``benchmarks/frontier.py``: people, methods at their strengths, attackers, utility, and the report."""
