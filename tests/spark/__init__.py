"""Tests of the jobs on a local Spark, and of what they tell MLflow."""
