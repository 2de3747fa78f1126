"""What was handed in: from a folder, however it is laid out, to a submission for each student and a list of the rest.

``listing`` lists the folder, ``names`` reads what platforms and students call things, ``contents`` what notebooks hold,
``templates`` finds the assignment as it was given, ``grouping`` parts the rest into students, ``choosing`` decides
which of a student's notebooks is graded, ``beside`` which files come along with it, ``ids`` names submissions,
``written`` makes names readable, ``shared`` finds what most of them have in common; ``collect`` is the flow.
``shared_prose`` finds that in answers, once they are graded.
"""

from grader.collection.beside import read_beside
from grader.collection.collect import collect

__all__ = ["collect", "read_beside"]
