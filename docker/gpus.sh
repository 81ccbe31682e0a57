#!/bin/sh
# Tells Spark which GPUs an executor has, in the form that spark.executor.resource.gpu.discoveryScript asks for.
set -eu
addresses=$(nvidia-smi --query-gpu=index --format=csv,noheader | sed 's/.*/"&"/' | paste -sd, -)
printf '{"name": "gpu", "addresses": [%s]}\n' "$addresses"
