"""What students do with Keras, as a program: ``python replay_student.py OUT DATA [EXCHANGE]``.

Run twice, in plain Keras and with the recorder before a training desk, it writes for each scenario a trace of
everything that a student can see. `test_replay.py` compares the two.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

SCENARIOS: dict[str, tuple[str, Callable[[Student], None]]] = {}
"""Name -> what the trainer is to answer of it (``replayed``, ``kernel``, ``mixed`` or ``refused``), and the code."""

IMAGES, TESTS, BATCH = 640, 200, 64


def scenario(kind: str) -> Callable[[Callable[[Student], None]], Callable[[Student], None]]:
    """Register a scenario."""

    def register(function: Callable[[Student], None]) -> Callable[[Student], None]:
        SCENARIOS[function.__name__] = (kind, function)
        return function

    return register


def keys_and_types(logs: Any) -> Any:
    return None if logs is None else [[str(name), type(value).__name__] for name, value in logs.items()]


class Student:
    """What a scenario uses: data, a network, and a place for what is seen."""

    def __init__(self, images: Any, labels: Any, folder: Path) -> None:
        self.x = images[:IMAGES] / 255.0
        self.y = labels[:IMAGES].copy()
        self.test_x = images[IMAGES : IMAGES + TESTS] / 255.0
        self.test_y = labels[IMAGES : IMAGES + TESTS].copy()
        self.folder = folder
        self.seen: list[Any] = []
        """Compared exactly."""
        self.numbers: dict[str, float] = {}
        """Compared roughly: plain Keras shuffles in its own way."""

    def see(self, name: str, value: Any = None) -> None:
        self.seen.append([name, value])

    def network(self, **compiled: Any) -> Any:
        import keras

        model = keras.Sequential(
            [
                keras.layers.Input((28, 28)),
                keras.layers.Flatten(),
                keras.layers.Dense(16, activation="sigmoid"),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
        self.compile(model, **compiled)
        return model

    def compile(self, model: Any, **compiled: Any) -> None:
        settings = {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
        model.compile(**{**settings, **compiled})

    def fit(self, model: Any, *callbacks: Any, **more: Any) -> Any:
        settings = {"x": self.x, "y": self.y, "batch_size": BATCH, "epochs": 2, "verbose": 0, **more}
        if callbacks:
            settings["callbacks"] = list(callbacks)
        history = model.fit(**settings)
        self.see("epochs", history.epoch)
        self.see("history", {name: len(values) for name, values in history.history.items()})
        self.see("order of history", list(history.history))
        self.see("types", sorted({type(value).__name__ for values in history.history.values() for value in values}))
        self.see("params", history.params)
        self.see("own history", model.history is history)
        self.see("iterations", int(model.optimizer.iterations.numpy()))
        self.see("stop_training", model.stop_training)
        self.numbers[f"loss after fit {len(self.numbers)}"] = history.history.get("loss", [0.0])[-1]
        return history

    def evaluate(self, model: Any, **more: Any) -> Any:
        result = model.evaluate(self.test_x, self.test_y, **{"verbose": 0, **more})
        self.see("evaluated", [type(result).__name__, np.shape(result) if isinstance(result, list) else None])
        if isinstance(result, dict):
            self.see("evaluated", keys_and_types(result))
        loss = result["loss"] if isinstance(result, dict) else np.ravel(result)[0]
        self.numbers[f"loss when evaluated {len(self.numbers)}"] = float(loss)
        return result

    def predict(self, model: Any, **more: Any) -> Any:
        result = model.predict(self.test_x, **{"verbose": 0, **more})
        self.see("predicted", [type(result).__name__, str(result.dtype), list(result.shape)])
        expected = model(self.test_x, training=False)
        self.see("prediction is the model's own", bool(np.allclose(result, expected, atol=1e-5)))
        return result


def watching(student: Student, batches: bool = False) -> Any:
    """A student's own callback, with every hook."""
    import keras

    hooks = [f"on_{part}_{when}" for part in ("epoch", "train", "test", "predict") for when in ("begin", "end")]
    if batches:
        hooks += [f"on_{part}_batch_{when}" for part in ("train", "test", "predict") for when in ("begin", "end")]

    def hook(name: str) -> Callable[..., None]:
        def called(self: Any, *args: Any, logs: Any = None) -> None:
            *first, last = (*args, logs) if logs is not None or not args else args
            student.see(name, [first, keys_and_types(last) if isinstance(last, dict) or last is None else last])
            if name == "on_epoch_end":
                student.see(
                    "seen in the callback", [self.model.stop_training, int(self.model.optimizer.iterations.numpy())]
                )

        return called

    own = type("Watching", (keras.callbacks.Callback,), {name: hook(name) for name in hooks})
    return own()


# --- fit and its arguments ------------------------------------------------------------------------------------------


@scenario("replayed")
def plain(student: Student) -> None:
    model = student.network()
    student.fit(model)
    student.evaluate(model)
    student.predict(model)


@scenario("replayed")
def own_callback_with_every_epoch_hook(student: Student) -> None:
    model = student.network()
    student.fit(model, watching(student), epochs=3)
    student.evaluate(model, callbacks=[watching(student)])
    student.predict(model, callbacks=[watching(student)])


@scenario("kernel")
def own_callback_with_batch_hooks(student: Student) -> None:
    model = student.network()
    student.fit(model, watching(student, batches=True), validation_data=(student.test_x, student.test_y))


@scenario("replayed")
def predict_with_batch_hooks(student: Student) -> None:
    model = student.network()
    student.fit(model)
    student.predict(model, callbacks=[watching(student, batches=True)])
    student.evaluate(model, callbacks=[watching(student, batches=True)])


@scenario("replayed")
def validation_data(student: Student) -> None:
    model = student.network()
    student.fit(model, watching(student), validation_data=(student.test_x, student.test_y), epochs=3)


@scenario("replayed")
def validation_data_every_second_epoch(student: Student) -> None:
    student.fit(
        student.network(),
        watching(student),
        validation_data=(student.test_x, student.test_y),
        validation_freq=2,
        validation_batch_size=50,
        epochs=4,
    )


@scenario("replayed")
def validation_data_with_weights(student: Student) -> None:
    student.fit(student.network(), validation_data=(student.test_x, student.test_y, np.linspace(0, 2, TESTS)))


@scenario("replayed")
def validation_split(student: Student) -> None:
    model = student.network()
    student.fit(model, watching(student), validation_split=0.2)
    student.evaluate(model)


@scenario("replayed")
def validation_by_a_pipeline(student: Student) -> None:
    import tensorflow as tf

    pipeline = tf.data.Dataset.from_tensor_slices((student.test_x, student.test_y)).batch(50)
    student.fit(student.network(), watching(student), validation_data=pipeline)


