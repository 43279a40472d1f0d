"""Reads JUnit's XML from stdin with Python's own parser, holds its structure against what CI
systems agree on, and prints what it read as JSON."""

import json
import sys
import xml.etree.ElementTree as tree

ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors", "disabled", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "disabled", "time", "timestamp", "hostname", "id", "package"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "classname", "assertions", "time", "status"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message", "type"},
    "system-out": set(),
    "system-err": set(),
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase", "system-out", "system-err"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped", "system-out", "system-err"},
}
REQUIRED = {
    "testsuite": {"name", "tests", "failures", "errors"},
    "testcase": {"name", "classname"},
    "property": {"name", "value"},
}


# Children come in this order.
ORDER = {
    "testsuite": ["properties", "testcase", "system-out", "system-err"],
    "testcase": ["skipped", "error", "failure", "system-out", "system-err"],
}


def check(node):
    order = ORDER.get(node.tag)
    if order:
        places = [order.index(child.tag) for child in node if child.tag in order]
        assert places == sorted(places), f"order in {node.tag}"
    extra = set(node.attrib) - ATTRIBUTES[node.tag]
    assert not extra, f"{node.tag} has {extra}"
    missing = REQUIRED.get(node.tag, set()) - set(node.attrib)
    assert not missing, f"{node.tag} lacks {missing}"
    for child in node:
        assert child.tag in CHILDREN.get(node.tag, set()), f"{child.tag} in {node.tag}"
        check(child)


def outcome(case):
    results = [child for child in case if child.tag in ("failure", "error", "skipped")]
    assert len(results) <= 1, case.attrib
    one = results[0] if results else None
    return {
        "name": case.get("name"),
        "outcome": "success" if one is None else one.tag,
        "message": None if one is None else one.get("message"),
        "type": None if one is None else one.get("type"),
        "text": None if one is None else one.text,
    }


root = tree.fromstring(sys.stdin.buffer.read())
assert root.tag == "testsuites", root.tag
check(root)
totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
cases = []
for suite in root:
    own = [outcome(case) for case in suite.iter("testcase")]
    counted = {
        "tests": len(own),
        "failures": sum(case["outcome"] == "failure" for case in own),
        "errors": sum(case["outcome"] == "error" for case in own),
        "skipped": sum(case["outcome"] == "skipped" for case in own),
    }
    for name, count in counted.items():
        assert int(suite.get(name, "0")) == count, f"{suite.get('name')}: {name}"
        totals[name] += count
    float(suite.get("time", "0"))
    cases += own
for name in ("tests", "failures", "errors"):
    assert int(root.get(name)) == totals[name], name
json.dump({"totals": totals, "cases": cases}, sys.stdout)
