"""There is nobody to sign in."""


def authenticate_user(*_: object, **__: object) -> None:
    """Do nothing."""
