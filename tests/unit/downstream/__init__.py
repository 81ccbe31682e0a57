"""Tests of what a model learns from an anonymized archive."""