@scenario("replayed")
def validation_by_a_generator_of_unknown_length(student: Student) -> None:
    import tensorflow as tf

    def batches() -> Iterator[Any]:
        yield from ((student.test_x[i : i + 50], student.test_y[i : i + 50]) for i in (0, 50, 100))

    pipeline = tf.data.Dataset.from_generator(
        batches, output_signature=(tf.TensorSpec((None, 28, 28)), tf.TensorSpec((None,), tf.uint8))
    )
    model = student.network()
    student.fit(model, watching(student), validation_data=pipeline)
    student.see("evaluated", np.shape(model.evaluate(pipeline, verbose=0)))


@scenario("kernel")
def validation_steps(student: Student) -> None:
    student.fit(
        student.network(), watching(student), validation_data=(student.test_x, student.test_y), validation_steps=2
    )


@scenario("replayed")
def initial_epoch(student: Student) -> None:
    model = student.network()
    student.fit(model, epochs=2)
    student.fit(model, watching(student), epochs=4, initial_epoch=2)


@scenario("replayed")
def no_epoch_left(student: Student) -> None:
    model = student.network()
    history = model.fit(student.x, student.y, epochs=2, initial_epoch=2, verbose=0)
    student.see("history", [history.epoch, history.history])


@scenario("replayed")
def class_weight(student: Student) -> None:
    student.fit(student.network(), class_weight={0: 3.0, 9: 0.5})


@scenario("replayed")
def sample_weight(student: Student) -> None:
    student.fit(student.network(), sample_weight=np.linspace(0, 2, IMAGES))


@scenario("replayed")
def fit_again(student: Student) -> None:
    model = student.network()
    for _ in range(3):
        student.fit(model, watching(student))


@scenario("replayed")
def fit_after_evaluate_and_predict(student: Student) -> None:
    model = student.network()
    student.evaluate(model)
    student.predict(model)
    student.fit(model)
    student.evaluate(model, return_dict=True)
    student.predict(model, batch_size=30)
    student.fit(model)
    student.predict(model)


@scenario("kernel")
def steps_per_epoch(student: Student) -> None:
    student.fit(student.network(), watching(student), steps_per_epoch=4)


@scenario("kernel")
def generator(student: Student) -> None:
    def batches() -> Iterator[Any]:
        while True:
            yield student.x[:BATCH], student.y[:BATCH]

    student.fit(student.network(), x=batches(), y=None, batch_size=None, steps_per_epoch=3)


@scenario("replayed")
def no_batch_size_and_no_callbacks(student: Student) -> None:
    student.fit(student.network(), batch_size=None, callbacks=None)


@scenario("replayed")
def positional_arguments(student: Student) -> None:
    history = student.network().fit(student.x, student.y, 100, 2, 0)
    student.see("params", history.params)


@scenario("replayed")
def not_shuffled(student: Student) -> None:
    model = student.network()
    student.fit(model, shuffle=False)


@scenario("kernel")
def shuffled_by_batches(student: Student) -> None:
    student.fit(student.network(), shuffle="batch")


@scenario("replayed")
def batch_larger_than_the_data(student: Student) -> None:
    student.fit(student.network(), x=student.x[:50], y=student.y[:50])


@scenario("replayed")
def last_batch_of_one_row(student: Student) -> None:
    student.fit(student.network(), x=student.x[:129], y=student.y[:129], validation_split=0.0)


def output(student: Student, verbose: Any, **more: Any) -> None:
    model = student.network()
    student.fit(model, verbose=verbose, epochs=3, **more)
    model.evaluate(student.test_x, student.test_y, verbose=verbose)
    model.predict(student.test_x, verbose=verbose)


@scenario("replayed")
def verbose_auto(student: Student) -> None:
    output(student, "auto")


@scenario("replayed")
def verbose_1(student: Student) -> None:
    output(student, 1, validation_data=(student.test_x, student.test_y))


@scenario("replayed")
def verbose_2(student: Student) -> None:
    output(student, 2, validation_split=0.1)


@scenario("replayed")
def no_metrics(student: Student) -> None:
    model = student.network(metrics=None)
    student.fit(model, watching(student), verbose=2, validation_split=0.1)
    student.evaluate(model)


@scenario("replayed")
def several_metrics(student: Student) -> None:
    import keras

    model = student.network(
        metrics=["acc", keras.metrics.SparseTopKCategoricalAccuracy(k=3, name="top"), "sparse_categorical_crossentropy"]
    )
    student.fit(model, watching(student), verbose=2, validation_split=0.1)
    student.evaluate(model, return_dict=True)


# --- pipelines ------------------------------------------------------------------------------------------------------


def slices(student: Student, test: bool = False) -> Any:
    """Images and labels as they are in their files, row by row."""
    import tensorflow as tf

    x, y = (student.test_x, student.test_y) if test else (student.x, student.y)
    return tf.data.Dataset.from_tensor_slices(((x * 255).astype("uint8"), y))


def scaled(x: Any, y: Any) -> Any:
    import tensorflow as tf

    return tf.cast(x, tf.float32) / 255.0, y


def feed(student: Student, data: Any, *callbacks: Any, network: Any = None, **more: Any) -> Any:
    model = student.network() if network is None else network
    student.fit(model, *callbacks, **{"x": data, "y": None, "batch_size": None, **more})
    return model


def measure(student: Student, model: Any, data: Any, **more: Any) -> None:
    """Evaluation and prediction by a pipeline."""
    result = model.evaluate(data, verbose=0, **more)
    student.numbers[f"loss when evaluated {len(student.numbers)}"] = result[0]
    predicted = model.predict(data, verbose=0, **more)
    student.see("predicted", [str(predicted.dtype), list(predicted.shape)])
    expected = np.concatenate([model(x, training=False) for x, _ in data.take(more.get("steps", -1))])
    student.see("prediction is the model's own", bool(np.allclose(predicted, expected, atol=1e-5)))


@scenario("replayed")
def pipeline_as_tutorials_write_it(student: Student) -> None:
    import tensorflow as tf

    auto = tf.data.AUTOTUNE
    train = slices(student).map(scaled, num_parallel_calls=auto).cache().shuffle(IMAGES).batch(BATCH).prefetch(auto)
    test = slices(student, test=True).map(scaled, num_parallel_calls=auto).batch(BATCH).cache().prefetch(auto)
    model = student.network()
    history = model.fit(train, epochs=3, validation_data=test, verbose=1)
    student.see("history", [history.params, list(history.history)])
    student.see("iterations", int(model.optimizer.iterations.numpy()))
    model.evaluate(test, verbose=2)
    measure(student, model, test)
    student.see("inputs only", np.shape(model.predict(test.map(lambda x, y: x), verbose=0)))


