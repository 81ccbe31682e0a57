"""The work on one partition of images: read, decode, detect, anonymize, encode, attack, record.

Nothing in this package imports Spark, except :mod:`anonymizer_udfs.udfs`; nothing knows a lake or a table. A partition
function takes Arrow record batches and gives Arrow record batches, so all of it runs and is tested without a JVM.
"""

__version__ = "0.1.0"
