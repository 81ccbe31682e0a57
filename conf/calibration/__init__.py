"""Thresholds of recognizers, one file a recognizer; written by ``benchmarks/recognition.py``."""