@scenario("replayed")
def pipelines_in_other_orders(student: Student) -> None:
    import tensorflow as tf

    rows = slices(student)
    images, labels = (tf.data.Dataset.from_tensor_slices(part) for part in (student.x, student.y))
    for name, data in {
        "a small buffer": rows.map(scaled).shuffle(100).batch(BATCH),
        "batches shuffled": rows.batch(50).map(scaled).shuffle(5),
        "one order for all epochs": rows.shuffle(IMAGES).map(scaled).cache().batch(BATCH),
        "repeated, with batches over the seams": rows.map(scaled).shuffle(300).repeat(2).batch(BATCH * 3),
        "zipped": tf.data.Dataset.zip((images, labels)).shuffle(IMAGES, seed=1).batch(BATCH),
        "a part": rows.skip(100).take(300).map(scaled).shuffle(300, reshuffle_each_iteration=False).batch(BATCH),
    }.items():
        student.see("pipeline", name)
        feed(student, data, epochs=1)


@scenario("replayed")
def pipeline_of_one_hot_labels_and_weights(student: Student) -> None:
    import tensorflow as tf

    rows = slices(student).map(lambda x, y: (*scaled(x, tf.one_hot(y, 10)), tf.cast(y, tf.float32) / 9.0))
    data = rows.shuffle(IMAGES).batch(BATCH)
    feed(student, data, watching(student), network=student.network(loss="categorical_crossentropy"))


@scenario("replayed")
def pipeline_of_ready_batches(student: Student) -> None:
    import tensorflow as tf

    whole = tf.data.Dataset.from_tensors((student.x, student.y))
    model = feed(student, whole.repeat(5))
    measure(student, model, whole)
    cut = tf.data.Dataset.from_tensor_slices((student.x.reshape(10, 64, 28, 28), student.y.reshape(10, 64)))
    feed(student, cut.shuffle(10))


@scenario("replayed")
def pipeline_by_steps(student: Student) -> None:
    endless = slices(student).map(scaled).shuffle(IMAGES).repeat().batch(BATCH)
    test = slices(student, test=True).map(scaled).repeat().batch(50)
    steps = {"steps_per_epoch": 7, "validation_data": test, "validation_steps": 2}
    model = feed(student, endless, watching(student), epochs=3, **steps)
    measure(student, model, test, steps=3)
    feed(student, endless, network=model, epochs=4, initial_epoch=3, **steps)
    feed(student, slices(student).map(scaled).batch(BATCH).repeat(), steps_per_epoch=10)
    feed(student, slices(student).map(scaled).batch(BATCH), steps_per_epoch=5, epochs=4)


@scenario("mixed")
def pipeline_by_steps_with_another_learning_rate(student: Student) -> None:
    """The kernel goes on where the pipeline was: the loss tells which of its parts an epoch was trained on."""
    import keras

    slower = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate if epoch < 2 else rate / 2)
    model = keras.Sequential([keras.layers.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(1)])
    student.compile(model, loss="mse", metrics=None)
    student.y = np.repeat([100.0, 200.0, 300.0, 400.0, 500.0], IMAGES // 5)
    feed(student, slices(student).map(scaled).batch(BATCH).repeat(), slower, network=model, steps_per_epoch=2, epochs=3)


@scenario("replayed")
def pipeline_parted_after_it_was_shuffled(student: Student) -> None:
    rows = slices(student).map(scaled).shuffle(IMAGES, reshuffle_each_iteration=False)
    train, rest = rows.take(500).shuffle(100).batch(BATCH), rows.skip(500).batch(BATCH)
    model = feed(student, train, watching(student), validation_data=rest)
    measure(student, model, rest)


@scenario("replayed")
def pipeline_beside_arrays(student: Student) -> None:
    """Answered, too: arrays validated by a pipeline, and a pipeline by arrays, in a model that takes whole numbers."""
    test = slices(student, test=True).batch(50, drop_remainder=True)
    student.fit(student.network(), x=(student.x * 255).astype("uint8"), validation_data=test)
    train = slices(student).shuffle(IMAGES).batch(BATCH)
    feed(student, train, watching(student), validation_data=(student.test_x * 255, student.test_y))


@scenario("kernel")
def pipelines_that_only_the_kernel_runs(student: Student) -> None:
    import tensorflow as tf

    rows = slices(student).map(scaled)
    for name, data in {
        "images turned at random": rows.map(lambda x, y: (tf.image.random_flip_left_right(x[..., None]), y)).batch(
            BATCH
        ),
        "means of batches": rows.shuffle(IMAGES).batch(BATCH).map(lambda x, y: (x - tf.reduce_mean(x), y)),
        "rows of a number that is not known": rows.filter(lambda x, y: y < 9).batch(BATCH),
    }.items():
        student.see("pipeline", name)
        feed(student, data, epochs=1)


@scenario("refused")
def pipeline_of_labels_too_high(student: Student) -> None:
    student.y[:] = 10
    feed(student, slices(student).map(scaled).batch(BATCH))


@scenario("refused")
def pipeline_beside_labels(student: Student) -> None:
    feed(student, slices(student).map(scaled).batch(BATCH), y=student.y)


# --- callbacks of Keras ---------------------------------------------------------------------------------------------


@scenario("replayed")
def early_stopping(student: Student) -> None:
    import keras

    stop = keras.callbacks.EarlyStopping(monitor="val_loss", min_delta=10.0, patience=2, verbose=1)
    student.fit(student.network(), stop, validation_split=0.2, epochs=8)
    student.see("stopped", stop.stopped_epoch)


@scenario("replayed")
def early_stopping_with_the_best_weights(student: Student) -> None:
    import keras

    stop = keras.callbacks.EarlyStopping(monitor="loss", mode="max", patience=1, restore_best_weights=True, verbose=1)
    model = student.network()
    student.fit(model, watching(student), stop, epochs=6)
    student.see("best", [stop.stopped_epoch, stop.best_epoch])
    again = student.network()
    again.set_weights(model.get_weights())
    student.predict(model)
    student.fit(model, epochs=1)
    student.see("went on", not np.array_equal(model.get_weights()[0], again.get_weights()[0]))


def checkpoint(student: Student, name: str, **settings: Any) -> None:
    import keras

    folder = student.folder / "checkpoints"
    model = student.network()
    saved = keras.callbacks.ModelCheckpoint(str(folder / name), verbose=1, **settings)
    student.fit(model, saved, validation_split=0.2, epochs=3)
    for path in sorted(folder.iterdir()):
        student.see("file", path.name if settings.get("save_best_only") is None else "saved")
        if path.suffix == ".keras":
            loaded = keras.models.load_model(path)
            student.see("loaded", [int(loaded.optimizer.iterations.numpy()), len(loaded.optimizer.variables)])
            moments = [np.abs(np.array(item)).sum() > 0 for item in loaded.optimizer.variables]
            student.see("optimizer", [bool(moment) for moment in moments])
        else:
            student.network().load_weights(path)


@scenario("replayed")
def model_checkpoint(student: Student) -> None:
    checkpoint(student, "at-{epoch:02d}.keras")


@scenario("replayed")
def model_checkpoint_of_the_best(student: Student) -> None:
    checkpoint(student, "best.keras", save_best_only=True, monitor="loss")


@scenario("replayed")
def model_checkpoint_of_weights(student: Student) -> None:
    checkpoint(student, "w-{epoch}.weights.h5", save_weights_only=True)


@scenario("kernel")
def model_checkpoint_every_few_batches(student: Student) -> None:
    checkpoint(student, "at-{epoch:02d}.keras", save_freq=7)


@scenario("replayed")
def csv_logger(student: Student) -> None:
    import keras

    path = student.folder / "log.csv"
    model = student.network()
    student.fit(model, keras.callbacks.CSVLogger(str(path)), validation_split=0.2)
    student.fit(model, keras.callbacks.CSVLogger(str(path), append=True), validation_split=0.2)
    rows = path.read_text().splitlines()
    student.see("csv", [rows[0], [row.split(",")[0] for row in rows], [row.count(",") for row in rows]])


@scenario("replayed")
def learning_rate_scheduler(student: Student) -> None:
    import keras

    model = student.network()
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate if epoch < 1 else 0.01, verbose=1)
    student.fit(model, watching(student), schedule, epochs=3)
    student.see("rate", round(float(model.optimizer.learning_rate), 6))


