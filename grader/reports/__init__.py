"""What people and programs read after grading: one page a student, one page a class, a CSV table, and JSON.

Everything here turns records into files and judges nothing. Student text is data: escaped in HTML, capped in length.
"""

from grader.reports.class_page import write_class_page
from grader.reports.grades_csv import write_grades_csv
from grader.reports.result_json import to_json, write_result_json
from grader.reports.student import write_student_report
from grader.reports.translation import Translator

__all__ = [
    "Translator",
    "to_json",
    "write_class_page",
    "write_grades_csv",
    "write_result_json",
    "write_student_report",
]
