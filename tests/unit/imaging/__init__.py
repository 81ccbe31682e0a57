"""Tests of ``anonymizer_udfs.imaging``."""