@scenario("replayed")
def reduce_lr_on_plateau(student: Student) -> None:
    import keras

    model = student.network()
    reduce = keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.1, patience=1, min_delta=10.0, verbose=1)
    student.fit(model, watching(student), reduce, epochs=3)
    student.see("rate", round(float(model.optimizer.learning_rate), 6))


def tensorboard(student: Student, **settings: Any) -> None:
    import keras
    import tensorflow as tf

    folder = student.folder / "board"
    model = student.network()
    student.fit(
        model, keras.callbacks.TensorBoard(str(folder), **settings), validation_data=(student.test_x, student.test_y)
    )
    for path in sorted(folder.rglob("*tfevents*")):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                student.see(f"board {path.parent.name}", [value.tag, event.step])


@scenario("replayed")
def tensorboard_by_default(student: Student) -> None:
    tensorboard(student)


@scenario("replayed")
def tensorboard_with_histograms(student: Student) -> None:
    tensorboard(student, histogram_freq=1, write_graph=False)


@scenario("kernel")
def tensorboard_by_batches(student: Student) -> None:
    tensorboard(student, update_freq=5)


@scenario("replayed")
def tensorboard_with_speed(student: Student) -> None:
    tensorboard(student, write_steps_per_second=True)


@scenario("kernel")
def terminate_on_nan(student: Student) -> None:
    import keras

    student.fit(student.network(), keras.callbacks.TerminateOnNaN(), epochs=2)
    bad = student.x.copy()
    bad[:] = np.nan
    student.fit(student.network(), keras.callbacks.TerminateOnNaN(), x=bad, epochs=2)


@scenario("replayed")
def lambda_callback(student: Student) -> None:
    import keras

    student.fit(
        student.network(),
        keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: student.see("lambda begin", [epoch, keys_and_types(logs)]),
            on_epoch_end=lambda epoch, logs: student.see("lambda end", [epoch, keys_and_types(logs)]),
            on_train_end=lambda logs: student.see("lambda train end", keys_and_types(logs)),
        ),
    )


@scenario("kernel")
def lambda_callback_on_batches(student: Student) -> None:
    import keras

    student.fit(
        student.network(),
        keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: student.see("batch", [batch, sorted(logs)])
        ),
    )


class Breaks(Exception):
    """A student's interruption."""


@scenario("mixed")
def backup_and_restore(student: Student) -> None:
    import keras

    folder = str(student.folder / "backup")

    def breaks(epoch: int, _logs: Any) -> None:
        if epoch == 2:
            raise Breaks

    model = student.network()
    with contextlib.suppress(Breaks):
        student.fit(
            model,
            keras.callbacks.BackupAndRestore(folder),
            keras.callbacks.LambdaCallback(on_epoch_begin=breaks),
            epochs=4,
        )
    student.fit(student.network(), keras.callbacks.BackupAndRestore(folder), watching(student), epochs=4)
    student.fit(model, keras.callbacks.BackupAndRestore(folder), watching(student), epochs=3)


@scenario("kernel")
def backup_of_a_model_without_weights(student: Student) -> None:
    import keras

    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")])
    student.compile(model)
    student.fit(model, keras.callbacks.BackupAndRestore(str(student.folder / "backup")))


@scenario("replayed")
def history_and_progress_bar_passed_by_hand(student: Student) -> None:
    import keras

    mine = keras.callbacks.History()
    model = student.network()
    history = student.fit(model, mine, keras.callbacks.ProgbarLogger())
    student.see("mine", [history is mine, mine.epoch])


@scenario("replayed")
def lists_within_lists_and_a_callback_list(student: Student) -> None:
    import keras

    model = student.network()
    student.fit(model, [watching(student)])
    inner = keras.callbacks.CallbackList(
        [watching(student)], add_history=True, model=model, epochs=2, steps=10, verbose=0
    )
    student.fit(model, callbacks=inner)


# --- callbacks that interfere ---------------------------------------------------------------------------------------


