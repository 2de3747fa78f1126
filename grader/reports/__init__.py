"""What people and programs read after grading: one page a student, one page a class, a CSV table, and JSON.

Everything here turns records into files and judges nothing. Student text is data: escaped in HTML, capped in length.
"""
