"""Lives in the student's kernel: starts it, watches Keras, and writes what it saw to the exchange folder.

It shares a process with the student's code, so whatever it writes is a claim that the trusted side checks. It imports
nothing from the rest of `grader`, keeps what the student can see unchanged, and never lets a fault of its own reach a
cell. In the kernel the package goes by the name `_kernel_recorder`.
"""