def at_epoch_end(action: Callable[[Any, int, Any], None]) -> Any:
    import keras

    class Acts(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            action(self.model, epoch, logs)

    return Acts()


@scenario("replayed")
def stops_training(student: Student) -> None:
    def stop(model: Any, epoch: int, logs: Any) -> None:
        if logs["loss"] < 100 and epoch == 1:
            print("enough")
            model.stop_training = True

    student.fit(student.network(), at_epoch_end(stop), watching(student), epochs=6, verbose=2)


@scenario("mixed")
def sets_weights(student: Student) -> None:
    def halve(model: Any, epoch: int, _logs: Any) -> None:
        if epoch == 1:
            model.set_weights([value / 2 for value in model.get_weights()])

    model = student.network()
    student.fit(model, at_epoch_end(halve), watching(student), epochs=4, verbose=2)
    student.evaluate(model)


@scenario("replayed")
def sets_the_learning_rate(student: Student) -> None:
    def slower(model: Any, epoch: int, _logs: Any) -> None:
        model.optimizer.learning_rate = 0.002 if epoch else 0.003

    model = student.network()
    student.fit(model, at_epoch_end(slower), watching(student), epochs=3)
    student.see("rate", round(float(model.optimizer.learning_rate), 6))


@scenario("replayed")
def evaluates_and_predicts(student: Student) -> None:
    other = student.network()

    def look(model: Any, _epoch: int, _logs: Any) -> None:
        student.see("evaluated", np.shape(model.evaluate(student.test_x, student.test_y, verbose=0)))
        student.see("predicted", np.shape(model.predict(student.test_x, verbose=0)))
        student.see("another", np.shape(other.evaluate(student.test_x, student.test_y, verbose=0)))

    model = student.network()
    student.fit(
        model, at_epoch_end(look), watching(student), verbose=2, validation_data=(student.test_x, student.test_y)
    )


@scenario("replayed")
def trains_another_model(student: Student) -> None:
    other = student.network()

    def train(_model: Any, _epoch: int, _logs: Any) -> None:
        history = other.fit(student.x, student.y, epochs=1, verbose=2)
        student.see("other's", [list(history.history), int(other.optimizer.iterations.numpy())])

    student.fit(student.network(), at_epoch_end(train), watching(student), verbose=2)


@scenario("replayed")
def predicts_inside_an_evaluation(student: Student) -> None:
    import keras

    model = student.network()
    student.fit(model)

    class Predicts(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_test_end(self, logs: Any = None) -> None:
            student.see("inside", [keys_and_types(logs), np.shape(self.model.predict(student.test_x, verbose=0))])

    student.evaluate(model, callbacks=[Predicts()])


@scenario("refused")
def raises_at_epoch_end(student: Student) -> None:
    def fail(_model: Any, epoch: int, logs: Any) -> None:
        if epoch == 1:
            student.see("value", logs["acc"])

    model = student.network()
    try:
        student.fit(model, at_epoch_end(fail), watching(student), epochs=4)
    finally:
        student.see("iterations", int(model.optimizer.iterations.numpy()))
        student.predict(model)


@scenario("replayed")
def fits_again_after_an_error(student: Student) -> None:
    def fail(_model: Any, _epoch: int, _logs: Any) -> None:
        raise Breaks

    model = student.network()
    with contextlib.suppress(Breaks):
        student.fit(model, at_epoch_end(fail), epochs=4)
    student.fit(model)


@scenario("refused")
def compiles_in_the_middle(student: Student) -> None:
    student.fit(student.network(), at_epoch_end(lambda model, _epoch, _logs: student.compile(model)), epochs=3)


@scenario("kernel")
def changes_the_model_when_training_begins(student: Student) -> None:
    import keras

    class Freezes(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_train_begin(self, _logs: Any = None) -> None:
            self.model.layers[1].trainable = False

    model = student.network()
    before = model.get_weights()
    student.fit(model, Freezes())
    student.see("changed", [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)])


@scenario("mixed")
def sets_a_schedule(student: Student) -> None:
    import keras

    def schedule(model: Any, epoch: int, _logs: Any) -> None:
        if epoch == 0:
            model.optimizer.learning_rate = keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)

    student.fit(student.network(), at_epoch_end(schedule), epochs=3)


@scenario("refused")
def a_class_for_a_callback(student: Student) -> None:
    import keras

    class Mine(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        pass

    student.fit(student.network(), Mine)


@scenario("refused")
def none_for_a_callback(student: Student) -> None:
    student.fit(student.network(), None, watching(student))


@scenario("refused")
def interrupted(student: Student) -> None:
    def interrupt(_model: Any, epoch: int, _logs: Any) -> None:
        if epoch == 1:
            raise KeyboardInterrupt

    model = student.network()
    try:
        student.fit(model, at_epoch_end(interrupt), epochs=4)
    finally:
        student.fit(model, epochs=1)
        student.evaluate(model)


@scenario("replayed")
def interrupted_while_it_prints(student: Student) -> None:
    """Without callbacks only a progress bar comes between two epochs."""

    class Impatient(io.StringIO):
        def write(self, text: str) -> int:
            if "Epoch 3/" in text:
                raise KeyboardInterrupt
            return super().write(text)

    model = student.network()
    with contextlib.suppress(KeyboardInterrupt), contextlib.redirect_stdout(Impatient()):
        model.fit(student.x, student.y, batch_size=BATCH, epochs=4, verbose=2)
    student.see("iterations", int(model.optimizer.iterations.numpy()))
    student.predict(model)
    student.evaluate(model)
    student.fit(model)


@scenario("replayed")
def validated_by_a_pipeline(student: Student) -> None:
    """The kernel itself has to look at a model that is in the middle of a training."""
    import tensorflow as tf

    batches = tf.data.Dataset.from_tensor_slices((student.test_x, student.test_y)).batch(50)
    model = student.network()
    losses = student.fit(model, validation_data=batches, epochs=3).history["val_loss"]
    student.see("different", len(set(losses)))
    student.see("the model's own", bool(np.isclose(losses[-1], student.evaluate(model)[0], rtol=1e-5)))


# --- the model afterwards -------------------------------------------------------------------------------------------


def moments(model: Any) -> list[bool]:
    return [bool(np.abs(np.array(item)).sum() > 0) for item in model.optimizer.variables]


@scenario("replayed")
def saved_and_loaded(student: Student) -> None:
    import keras

    path = student.folder / "model.keras"
    model = student.network()
    student.fit(model)
    model.save(path)
    model.save(student.folder / "model.h5")
    model.save_weights(student.folder / "model.weights.h5")
    for name in ("model.keras", "model.h5"):
        loaded = keras.models.load_model(student.folder / name)
        same = [np.array_equal(a, b) for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True)]
        student.see("loaded", [same, int(loaded.optimizer.iterations.numpy()), moments(loaded)])
        student.evaluate(loaded)
        student.predict(loaded)
    other = student.network()
    other.load_weights(student.folder / "model.weights.h5")
    student.evaluate(other)


@scenario("mixed")
def loaded_and_trained_on(student: Student) -> None:
    import keras

    model = student.network()
    student.fit(model)
    model.save(student.folder / "model.keras")
    student.fit(keras.models.load_model(student.folder / "model.keras"))


@scenario("replayed")
def cloned(student: Student) -> None:
    import keras

    model = student.network()
    student.fit(model)
    clone = keras.models.clone_model(model)
    student.compile(clone)
    student.fit(clone)
    twin = keras.models.clone_model(model)
    student.compile(twin)
    twin.set_weights(model.get_weights())
    student.predict(twin)
    student.fit(twin)


@scenario("mixed")
def trained_on_by_hand(student: Student) -> None:
    model = student.network()
    student.fit(model)
    logs = model.train_on_batch(student.x[:BATCH], student.y[:BATCH], return_dict=True)
    student.see("logs", keys_and_types(logs))
    student.see("iterations", [int(model.optimizer.iterations.numpy()), moments(model)])
    student.fit(model)


@scenario("replayed")
def trained_on_in_a_loop(student: Student) -> None:
    import keras
    import tensorflow as tf

    model = student.network()
    student.fit(model)
    loss = keras.losses.SparseCategoricalCrossentropy()

    @tf.function  # type: ignore[untyped-decorator]
    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        model.optimizer.apply_gradients(
            zip(tape.gradient(value, model.trainable_variables), model.trainable_variables, strict=True)
        )

    step(tf.constant(student.x[:BATCH], tf.float32), student.y[:BATCH])
    student.see("after", [int(model.optimizer.iterations.numpy()), moments(model)])
    student.evaluate(model)


@scenario("replayed")
def summary(student: Student) -> None:
    import keras

    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax", name="last")])
    student.compile(model)
    student.fit(model, x=student.x[:630], y=student.y[:630])
    model.summary()
    student.see("input", list(model.input_shape))
    student.predict(model)
    student.fit(model, x=student.x[:600], y=student.y[:600])
    student.see("optimizer", [item.name for item in model.optimizer.variables][:2])


# --- what a sceptic tries -------------------------------------------------------------------------------------------


@scenario("replayed")
def another_optimizer(student: Student) -> None:
    model = student.network()
    student.fit(model)
    student.compile(model, optimizer="sgd")
    student.fit(model)
    student.compile(model, optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=None)
    student.fit(model)


@scenario("kernel")
def weights_of_ones_own(student: Student) -> None:
    model = student.network()
    model.set_weights([np.full_like(value, 0.01) for value in model.get_weights()])
    student.fit(model)


@scenario("mixed")
def weights_changed_between_fits(student: Student) -> None:
    model = student.network()
    student.fit(model)
    model.layers[1].set_weights([value * 0 for value in model.layers[1].get_weights()])
    student.predict(model)
    student.fit(model)


@scenario("replayed")
def reset_to_the_first_weights(student: Student) -> None:
    model = student.network()
    first = model.get_weights()
    student.fit(model)
    model.set_weights(first)
    student.see("iterations", int(model.optimizer.iterations.numpy()))
    student.fit(model)


@scenario("replayed")
def weights_of_another_model(student: Student) -> None:
    one, two = student.network(), student.network()
    student.fit(one)
    two.set_weights(one.get_weights())
    student.predict(two)
    student.fit(two)


@scenario("mixed")
def models_that_share_layers(student: Student) -> None:
    import keras

    shared = keras.layers.Dense(16, activation="sigmoid")
    models = [
        keras.Sequential(
            [keras.layers.Input((28, 28)), keras.layers.Flatten(), shared, keras.layers.Dense(10, activation="softmax")]
        )
        for _ in range(2)
    ]
    for model in (*models, models[0]):
        if not model.compiled:
            student.compile(model)
        student.fit(model)
        student.predict(model)


@scenario("refused")
def one_optimizer_for_two_models(student: Student) -> None:
    import keras

    optimizer = keras.optimizers.Adam()
    one, two = student.network(optimizer=optimizer), student.network(optimizer=optimizer)
    student.fit(one)
    student.fit(two)


@scenario("replayed")
def compiled_again_with_the_same_optimizer(student: Student) -> None:
    import keras

    optimizer = keras.optimizers.Adam(0.002)
    model = student.network(optimizer=optimizer)
    student.fit(model)
    student.compile(model, optimizer=optimizer)
    student.fit(model)


@scenario("replayed")
def learning_rate_assigned_between_fits(student: Student) -> None:
    model = student.network()
    student.fit(model)
    model.optimizer.learning_rate = 0.01
    student.fit(model)
    model.optimizer.learning_rate.assign(0.001)
    student.fit(model)


@scenario("kernel")
def iterations_assigned(student: Student) -> None:
    model = student.network()
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(5)
    student.fit(model)


@scenario("kernel")
def frozen_after_compile(student: Student) -> None:
    model = student.network()
    model.layers[1].trainable = False
    before = model.get_weights()
    student.fit(model)
    student.see("changed", [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)])


