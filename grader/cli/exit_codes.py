"""What a command's exit code says. A student's bad notebook is no fault of the grader's."""

OK, FAULT, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

EXPLAINED = (
    f"Exit codes: {OK} done; {FAULT} the grader itself failed at something, or a protection is not in full force; "
    f"{WRONG_USAGE} wrong usage; {INTERRUPTED} interrupted, by Ctrl-C or SIGTERM."
)
