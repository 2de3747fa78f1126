"""Colab's replacement for OpenCV's window."""


def cv2_imshow(*_: object, **__: object) -> None:
    """Do nothing."""
