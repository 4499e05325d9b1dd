#!/usr/bin/env bash
# Fails where a model has stopped being convertible, or has become slower to run than it need be. For a CI job.
#
#     examples/ci/check-models.sh models.txt [reports]
#
# models.txt has one model a line, and behind it the options of `passerelle check` for it (paths with quotes or without):
#
#     detector.pt      --input 1x3x320x320:nhwc --min-api 29
#     my classifier.pt --input 1x3x224x224      --min-api 27 --fail-on transpose
#
# A file MODEL.pt.known.json beside a model is its baseline: what is in it is known, and does not fail. To make or renew it:
#
#     passerelle check detector.pt --input 1x3x320x320:nhwc --format json > detector.pt.known.json
#
# The reports folder gets for each model a page (.html), SARIF for the code host (.sarif) and JSON. Ends as the worst of the
# models: with 4 for obstacles that are new, or a guard of --fail-on.
set -eu
exec passerelle check --list "${1:?usage: check-models.sh models.txt [reports]}" --reports "${2:-reports}" \
  --baseline '{}.known.json' --timeout 3600
