"""The slow tests, named with what they take: the rest is run for every commit by ``make test-quick``.

A file's seconds are those of a core, its processes together. The slowest are begun first, so that all processes of a run
end at about the same time.
"""

from __future__ import annotations

SECONDS: dict[str, int] = {
    "executors/test_ways.py": 400,
    "execution/test_replay.py": 250,
    "hostile/test_kills.py": 150,
    "hostile/test_batch.py": 120,
    "training/test_trainer.py": 120,
    "hostile/test_resources.py": 110,
    "grading/test_honest_students.py": 90,
    "executors/test_dask.py": 80,
    "hostile/test_forged_marks.py": 70,
    "grading/test_faults.py": 60,
    "test_cli.py": 60,
    "executors/test_executors.py": 60,
    "training/test_service.py": 60,
    "review/test_hurry.py": 55,
    "execution/test_locations.py": 40,
    "hostile/test_files.py": 40,
    "review/test_browser.py": 30,
    "grading/test_cases.py": 30,
    "execution/test_protection.py": 30,
    "execution/test_session.py": 35,
    "execution/test_old_code.py": 25,
    "checks/test_prose.py": 25,
    "hostile/test_reads_and_writes.py": 23,
    "execution/test_honest_networks.py": 20,
    "hostile/test_reports.py": 20,
    "hostile/test_wheel.py": 16,
    "hostile/test_network.py": 15,
    "execution/test_warm.py": 13,
    "execution/test_attempts.py": 10,
    "training/test_starts.py": 10,
    "checks/test_predicted_class.py": 10,
    "review/test_whose_texts.py": 9,
    "submission/test_speed.py": 8,
    "review/test_databases.py": 7,
    "rubric/test_keras_names.py": 6,
    "grading/test_every_criterion.py": 3,
}
"""By file below ``tests``."""


def seconds_of(nodeid: str) -> int:
    """What a test's file takes; 0 for a quick one."""
    return SECONDS.get(nodeid.split("::")[0].removeprefix("tests/"), 0)
