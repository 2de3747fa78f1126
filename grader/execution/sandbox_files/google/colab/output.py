"""There is no browser behind the outputs."""


def clear(*_: object, **__: object) -> None:
    """Do nothing."""


def eval_js(*_: object, **__: object) -> None:
    """Do nothing."""


def enable_custom_widget_manager(*_: object, **__: object) -> None:
    """Do nothing."""


def disable_custom_widget_manager(*_: object, **__: object) -> None:
    """Do nothing."""


def register_callback(*_: object, **__: object) -> None:
    """Do nothing."""
