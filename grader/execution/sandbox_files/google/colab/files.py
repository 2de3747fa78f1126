"""Nobody uploads, and nothing is downloaded."""


def upload(*_: object, **__: object) -> dict[str, bytes]:
    """No file was chosen."""
    return {}


def upload_file(*_: object, **__: object) -> str:
    """No file was chosen."""
    return ""


def download(*_: object, **__: object) -> None:
    """Do nothing."""


def view(*_: object, **__: object) -> None:
    """Do nothing."""
