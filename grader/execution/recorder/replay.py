"""Keras's own `fit`, `evaluate` and `predict`, with the work in them done by the trusted trainer.

The methods run as Keras wrote them, with the student's callbacks, progress bars and history. Only what they iterate
over is another, see `tasks`.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import math
import operator
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from .chains import chain_of, is_own_class, read_chain
from .data import DataReader
from .facts import as_trained, is_students
from .fingerprints import fingerprint
from .genuine import registry
from .link import Link
from .models import state_of, weights_of
from .orders import (
    InKernel,
    check_callbacks,
    check_input,
    check_settings,
    layers_of,
    loss_of,
    metrics_of,
    optimizer_of,
    parts_of,
    refuses_labels,
    whole_array,
)
from .pipelines import PipelineReader, is_dataset
from .tasks import REFUSED, Doomed, Epochs, Fit, Look
from .writer import Writer

DEFAULT_BATCH_SIZE = 32
MEAN = "sum_over_batch_size"
"""Keras's own."""


class Known:
    """The weights that one model was given last, and their state: they are compared at less than it costs to take."""

    def __init__(self) -> None:
        self.model: Any = lambda: None
        self.weights: list[Any] = []
        self.noted: tuple[Any, ...] = ()

    def note(self, model: Any, weights: list[Any]) -> None:
        """The model has been given these arrays."""
        self.model, self.weights, self.noted = weakref.ref(model), weights, state_of(model, weights)

    def holds(self, model: Any) -> bool:
        """True if the model still has these arrays."""
        weights = weights_of(model)
        return (
            self.model() is model
            and len(weights) == len(self.weights)
            and all(
                left.shape == right.shape and left.dtype == right.dtype and left.tobytes() == right.tobytes()
                for left, right in zip(weights, self.weights, strict=True)
            )
        )

    def state(self, model: Any) -> tuple[Any, ...]:
        """As `state_of`."""
        return self.noted if self.holds(model) else state_of(model)


