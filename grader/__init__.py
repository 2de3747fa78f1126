"""Grades deep-learning notebooks by what their models do.

The flow, as `grader.pipeline` writes it down:

    notebook -> submission -> execution -> Evidence -> checks -> Findings -> scoring -> gradebook -> reports
"""
