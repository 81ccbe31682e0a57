"""The jobs: each file or folder here is one ``spark-submit`` entry point and one ``faceveil`` command."""
