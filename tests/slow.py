"""The slow tests, named with what they take: the rest is run for every commit by ``make test-quick``.

A file's seconds are about those of the clock, in a run of all tests on two cores. The slowest are begun first, so that
all processes of a run end at about the same time.
"""

from __future__ import annotations

SECONDS: dict[str, int] = {
    "executors/test_ways.py": 300,
    "hostile/test_kills.py": 180,
    "execution/test_replay.py": 160,
    "training/test_trainer.py": 160,
    "executors/test_dask.py": 120,
    "grading/test_honest_students.py": 110,
    "hostile/test_resources.py": 110,
    "training/test_service.py": 75,
    "hostile/test_batch.py": 60,
    "executors/test_executors.py": 55,
    "cli/test_interrupted_commands.py": 50,
    "review/test_hurry.py": 50,
    "execution/test_locations.py": 40,
    "test_cli.py": 40,
    "execution/test_session.py": 35,
    "hostile/test_forged_marks.py": 35,
    "hostile/test_reads_and_writes.py": 35,
    "review/test_browser.py": 35,
    "execution/test_attempts.py": 30,
    "grading/test_cases.py": 30,
    "grading/test_faults.py": 30,
    "execution/test_protection.py": 25,
    "hostile/test_files.py": 25,
    "checks/test_prose.py": 20,
    "execution/test_honest_networks.py": 20,
    "execution/test_old_code.py": 20,
    "hostile/test_reports.py": 20,
    "execution/test_warm.py": 18,
    "hostile/test_wheel.py": 16,
    "cli/test_check.py": 12,
    "hostile/test_fuzzing.py": 12,
    "checks/test_predicted_class.py": 10,
    "training/test_starts.py": 10,
    "review/test_databases.py": 9,
    "review/test_whose_texts.py": 9,
    "review/test_grouping.py": 8,
    "review/test_second_opinion.py": 8,
    "benchmarks/test_student_class.py": 7,
    "rubric/test_keras_names.py": 7,
    "submission/test_speed.py": 7,
    "hostile/test_network.py": 6,
    "cli/test_elsewhere.py": 5,
    "cli/test_kit.py": 5,
    "execution/test_desk.py": 5,
    "execution/test_ledger.py": 5,
    "review/test_embeddings.py": 5,
    "test_processes.py": 5,
    "grading/test_every_criterion.py": 3,
}
"""By file below ``tests``."""


def seconds_of(nodeid: str) -> int:
    """What a test's file takes; 0 for a quick one."""
    return SECONDS.get(nodeid.split("::")[0].removeprefix("tests/"), 0)
