"""Compares what `make demo` gave with the marks each sample must get: ``python tests/compare_samples.py OUT``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from shipped import submitted

ROOT = Path(__file__).parents[1]


def expected_marks() -> dict[str, dict[str, Any]]:
    """By submission id."""
    expected = YAML(typ="safe").load(ROOT / "tests" / "expected_marks.yaml")
    return {name: expected[path.stem] for name, path in submitted()}


def differences(result: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """What is not as expected, question by question."""
    found = []
    if result["status"] != expected["status"]:
        found.append(f"status {result['status']} instead of {expected['status']}")
    for question in result["questions"]:
        wanted = expected["points"][question["id"]]
        if abs(question["score"] - wanted) > 1e-9:
            found.append(f"question {question['id']}: {question['score']} instead of {wanted}")
    review = sorted(
        f"{question['id']}/{finding['check']}"
        for question in result["questions"]
        for finding in question["findings"]
        if finding["status"] == "needs_review"
    )
    if review != sorted(expected.get("needs_review") or []):
        found.append(f"needs review: {review} instead of {expected.get('needs_review')}")
    return found


def main(out: Path) -> int:
    """Print every difference; 0 if there is none."""
    wrong = 0
    for name, expected in expected_marks().items():
        path = out / name / "result.json"
        found = differences(json.loads(path.read_text(encoding="utf-8")), expected) if path.exists() else ["no result"]
        for text in found:
            print(f"{name}: {text}")
        wrong += bool(found)
    print(f"{len(expected_marks()) - wrong} samples as expected, {wrong} not")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
