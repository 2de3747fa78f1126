"""The slow tests, named with what they take: the rest is run for every commit by ``make test-quick``.

A file's seconds are about those of the clock, in a run of all tests on two cores. The slowest are begun first, so that
all processes of a run end at about the same time.
"""

from __future__ import annotations

SECONDS: dict[str, int] = {
    "hostile/test_forged_marks.py": 131,
    "execution/test_replay.py": 93,
    "grading/test_honest_students.py": 85,
    "hostile/test_kills.py": 84,
    "training/test_service.py": 80,
    "review/test_hurry.py": 70,
    "training/test_trainer.py": 66,
    "executors/test_dask.py": 65,
    "review/test_browser.py": 57,
    "executors/test_ways.py": 53,
    "hostile/test_batch.py": 50,
    "grading/test_faults.py": 48,
    "hostile/test_resources.py": 47,
    "execution/test_session.py": 37,
    "checks/test_prose.py": 36,
    "cli/test_interrupted_commands.py": 32,
    "executors/test_executors.py": 30,
    "test_cli.py": 24,
    "hostile/test_reads_and_writes.py": 22,
    "execution/test_attempts.py": 21,
    "execution/test_locations.py": 19,
    "execution/test_origins.py": 18,
    "hostile/test_files.py": 16,
    "execution/test_honest_networks.py": 16,
    "training/test_trainer_memory.py": 15,
    "hostile/test_reports.py": 15,
    "execution/test_warm.py": 14,
    "cli/test_check.py": 14,
    "hostile/test_wheel.py": 13,
    "grading/test_cases.py": 13,
    "hostile/test_streams.py": 13,
    "execution/test_protection.py": 12,
    "review/test_guard.py": 11,
    "test_rubric.py": 10,
    "hostile/test_fuzzing.py": 9,
    "review/test_second_opinion.py": 9,
    "training/test_trajectories.py": 8,
    "submission/test_speed.py": 8,
    "training/test_looking.py": 8,
    "rubric/test_keras_names.py": 8,
    "execution/test_old_code.py": 7,
    "review/test_review_pages.py": 7,
    "benchmarks/test_student_class.py": 6,
    "checks/test_provisional.py": 6,
    "training/test_canonical.py": 6,
    "test_only.py": 6,
    "review/test_grouping.py": 5,
    "cli/test_kit.py": 5,
    "test_processes.py": 5,
    "review/test_databases.py": 5,
}
"""By file below ``tests``."""


def seconds_of(nodeid: str) -> int:
    """What a test's file takes; 0 for a quick one."""
    return SECONDS.get(nodeid.split("::")[0].removeprefix("tests/"), 0)