@scenario("kernel")
def one_weight_frozen(student: Student) -> None:
    model = student.network()
    model.layers[1].kernel.trainable = False
    before = model.get_weights()
    student.fit(model)
    student.see("changed", [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)])


@scenario("replayed")
def seeded(student: Student) -> None:
    import keras

    keras.utils.set_random_seed(7)
    student.fit(student.network())
    student.see("random", [float(np.random.rand()) < 1])
    first = keras.layers.Dense(16, activation="sigmoid", kernel_initializer=keras.initializers.GlorotUniform(seed=3))
    model = keras.Sequential(
        [keras.layers.Input((28, 28)), keras.layers.Flatten(), first, keras.layers.Dense(10, activation="softmax")]
    )
    student.compile(model)
    student.fit(model)


def with_first_layer(student: Student, layer: Any) -> None:
    import keras

    model = keras.Sequential(
        [keras.layers.Input((28, 28)), keras.layers.Flatten(), layer, keras.layers.Dense(10, activation="softmax")]
    )
    student.compile(model)
    student.fit(model)
    student.predict(model)


@scenario("kernel")
def own_initializer_with_a_name_of_keras(student: Student) -> None:
    import keras

    @keras.saving.register_keras_serializable("mine")
    class Zeros(keras.initializers.Initializer):  # type: ignore[misc, name-defined]
        def __call__(self, shape: Any, dtype: Any = None) -> Any:
            return keras.ops.ones(shape, dtype) * 0.5

        def get_config(self) -> dict[str, Any]:
            return {}

    with_first_layer(student, keras.layers.Dense(16, kernel_initializer=Zeros()))


@scenario("kernel")
def own_regularizer_with_a_name_of_keras(student: Student) -> None:
    import keras

    class L2(keras.regularizers.Regularizer):  # type: ignore[misc, name-defined]
        def __call__(self, x: Any) -> Any:
            return keras.ops.sum(x) * 0

        def get_config(self) -> dict[str, Any]:
            return {}

    with_first_layer(student, keras.layers.Dense(16, kernel_regularizer=L2()))


@scenario("kernel")
def own_activation(student: Student) -> None:
    import keras

    def sigmoid(x: Any) -> Any:
        return keras.ops.relu(x)

    with_first_layer(student, keras.layers.Dense(16, activation=sigmoid))


@scenario("replayed")
def activation_of_tensorflow(student: Student) -> None:
    import keras
    import tensorflow as tf

    with_first_layer(student, keras.layers.Dense(16, activation=tf.nn.relu))


@scenario("kernel")
def own_layer(student: Student) -> None:
    import keras

    class Dense(keras.layers.Dense):  # type: ignore[misc, name-defined]
        def call(self, inputs: Any) -> Any:
            return super().call(inputs) * 2

    with_first_layer(student, Dense(16))


