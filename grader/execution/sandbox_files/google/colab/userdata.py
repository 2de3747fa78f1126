"""No secrets are kept."""


class SecretNotFoundError(Exception):
    """The secret asked for is not there."""


class NotebookAccessError(Exception):
    """The notebook may not read the secret."""


def get(key: str) -> str:
    """Every secret is missing."""
    raise SecretNotFoundError(f"Secret {key} does not exist.")
