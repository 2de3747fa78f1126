"""The slow tests, named with what they take: the rest is run for every commit by ``make test-quick``.

A file's seconds are about those of the clock, in a run of all tests on two cores. The slowest are begun first, so that
all processes of a run end at about the same time.
"""

from __future__ import annotations

SECONDS: dict[str, int] = {
    "executors/test_ways.py": 75,
    "hostile/test_kills.py": 100,
    "training/test_trainer.py": 110,
    "execution/test_replay.py": 110,
    "grading/test_honest_students.py": 95,
    "executors/test_dask.py": 85,
    "hostile/test_batch.py": 55,
    "cli/test_interrupted_commands.py": 30,
    "hostile/test_resources.py": 60,
    "review/test_hurry.py": 60,
    "training/test_service.py": 60,
    "hostile/test_forged_marks.py": 100,
    "checks/test_prose.py": 60,
    "executors/test_executors.py": 35,
    "review/test_browser.py": 50,
    "execution/test_locations.py": 28,
    "test_cli.py": 30,
    "grading/test_faults.py": 40,
    "execution/test_session.py": 35,
    "hostile/test_files.py": 18,
    "execution/test_attempts.py": 25,
    "hostile/test_reads_and_writes.py": 25,
    "execution/test_honest_networks.py": 18,
    "execution/test_warm.py": 16,
    "checks/test_provisional.py": 15,
    "execution/test_desk.py": 15,
    "training/test_trainer_memory.py": 15,
    "cli/test_check.py": 14,
    "grading/test_cases.py": 13,
    "hostile/test_wheel.py": 12,
    "execution/test_protection.py": 12,
    "submission/test_speed.py": 11,
    "hostile/test_streams.py": 11,
    "hostile/test_growth.py": 11,
    "hostile/test_reports.py": 9,
    "review/test_second_opinion.py": 9,
    "review/test_guard.py": 9,
    "review/test_refusals.py": 9,
    "review/test_desk_pages.py": 8,
    "review/test_history.py": 7,
    "training/test_trajectories.py": 9,
    "training/test_looking.py": 9,
    "hostile/test_deadlines.py": 8,
    "executors/test_worker_memory.py": 8,
    "review/test_review_pages.py": 7,
    "hostile/test_fuzzing.py": 7,
    "review/test_grouping.py": 7,
    "execution/test_old_code.py": 7,
    "execution/test_genuine.py": 6,
    "execution/test_origins.py": 17,
    "benchmarks/test_student_class.py": 6,
    "test_rubric.py": 6,
    "training/test_canonical.py": 6,
    "training/test_work.py": 6,
    "hostile/test_budgets.py": 6,
    "training/test_quota.py": 5,
    "review/test_databases.py": 5,
    "rubric/test_keras_names.py": 5,
}
"""By file below ``tests``."""


def seconds_of(nodeid: str) -> int:
    """What a test's file takes; 0 for a quick one."""
    return SECONDS.get(nodeid.split("::")[0].removeprefix("tests/"), 0)