@scenario("kernel")
def inputs_of_another_type(student: Student) -> None:
    import keras

    model = keras.Sequential(
        [keras.layers.Input((28, 28), dtype="int32"), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    )
    student.compile(model)
    student.fit(model)
    student.predict(model)


@scenario("kernel")
def inputs_of_a_fixed_number_of_rows(student: Student) -> None:
    import keras

    model = keras.Sequential(
        [keras.layers.Input(batch_shape=(BATCH, 28, 28)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    )
    student.compile(model)
    student.fit(model)


@scenario("kernel")
def spread_over_devices(student: Student) -> None:
    import tensorflow as tf

    with tf.distribute.MirroredStrategy(["/cpu:0"]).scope():
        model = student.network()
    student.fit(model)
    student.evaluate(model)


@scenario("kernel")
def run_eagerly(student: Student) -> None:
    student.fit(student.network(run_eagerly=True), epochs=1)


@scenario("replayed")
def functional(student: Student) -> None:
    import keras

    inputs = keras.Input((28, 28))
    hidden = keras.layers.Dense(16, activation="relu")(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(hidden))
    student.compile(model)
    student.fit(model)
    student.evaluate(model)


def own_class(call: Callable[..., Any], **methods: Any) -> Any:
    """A model of the student's own class, with a hidden layer, a dropout and an output."""
    import keras

    class Network(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.flat = keras.layers.Flatten()
            self.hidden = keras.layers.Dense(16, activation="relu")
            self.dropped = keras.layers.Dropout(0.2)
            self.out = keras.layers.Dense(10, activation="softmax")

    return type("Own", (Network,), {"call": call, **methods})()


def through_all(model: Any, x: Any, training: Any = None) -> Any:
    return model.out(model.dropped(model.hidden(model.flat(x)), training=training))


@scenario("replayed")
def a_class_of_ones_own(student: Student) -> None:
    model = own_class(through_all)
    student.compile(model)
    student.fit(model, watching(student), validation_data=(student.test_x, student.test_y))
    student.evaluate(model)
    student.predict(model)
    student.fit(model)


@scenario("replayed")
def a_class_of_ones_own_and_a_pipeline(student: Student) -> None:
    import tensorflow as tf

    model = own_class(lambda self, x: self.out(self.hidden(self.flat(x))))
    student.compile(model)
    rows = tf.data.Dataset.from_tensor_slices((student.x, student.y))
    model.fit(rows.shuffle(len(student.x)).batch(64).prefetch(tf.data.AUTOTUNE), epochs=2, verbose=0)
    student.evaluate(model)
    student.predict(model)


@scenario("kernel")
def classes_that_do_more(student: Student) -> None:
    """Than run through their layers, each once, in the order in which they are held, whether training or not."""
    import keras

    def twice(self: Any, x: Any) -> Any:
        return self.out(self.dropped(self.dropped(self.hidden(self.flat(x)))))

    def otherwise(self: Any, x: Any, training: Any = None) -> Any:
        hidden = self.hidden(self.flat(x))
        return self.out(self.dropped(hidden) if training else hidden)

    def always(self: Any, x: Any) -> Any:
        return self.out(self.dropped(self.hidden(self.flat(x)), training=True))

    def scaled(self: Any, x: Any) -> Any:
        return self.out(self.hidden(self.flat(x) * 2.0))

    def punished(self: Any, x: Any) -> Any:
        hidden = self.hidden(self.flat(x))
        self.add_loss(0.01 * keras.ops.mean(hidden))
        return self.out(hidden)

    def step(self: Any, data: Any) -> Any:
        return keras.Model.train_step(self, data)

    for name, model in (
        ("a layer used twice", own_class(twice)),
        ("another way in training", own_class(otherwise)),
        ("a dropout that always drops", own_class(always)),
        ("arithmetic between layers", own_class(scaled)),
        ("a loss of its own", own_class(punished)),
        ("a step of its own", own_class(through_all, train_step=step)),
    ):
        student.see("model", name)
        student.compile(model)
        student.fit(model, epochs=1)


@scenario("kernel")
def a_class_that_holds_its_layers_the_other_way_round(student: Student) -> None:
    import keras

    class Backwards(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.out = keras.layers.Dense(10, activation="softmax")
            self.hidden = keras.layers.Dense(16, activation="relu")
            self.flat = keras.layers.Flatten()

        def call(self, x: Any) -> Any:
            return self.out(self.hidden(self.flat(x)))

    model = Backwards()
    student.compile(model)
    student.fit(model)
    student.evaluate(model)


@scenario("kernel")
def two_branches(student: Student) -> None:
    import keras

    inputs = keras.Input((28, 28))
    flat = keras.layers.Flatten()(inputs)
    both = keras.layers.add([keras.layers.Dense(16)(flat), keras.layers.Dense(16)(flat)])
    model = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(both))
    student.compile(model)
    student.fit(model)


@scenario("replayed")
def dropout_and_batch_normalisation(student: Student) -> None:
    import keras

    model = keras.Sequential(
        [
            keras.layers.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    student.compile(model)
    student.fit(model, validation_split=0.1)
    student.evaluate(model)
    student.predict(model)


@scenario("replayed")
def data_in_other_forms(student: Student) -> None:
    import tensorflow as tf

    for name, x, y in (
        ("tensors", tf.constant(student.x), tf.constant(student.y)),
        ("single precision", student.x.astype("float32"), student.y.astype("int64")),
        ("half precision", student.x.astype("float16"), student.y.astype("float64")),
        ("whole numbers", (student.x * 255).astype("uint8"), student.y[:, None]),
        ("a part", np.concatenate([student.x, student.x])[::2], np.concatenate([student.y, student.y])[::2]),
        ("turned", np.asfortranarray(student.x), student.y),
    ):
        student.see("form", name)
        model = student.network()
        student.fit(model, x=x, y=y)
        student.see("evaluated", np.shape(model.evaluate(x, y, verbose=0)))


@scenario("refused")
def lists_as_data(student: Student) -> None:
    student.fit(student.network(), x=student.x[:3].tolist(), y=student.y[:3].tolist())


@scenario("kernel")
def labels_as_a_table(student: Student) -> None:
    import pandas as pd

    student.fit(student.network(), y=pd.Series(student.y))


@scenario("replayed")
def labels_changed_in_place(student: Student) -> None:
    """Six epochs are enough to learn that all are of one class."""
    model = student.network()
    labels = student.y
    student.fit(model, epochs=1)
    labels[:] = 3
    model.fit(student.x, labels, epochs=6, verbose=0)
    student.see("all are 3", bool((model.predict(student.test_x, verbose=0).argmax(axis=1) == 3).all()))
    student.see("evaluated", model.evaluate(student.x, labels, verbose=0)[1])
    labels[:] = 4
    student.see("evaluated", model.evaluate(student.x, labels, verbose=0)[1])


@scenario("replayed")
def images_changed_in_place(student: Student) -> None:
    model = student.network()
    student.fit(model, epochs=1)
    before = model.predict(student.test_x, verbose=0)
    student.test_x[5] = 0
    after = model.predict(student.test_x, verbose=0)
    student.see("differ", np.flatnonzero((before != after).any(axis=1)).tolist())
    student.test_x[[0, 1]] = student.test_x[[1, 0]]
    swapped = model.predict(student.test_x, verbose=0)
    student.see(
        "swapped", [bool(np.allclose(swapped[:2], after[[1, 0]], atol=1e-6)), bool((after[0] != after[1]).any())]
    )


@scenario("refused")
def labels_too_high(student: Student) -> None:
    student.y[-1] = 10
    student.fit(student.network())


def outputs(student: Student, count: int, **compiled: Any) -> None:
    import keras

    model = keras.Sequential(
        [keras.layers.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(count, activation="softmax")]
    )
    student.compile(model, **compiled)
    student.fit(model)


@scenario("refused")
def five_outputs(student: Student) -> None:
    outputs(student, 5)


@scenario("replayed")
def twelve_outputs(student: Student) -> None:
    outputs(student, 12)


@scenario("refused")
def labels_of_the_wrong_width(student: Student) -> None:
    student.y = np.eye(11)[student.y]
    outputs(student, 10, loss="categorical_crossentropy")


@scenario("refused")
def no_flatten(student: Student) -> None:
    import keras

    model = keras.Sequential([keras.layers.Dense(16, activation="sigmoid"), keras.layers.Dense(10, "softmax")])
    student.compile(model)
    student.fit(model, watching(student))


@scenario("refused")
def no_flatten_with_one_hot_labels(student: Student) -> None:
    import keras

    model = keras.Sequential(
        [keras.layers.Input((28, 28)), keras.layers.Dense(16, activation="sigmoid"), keras.layers.Dense(10, "softmax")]
    )
    student.compile(model, loss="categorical_crossentropy")
    student.fit(model, watching(student), y=np.eye(10)[student.y])


@scenario("replayed")
def no_flatten_where_numpy_broadcasts(student: Student) -> None:
    """One row of labels fits any output: only real batches tell that nothing is wrong."""
    import keras

    model = keras.Sequential([keras.layers.Input((28, 28)), keras.layers.Dense(1, kernel_initializer="zeros")])
    student.compile(model, loss="mse", metrics=None)
    student.fit(model, y=student.x, x=student.x)


@scenario("refused")
def another_number_of_labels(student: Student) -> None:
    student.fit(student.network(), y=student.y[:-1])


@scenario("refused")
def fit_without_compile(student: Student) -> None:
    import keras

    keras.Sequential([keras.layers.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10)]).fit(
        student.x, student.y
    )


@scenario("refused")
def fit_inputs_of_another_shape(student: Student) -> None:
    model = student.network()
    student.fit(model)
    student.fit(model, x=student.x.reshape(IMAGES, 784)[:, :700])


@scenario("refused")
def predict_inputs_of_another_shape(student: Student) -> None:
    model = student.network()
    student.fit(model)
    model.predict(student.test_x[0], verbose=0)


@scenario("replayed")
def predict_flat_inputs(student: Student) -> None:
    model = student.network()
    student.fit(model)
    try:
        student.see("flat", np.shape(model.predict(student.test_x.reshape(TESTS, 784), verbose=0)))
    except Exception as error:
        student.see("flat", type(error).__name__)


@scenario("replayed")
def predict_one_image(student: Student) -> None:
    model = student.network()
    student.fit(model)
    student.see("one", np.shape(model.predict(student.test_x[:1], verbose=0)))
    student.see("some", np.shape(model.predict(student.test_x[:3], verbose=0, batch_size=2)))


@scenario("refused")
def evaluate_labels_too_high(student: Student) -> None:
    model = student.network()
    student.fit(model)
    model.evaluate(student.test_x, student.test_y + 5, verbose=0)


@scenario("replayed")
def loss_summed_over_batches(student: Student) -> None:
    import keras

    model = student.network(loss=keras.losses.SparseCategoricalCrossentropy(reduction="sum"))
    student.fit(model, epochs=1)
    student.evaluate(model)
    student.evaluate(model, batch_size=100)


# --- running --------------------------------------------------------------------------------------------------------


def normalised(text: str) -> list[str]:
    """Output without numbers, times and what a progress bar overwrites."""
    lines = []
    for line in text.replace("\x08", "").split("\n"):
        line = re.sub(r"\x1b\[[0-9;]*m", "", line.split("\r")[-1])
        line = re.sub(r"\d+(\.\d+)?(e[+-]?\d+)?(us|ms|s)\b", "TIME", line)
        line = re.sub(r"\d+\.\d+(e[+-]?\d+)?", "NUMBER", line)
        line = re.sub(r"/tmp/\S*/", "FOLDER/", line)
        lines.append(line.rstrip())
    return lines


def run(function: Callable[[Student], None], student: Student) -> dict[str, Any]:
    out, raised = io.StringIO(), None
    began = time.monotonic()
    try:
        with contextlib.redirect_stdout(out):
            function(student)
    except BaseException as error:
        raised = [type(error).__name__, normalised(str(error))[0][:300]]
    return {
        "seen": student.seen,
        "output": normalised(out.getvalue()),
        "raised": raised,
        "numbers": student.numbers,
        "seconds": round(time.monotonic() - began, 2),
    }


class Asked:
    """Notes what the recorder asks the trainer, and whether it is answered."""

    def __init__(self, watcher: Any) -> None:
        self.watcher = watcher
        self.questions: list[list[Any]] = []
        ask = watcher.replay.link.ask

        def noted(**question: Any) -> Any:
            answer = ask(**question)
            if answer is None or "need" not in answer[0]:
                self.questions.append([question["op"], answer is not None])
            return answer

        watcher.replay.link.ask = noted

    def fits(self, since: int) -> list[list[int]]:
        """Epochs that the trainer gave, and all epochs, of each fit since a line of the events."""
        lines = self.lines()[since:]
        return [[event["answered"], event["epochs"]] for event in map(json.loads, lines) if event["kind"] == "fit"]

    def lines(self) -> list[str]:
        path = self.watcher.writer.folder / "events.jsonl"
        return path.read_text().splitlines() if path.exists() else []


def main() -> None:
    out, data = Path(sys.argv[1]), Path(sys.argv[2])
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    images, labels = np.load(data / "images.npy"), np.load(data / "labels.npy")
    import keras
    from keras.src.trainers import trainer

    trainer.model_supports_jit = lambda _: False  # to compile small networks took most of the time
    asked = None
    if len(sys.argv) > 3:
        from grader.execution.recorder.watcher import Watcher
        from grader.execution.recorder.writer import Writer

        watcher = Watcher(Writer(Path(sys.argv[3])))
        watcher.watch()
        asked = Asked(watcher)
    wanted = os.environ.get("SCENARIOS", "").split()
    for name, (_, function) in SCENARIOS.items():
        if wanted and name not in wanted:
            continue
        keras.utils.set_random_seed(0)
        before, first = ([] if asked is None else asked.lines()), len(asked.questions) if asked else 0
        with tempfile.TemporaryDirectory() as folder:
            result = run(function, Student(images, labels, Path(folder)))
        if asked is not None:
            events = [json.loads(line) for line in asked.lines()[len(before) :]]
            result |= {
                "fits": asked.fits(len(before)),
                "asked": asked.questions[first:],
                "faults": [event for event in events if event["kind"] == "fault"],
                "weights": [
                    [event["training"], event["answered"], event["network"]["weights"]]
                    for event in events
                    if event["kind"] == "fit" and event["network"]
                ],
            }
        (out / f"{name}.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main()
