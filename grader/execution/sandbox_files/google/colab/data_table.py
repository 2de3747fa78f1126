"""Tables are shown as they are."""


def enable_dataframe_formatter() -> None:
    """Do nothing."""


def disable_dataframe_formatter() -> None:
    """Do nothing."""
