"""A lake as people ask it: the questions of the docs, other readers, the notebook."""
