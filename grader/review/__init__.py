"""The review desk: a web page on this machine where people decide what the grader leaves to them.

``grouping`` puts like findings together (``embeddings`` tells meanings), ``classroom`` is what reviewers see and do,
``app`` and ``pages`` are the web page over it, ``guard`` keeps others out, ``second_opinion`` asks a language model
where an instructor names one.
"""

from grader.review.server import serve_desk

__all__ = ["serve_desk"]