class Replay:
    """What one kernel has from the trusted trainer."""

    def __init__(self, link: Link, writer: Writer, data: DataReader) -> None:
        self.link, self.writer, self.data = link, writer, data
        self.pipelines = PipelineReader()
        self.tasks: list[Any] = []
        self.known = Known()
        self.points: dict[tuple[Any, ...], tuple[int, int]] = {}
        """State of a model -> the training and epoch that gave them."""
        self.optimizers: weakref.WeakKeyDictionary[Any, tuple[int, int, int, bool]] = weakref.WeakKeyDictionary()
        """Optimizer -> training, epoch, iterations, and whether its arrays are set."""
        self.fresh: dict[int, tuple[Any, Any]] = {}
        """id of a variable -> reference to it and fingerprint of its first value."""
        self.split: Callable[..., Any] = lambda *_: None
        """Keras's own way to part data for validation."""
        self.why_not = ""
        """Why the last training is the kernel's own."""

    # --- hooks in Keras ---------------------------------------------------------------------------------------------

    def watch(self, wrap: Callable[..., None]) -> None:
        """Stand in for Keras's iterator, and note the first values of variables."""
        import keras
        from keras.src.backend.tensorflow import trainer as module

        real = module.TFEpochIterator

        def iterator(*args: Any, **kwargs: Any) -> Any:
            if not self.tasks or self.tasks[-1] is None or args:
                return real(*args, **kwargs)
            if isinstance(self.tasks[-1], Doomed):
                return real(**{**kwargs, **_first_rows(kwargs, self.tasks[-1].rows)})
            if is_dataset(kwargs.get("x")):
                made = real(**kwargs)
                return made if made.num_batches is None else Epochs(self, lambda: made, made.num_batches)
            if not hasattr(kwargs.get("x"), "shape"):
                return real(**kwargs)
            count = math.ceil(len(kwargs["x"]) / (kwargs.get("batch_size") or DEFAULT_BATCH_SIZE))
            return Epochs(self, lambda: real(**kwargs), count)

        module.TFEpochIterator = iterator
        module.array_slicing.train_validation_split = self._validation_split(module.array_slicing)
        owner = next(base for base in keras.Model.__mro__ if "_get_metrics_result_or_logs" in vars(base))
        wrap(owner, "_get_metrics_result_or_logs", self._results)
        wrap(keras.Variable, "_initialize_with_initializer", self._initialized)
        optimizer = next(base for base in keras.optimizers.Adam.__mro__ if "variables" in vars(base))
        wrap(optimizer, "apply", self._apply)
        variables = optimizer.variables.fget
        optimizer.variables = property(lambda item: self._variables(variables, item), doc=optimizer.variables.__doc__)

    def _validation_split(self, slicing: Any) -> Callable[..., Any]:
        """Keras converts all images before it parts them; a training that is answered, or refused, needs none of it."""
        self.split = slicing.train_validation_split

        def split(arrays: Any, validation_split: float) -> Any:
            light = self.tasks and isinstance(self.tasks[-1], Fit | Doomed)
            return (self._parted if light else self.split)(arrays, validation_split)

        return split

    def _parted(self, arrays: tuple[Any, ...], share: float) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Views of the rows to train on and of those to validate with, parted where Keras does."""
        import numpy as np

        kept = len(self.split(np.arange(len(arrays[0])), share)[0])
        first, last = slice(None, kept), slice(kept, None)
        return (
            tuple(None if array is None else array[first] for array in arrays),
            tuple(None if array is None else array[last] for array in arrays),
        )

    def _results(self, original: Callable[..., Any], model: Any, logs: Any) -> Any:
        task = self.tasks[-1] if self.tasks else None
        if task is not None and task.model is model and task.logs is not None:
            return dict(task.logs)
        return original(model, logs)

    def _initialized(self, original: Callable[..., Any], variable: Any, initializer: Any) -> Any:
        result = original(variable, initializer)
        with contextlib.suppress(Exception):
            if not _is_plain(initializer):
                return result
            self.fresh[id(variable)] = (weakref.ref(variable), fingerprint(variable.numpy()))
        return result

    # --- calls ------------------------------------------------------------------------------------------------------

    def fit(self, model: Any, arguments: dict[str, Any]) -> Fit | Doomed | None:
        """A training that the trainer takes, or one that cannot be; None for one that the kernel has to do."""
        self.why_not = ""
        try:
            return self._fit(model, arguments)
        except InKernel as error:
            self.why_not = str(error)
        except Exception:  # whatever is wrong, Keras itself will say it
            self.why_not = "a call that Keras will refuse"
        return None

    def _fit(self, model: Any, arguments: dict[str, Any]) -> Fit | Doomed | None:
        for name, data in (("steps_per_epoch", "x"), ("validation_steps", "validation_data")):
            if arguments.get(name) is not None and not is_dataset(arguments.get(data)):
                raise InKernel(f"an epoch of another length ({name})")
        check_callbacks(arguments.get("callbacks"), model.built)
        if is_own_class(model):
            read_chain(model, _row_shape(arguments.get("x")))
        plan = self.plan(model)
        if is_dataset(arguments.get("x")):
            return self._fit_pipeline(model, plan, arguments)
        return self._fit_arrays(model, plan, arguments)

    def _fit_arrays(self, model: Any, plan: dict[str, Any], arguments: dict[str, Any]) -> Fit | Doomed | None:
        x, y, weight = (arguments.get(name) for name in ("x", "y", "sample_weight"))
        if weight is not None and arguments.get("class_weight") is not None:
            raise InKernel("weights of two kinds")
        if not isinstance(arguments.get("shuffle", True), bool):
            raise InKernel("rows shuffled in a way of their own")
        x, y = whole_array(x), whole_array(y)
        weight = None if weight is None else whole_array(weight)
        if arguments.get("validation_split") and arguments.get("validation_data") is None:
            (x, y, weight), _ = self._parted((x, y, weight), arguments["validation_split"])
        size = operator.index(arguments.get("batch_size") or DEFAULT_BATCH_SIZE)
        if len(x) != len(y) or not len(x):
            raise InKernel("inputs and labels of another number")
        rows = min(len(x), size + (len(x) % size > 0))
        if not _can_build(model, x[:rows].copy(), y[:rows].copy()):
            return Doomed(model, rows)
        _check_input(model, x)
        if refuses_labels(plan["loss"], _outputs_of(model), y, size, rows):
            return Doomed(model, rows)
        batches = {
            "batch_size": size,
            "shuffle": arguments.get("shuffle", True),
            "class_weight": [
                [operator.index(label), float(value)]
                for label, value in sorted((arguments.get("class_weight") or {}).items())
            ],
        }
        steps = math.ceil(len(x) / size)
        return self._begin(model, plan, {"x": x, "y": y, "sample_weight": weight}, batches, steps, arguments)

    def _fit_pipeline(self, model: Any, plan: dict[str, Any], arguments: dict[str, Any]) -> Fit | None:
        beside = (arguments.get(name) for name in ("y", "sample_weight", "class_weight"))
        if any(value is not None for value in beside) or arguments.get("validation_split"):
            raise InKernel("a pipeline beside other data")
        if not self.link.is_there:  # rows are made for the trainer alone
            raise InKernel("no trainer")
        steps = arguments.get("steps_per_epoch")
        epochs = int(arguments.get("epochs") or 1) - int(arguments.get("initial_epoch") or 0)
        rows = self.pipelines.to_train(arguments["x"], steps, epochs)
        x, y, weight = (*rows.arrays, None)[:3]
        first = min(len(x), rows.batch_size)
        if not _can_build(model, x[:first].copy(), y[:first].copy()):
            raise InKernel(REFUSED)
        _check_input(model, x)
        if refuses_labels(plan["loss"], _outputs_of(model), y, rows.batch_size, len(y)):
            raise InKernel(REFUSED)
        batches = {"batch_size": rows.batch_size, "pipeline": rows.question(steps)}
        return self._begin(
            model, plan, {"x": x, "y": y, "sample_weight": weight}, batches, steps or rows.batches, arguments
        )

    def _begin(
        self,
        model: Any,
        plan: dict[str, Any],
        arrays: dict[str, Any],
        batches: dict[str, Any],
        steps: int,
        arguments: dict[str, Any],
    ) -> Fit | None:
        """A training that the trainer takes.

        Args:
            batches: how rows become batches, as the trainer is asked.
            steps: batches of an epoch.
        """
        question = {
            "op": "fit",
            **plan,
            **self._digests(arrays),
            **self.start_of(model),
            "input_shape": list(arrays["x"].shape[1:]),
            **batches,
        }
        fit = Fit(
            self,
            model,
            arrays,
            question,
            int(arguments.get("initial_epoch") or 0),
            int(arguments.get("epochs") or 1),
            free=not arguments.get("callbacks"),
        )
        fit.steps = steps
        if fit.begin():
            return fit
        self.why_not = "the trainer does not take it" if self.link.is_there else ""
        return None

    def look(self, kind: str, model: Any, arguments: dict[str, Any]) -> Look | None:
        """An evaluation or prediction that the trainer answers; None for one that the kernel has to do."""
        training = self._fit_of(model)
        found = None
        with contextlib.suppress(Exception):
            found = self._look(kind, model, arguments, training)
        if found is None and training is not None:
            training.catch_up()
        return found

    def _fit_of(self, model: Any) -> Fit | None:
        """The training of this model that is under way."""
        return next((task for task in self.tasks if isinstance(task, Fit) and task.model is model), None)

    def _look(self, kind: str, model: Any, arguments: dict[str, Any], training: Fit | None) -> Look | None:
        import keras

        if training is not None and training.behind:
            point: tuple[int, int] | None = (training.id, training.done)
        else:
            point = self.points.get(self.known.state(model))
        if point is None:
            return None
        check_callbacks(arguments.get("callbacks"))
        arrays = self._arrays_of_look(kind, arguments)
        x = arrays["x"]
        _check_input(model, x)
        question: dict[str, Any] = {"op": kind, "at": list(point), "input_shape": list(x.shape[1:])}
        if kind == "predict":
            question |= {"layers": _layers_of(model)}
        else:
            question |= self._model(model)
            if question["loss"]["config"].get("reduction", MEAN) != MEAN:
                raise InKernel("a loss that depends on the size of batches")
        answer = self.ask_about(arrays, question | self._digests(arrays))
        if answer is None:
            return None
        if kind == "predict":
            return Look(model, "predict_function", None, keras.ops.convert_to_tensor(answer[1][0]))
        return Look(model, "test_function", answer[0]["logs"], None)

    def _arrays_of_look(self, kind: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Inputs and, of an evaluation, labels and weights."""
        names = ("x",) if kind == "predict" else ("x", "y", "sample_weight")
        x, steps = arguments.get("x"), arguments.get("steps")
        if not is_dataset(x):
            if steps is not None:
                raise InKernel("a part of the data")
            weight = arguments.get("sample_weight")
            y = None if kind == "predict" else whole_array(arguments.get("y"))
            values = (whole_array(x), y, None if weight is None else whole_array(weight))
        elif arguments.get("y") is not None or arguments.get("sample_weight") is not None:
            raise InKernel("a pipeline beside other data")
        else:
            values = (*self.pipelines.to_look(x, steps, in_order=kind == "predict"), None, None)[:3]
            if kind == "evaluate" and values[1] is None:
                raise InKernel("a pipeline without labels")
        return dict(zip(names, values, strict=False))

    @contextlib.contextmanager
    def running(self, task: Fit | Doomed | Look | None) -> Iterator[None]:
        """While Keras's method runs. Without a task it does its own work, also inside a training that is answered."""
        self.tasks.append(task)
        try:
            yield
        finally:
            self.tasks.pop()
            if task is not None:
                task.end()

    # --- parts ------------------------------------------------------------------------------------------------------

    def plan(self, model: Any) -> dict[str, Any]:
        """What a model is trained by. Raises InKernel where a trainer cannot follow."""
        return {**self._model(model), "optimizer": optimizer_of(model)}

    def _model(self, model: Any) -> dict[str, Any]:
        check_settings(model)
        return {"layers": _layers_of(model), "loss": loss_of(model), "metrics": metrics_of(model)}

    def _digests(self, arrays: dict[str, Any]) -> dict[str, Any]:
        """Digests of arrays. Raises InKernel for what has none."""
        digests = {name: None if array is None else self.data.digest(array, array) for name, array in arrays.items()}
        if "" in digests.values():
            raise InKernel("data that is no array of numbers")
        return digests

    def ask_about(self, arrays: dict[str, Any], question: dict[str, Any]) -> tuple[dict[str, Any], list[Any]] | None:
        """Ask, hand over the arrays of the question that the trainer lacks, and ask again."""
        answer = self.link.ask(**question)
        if answer is not None and "need" in answer[0]:
            by_digest = {question[name]: array for name, array in arrays.items()}
            saved = [self.writer.save(as_trained(by_digest[digest])) for digest in answer[0]["need"]]
            answer = self.link.ask(**question)
            self.writer.forget(saved)
        return None if answer is None or "need" in answer[0] else answer

    def start_of(self, model: Any) -> dict[str, Any]:
        """Where a model's weights and optimizer stand. Raises InKernel where only the kernel knows."""
        import keras

        fresh = self.is_fresh(model)
        point = None if fresh else self.points.get(self.known.state(model))
        if point is None and not fresh:
            adapted = self.is_fresh(model, besides=keras.layers.Normalization)
            raise InKernel("a layer that was adapted to data" if adapted else "weights of the student's own")
        optimizer, known = model.optimizer, self.optimizers.get(model.optimizer)
        if [id(item) for item in optimizer._trainable_variables] != [id(item) for item in model.trainable_variables]:
            raise InKernel("an optimizer of another model")
        if int(optimizer.iterations.numpy()) != (0 if known is None else known[2]):
            raise InKernel("an optimizer that was used otherwise")
        return {"weights": None if point is None else list(point), "state": None if known is None else list(known[:2])}

    def is_fresh(self, model: Any, *, besides: Any = ()) -> bool:
        """True if all weights are as their initializers made them, those of layers of one class aside."""
        aside = [id(variable) for layer in model.layers if isinstance(layer, besides) for variable in layer.weights]
        for variable in [variable for variable in model.weights if id(variable) not in aside]:
            known = self.fresh.get(id(variable))
            if known is None or known[0]() is not variable or known[1] != fingerprint(variable.numpy()):
                return False
        return True

    def note_point(self, model: Any, training: int, epoch: int) -> None:
        """Remember what gave a model the weights that are known of it."""
        self.points[self.known.noted] = (training, epoch)
        optimizer = model.optimizer
        self.optimizers[optimizer] = (training, epoch, int(optimizer.iterations.numpy()), False)

    def _apply(self, original: Callable[..., Any], optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        import tensorflow as tf

        with tf.init_scope():  # also while a function is compiled
            self.settle(optimizer)
        return original(optimizer, *args, **kwargs)

    def _variables(self, original: Callable[[Any], Any], optimizer: Any) -> Any:
        self.settle(optimizer)
        return original(optimizer)

    def settle(self, optimizer: Any) -> None:
        """Give an optimizer the arrays that its training would have left, before anybody looks at them or goes on."""
        known = self.optimizers.get(optimizer)
        if known is None or known[3]:
            return
        with contextlib.suppress(Exception):
            self.optimizers[optimizer] = (*known[:3], True)
            if known[2] != int(optimizer.iterations.numpy()):
                return
            answer = self.link.ask(op="state", training=known[0], epoch=known[1])
            if answer is None or len(answer[1]) != len(optimizer.variables):
                return
            rate = float(optimizer.learning_rate)
            for variable, value in zip(optimizer.variables, answer[1], strict=True):
                variable.assign(value)
            optimizer.iterations.assign(known[2])
            optimizer.learning_rate = rate


def _layers_of(model: Any) -> list[dict[str, Any]]:
    """Class and configuration of each layer of a chain, whoever wrote its class. Raises InKernel."""
    return parts_of(chain_of(model).layers) if is_own_class(model) else layers_of(model)


def _is_plain(initializer: Any) -> bool:
    """True for an initializer of Keras's own that draws values, or gives the same throughout: no ready-made ones."""
    if inspect.isfunction(initializer):
        return registry().is_installed(initializer.__code__.co_filename)
    if is_students(type(initializer)):
        return False
    value = getattr(initializer, "value", None)
    return value is None or not getattr(value, "shape", ())


def _row_shape(x: Any) -> tuple[int, ...]:
    """Shape of a row of inputs. Raises InKernel where they have none."""
    spec = x.element_spec if is_dataset(x) else x
    shape = getattr(spec[0] if isinstance(spec, tuple) else spec, "shape", None)
    if not shape or any(not isinstance(size, int) for size in shape[1:]):
        raise InKernel("data in another form than an array")
    return tuple(shape[1:])


def _outputs_of(model: Any) -> int:
    """How many numbers a built model gives at its end."""
    return int((chain_of(model).outputs if is_own_class(model) else model.output_shape)[-1])


def _check_input(model: Any, x: Any) -> None:
    """Raise InKernel for inputs of another shape than the model's."""
    if not is_own_class(model):
        check_input(model, x)
    elif chain_of(model).inputs != tuple(x.shape[1:]):
        raise InKernel("inputs of another shape than the model's")


def _can_build(model: Any, x: Any, y: Any) -> bool:
    """Build a model as `fit` would; False if Keras will refuse the first batch.

    Raises:
        InKernel: it cannot be built without data, and yet may train.
    """
    import keras

    data = (keras.KerasTensor((None, *array.shape[1:]), as_trained(array[:1]).dtype.name) for array in (x, y))
    try:
        model._symbolic_build(data_batch=(*data, None))
    except Exception:
        try:
            model.test_step((keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y), None))
        except Exception:
            return False
        raise InKernel("a model that only data builds") from None
    return True


def _first_rows(data: dict[str, Any], rows: int) -> dict[str, Any]:
    """A copy of them, as everywhere: what TensorFlow makes of a view may hold the whole array as long as a model."""
    names = ("x", "y", "sample_weight")
    return {name: copy.copy(data[name][:rows]) for name in names if data.get(name) is not None}
