"""Stands in for Colab's own module: a notebook written there runs here, and finds no drive, no uploads and no
secrets.
"""

from __future__ import annotations

from google.colab import auth, data_table, drive, files, output, patches, userdata, widgets

__all__ = ["auth", "data_table", "drive", "files", "output", "patches", "userdata", "widgets"]
