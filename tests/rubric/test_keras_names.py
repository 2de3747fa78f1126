"""What a rubric may ask for is what the installed Keras knows."""

from __future__ import annotations

import json
import subprocess
import sys

from grader.rubric.keras_names import ACTIVATIONS, OPTIMIZERS


def test_the_names_are_those_of_the_keras_that_is_installed() -> None:
    code = """
import keras, json
functions = [name for name in dir(keras.activations) if getattr(getattr(keras.activations, name), "__name__", "") == name]
base = keras.optimizers.Optimizer
classes = [name for name in dir(keras.optimizers) if isinstance(getattr(keras.optimizers, name), type)]
classes = [name for name in classes if issubclass(getattr(keras.optimizers, name), base)]
print(json.dumps([functions, classes]))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    functions, classes = json.loads(ran.stdout.splitlines()[-1])
    assert set(functions) - {"get", "serialize", "deserialize"} == ACTIVATIONS
    assert set(classes) - {"Optimizer", "LossScaleOptimizer", "MultiOptimizer"} == OPTIMIZERS
