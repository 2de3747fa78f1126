"""What is asked, how it is recognised, and what each criterion is worth. Read from YAML, fully validated."""
