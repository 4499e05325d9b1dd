#!/usr/bin/env bash
# Fails where a model has stopped being convertible, or has become slower to run than it need be. For a CI job.
#
#     examples/ci/check-models.sh models.txt [reports]
#
# models.txt has one model a line, and behind it the options of `passerelle check` for it:
#
#     detector.pt    --input 1x3x320x320:nhwc --min-api 29
#     classifier.pt  --input 1x3x224x224      --min-api 27 --fail-on transpose
#
# A file MODEL.pt.known.json beside a model is its baseline: what is in it is known, and does not fail. To make or renew it:
#
#     passerelle check detector.pt --input 1x3x320x320:nhwc --format json > detector.pt.known.json
#
# The reports folder gets for each model a page (.html), SARIF for the code host (.sarif) and JSON.
set -uo pipefail

list=${1:?usage: check-models.sh models.txt [reports]}
reports=${2:-reports}
mkdir -p "$reports"
failed=0

while read -r -a words; do
  [ ${#words[@]} -gt 0 ] || continue
  model=${words[0]}
  case $model in '#'*) continue ;; esac
  options=("${words[@]:1}")
  [ ! -f "$model.known.json" ] || options+=(--baseline "$model.known.json")
  name=$reports/$(basename "$model")

  # One run decides and is read by a person in the log; the others only write what it has found in other forms.
  passerelle check "$model" "${options[@]}" --timeout 600 </dev/null
  status=$?
  case $status in
    0) echo "ok: $model" ;;
    4) failed=1 ;;          # obstacles that are new, or a guard of --fail-on
    *) echo "passerelle check $model ended with $status" >&2 && failed=1 && continue ;;
  esac
  for format in html sarif json; do
    passerelle check "$model" "${options[@]}" --format "$format" </dev/null >"$name.$format" || [ $? -eq 4 ]
  done
done <"$list"

exit $failed
