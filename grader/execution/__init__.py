"""The untrusted side and its guard: a sandboxed kernel, watched from inside, driven from outside."""
