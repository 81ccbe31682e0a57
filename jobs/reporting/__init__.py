"""The report's parts: what is said of a lake, as blocks, and the two pages that are made of them.

``evaluated`` finds the evaluation and judges it again; ``told`` puts the document together, as
blocks that are neither HTML nor Markdown; ``pages`` makes both of them.
"""
