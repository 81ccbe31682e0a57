"""How a space of faces is learned from an archive, for the method ``latent``.

What is learned are means, directions and variances over many people (:mod:`.learning`), from faces that stay on
executors (:mod:`.reading`). The file is that of :mod:`anonymizer_udfs.methods.space`.
"""
