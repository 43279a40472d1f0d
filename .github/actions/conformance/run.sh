#!/usr/bin/env bash
# Runs the suite and shows what it found where CI shows it: the log, annotations, the summary of the job.
set -uo pipefail

program="${PROGRAM:-${RUNNER_TEMP}/iotmp/bin/iotmp-conformance}"

# The words of an input, as a shell splits them: over several lines, and with what is quoted in one piece.
# The input is the workflow's own, and nothing in it is expanded or run.
words() {
  python3 -c 'import shlex, sys
for word in shlex.split(sys.argv[1]): sys.stdout.write(word + "\0")' "$1"
}

mapfile -d '' -t command < <(words "$COMMAND")
mapfile -d '' -t options < <(words "$OPTIONS")
if [ "${#command[@]}" -eq 0 ]; then
  echo "::error::the input 'command' is empty, or a quote in it is not closed"
  exit 2
fi
mkdir -p "$REPORTS"
if [ -n "$BASELINE" ]; then options+=(--baseline "$BASELINE"); fi
for report in text=report.txt json=report.json html=report.html junit=junit.xml tap=report.tap badge=badge.json; do
  options+=(--report "${report%%=*}=$REPORTS/${report#*=}")
done

# The options stand behind the name of the command: what follows -- is the subject's own.
"$program" "${command[0]}" "${options[@]}" "${command[@]:1}"
code=$?
echo "exit-code=$code" >>"$GITHUB_OUTPUT"

if [ -s "$REPORTS/report.txt" ]; then
  cat "$REPORTS/report.txt"
  {
    echo "### IOTMP conformance: $(tail -n 1 "$REPORTS/report.txt")"
    echo '```'
    grep -E '^FAIL |^  broken ' "$REPORTS/report.txt" | head -n 200
    echo '```'
  } >>"$GITHUB_STEP_SUMMARY"
  # What a subject says may stand in a line, and is not to be a command of the runner.
  grep -E '^  broken ' "$REPORTS/report.txt" | head -n 10 | sed -e 's/%/%25/g' -e 's/^ *broken */::error title=IOTMP conformance::/'
fi
exit "$code"
