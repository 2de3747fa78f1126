"""Layouts show nothing."""


class TabBar:
    """A bar of tabs without any effect."""

    def __init__(self, *_: object, **__: object) -> None:
        """Take whatever is given."""
