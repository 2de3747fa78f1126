"""Correct answers that look nothing like the reference: every one of these students has all points.

Each notebook is run in a real sandboxed kernel, on a slice of the real data.
"""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from conftest import Grade
from student import CORRECT, LOG_10, SETUP, cells, fit, network, notebook, with_saved_error


def functional_without_markers() -> Any:
    """Functional API, other names, no headings and no markers: only code, and prose below the questions' text."""
    result = nbformat.v4.new_notebook()

    def code(text: str, output: str = "") -> None:
        cell = nbformat.v4.new_code_cell(text)
        if output:
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=output)]
        result.cells.append(cell)

    def prose(text: str) -> None:
        result.cells.append(nbformat.v4.new_markdown_cell(text))

    code("from tensorflow import keras\nfrom tensorflow.keras import layers as L\nimport numpy as np")
    code(
        "(xa, ya), (xb, yb) = keras.datasets.fashion_mnist.load_data()\nxa, xb = xa.astype('float32') / 255, xb / 255."
    )
    code(
        "def red(n, salida=10, aplanar=True):\n"
        "    e = L.Input((28, 28))\n"
        "    x = L.Flatten()(e) if aplanar else e\n"
        "    x = L.Dense(n)(x)\n"
        "    x = L.Activation('sigmoid')(x)\n"
        "    s = L.Softmax()(L.Dense(salida)(x))\n"
        "    m = keras.Model(e, s)\n"
        "    m.compile(keras.optimizers.Adam(learning_rate=1e-3), keras.losses.SparseCategoricalCrossentropy(),\n"
        "              metrics=['accuracy'])\n"
        "    return m"
    )
    prose("## Pregunta 1\nRed con 128 neuronas")
    code("r = red(128)\nh = r.fit(x=xa, y=ya, epochs=10, batch_size=64, verbose=2)", LOG_10)
    prose("## Pregunta 2")
    code("r.evaluate(x=xb, y=yb)")
    prose("## Pregunta 3\n3.1 " + CORRECT["3.1"] + "\n\n3.2 La 9, es un botín")
    code("classifications = r.predict(xb)\nprint(classifications[0])")
    prose("## Pregunta 4")
    code("grande = red(512); grande.fit(xa, ya, epochs=1, batch_size=64)")
    code("enorme = red(1024); enorme.fit(xa, ya, epochs=1, batch_size=64)")
    prose("4.3: " + CORRECT["4.3"])
    prose("## Pregunta 5")
    code("print(np.argmax(grande.predict(xb)[0]), np.argmax(enorme.predict(xb)[0]))")
    prose("5.1) Otra vez la clase 9.\n\n5.2) " + CORRECT["5.2"])
    prose("## Pregunta 6")
    code(
        "sin = red(128, aplanar=False)\ntry:\n    sin.fit(xa, ya, epochs=1)\nexcept Exception as e:\n    print('Error:', e)"
    )
    result.cells[-1].outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="Error: Argument `output` must have rank (ndim)")
    ]
    prose(CORRECT["6 prose"])
    prose("## Pregunta 7\n**7.1** " + CORRECT["7.1"] + "\n\n**7.2** " + CORRECT["7.2"])
    prose("## Pregunta 8")
    code(
        "q = red(128)\nq.fit(xa, ya, epochs=15, batch_size=64, verbose=0)\nt = red(128)\nt.fit(xa, ya, epochs=30, batch_size=64, verbose=0)"
    )
    prose("8.3 " + CORRECT["8.3"])
    prose("## Pregunta 9")
    code(
        "class Parar(keras.callbacks.Callback):\n"
        "    def __init__(self, limite):\n"
        "        self.limite = limite\n"
        "    def on_epoch_end(self, epoch, logs=None):\n"
        "        perdida = (logs or {}).get('loss')\n"
        "        if perdida is not None and perdida < self.limite:\n"
        "            print('Listo')\n"
        "            self.model.stop_training = True\n"
        "z = red(512)\n"
        "z.fit(xa, ya, epochs=2, callbacks=Parar(0.4))"
    )
    return result


def one_loop_for_all() -> Any:
    """All networks in one loop, with prose in comments and printed strings."""
    loop = (
        "modelos = {}\n"
        "for n in (128, 512, 1024):\n"
        "    modelos[n] = tf.keras.Sequential([tf.keras.Input((28, 28)), tf.keras.layers.Reshape((784,)),\n"
        "        tf.keras.layers.Dense(n, tf.nn.sigmoid), tf.keras.layers.Dense(10, tf.nn.softmax)])\n"
        "    modelos[n].compile('adam', 'sparse_categorical_crossentropy', metrics=['acc'])\n"
        "    modelos[n].fit(training_images, training_labels, 64, 10)\n"
    )
    changes: dict[str, str | None] = {
        "1": loop,
        "2": "print(modelos[128].evaluate(test_images, test_labels))",
        "3": "classifications = modelos[128].predict(test_images)\n"
        "# 3.1 " + CORRECT["3.1"] + "\nprint('3.2: la clase predicha es la 9, botín')",
        "3.1": None,
        "3.2": None,
        "4.1": "# ya entrenada arriba",
        "4.2": "# ya entrenada arriba",
        "5": "for n in (512, 1024):\n    print(n, '->', modelos[n].predict(test_images)[0].argmax())\n",
        "8.1": "modelos[128].fit(training_images, training_labels, batch_size=64, epochs=15, verbose=0)",
        "8.2": "modelos[128].fit(training_images, training_labels, batch_size=64, epochs=30, verbose=0)",
    }
    return with_saved_error(notebook(changes), "6", "", "")


def subclassed_with_pipeline() -> Any:
    """A subclassed model that uses TensorFlow's own functions, trained on a pipeline of one-hot labels."""
    model = (
        "class Red(tf.keras.Model):\n"
        "    def __init__(self, n=128, salidas=10):\n"
        "        super().__init__()\n"
        "        self.salida = tf.keras.layers.Dense(salidas)\n"
        "        self.oculta = tf.keras.layers.Dense(n)\n"
        "    def call(self, x):\n"
        "        x = tf.reshape(x, (-1, 784))\n"
        "        return tf.nn.softmax(self.salida(tf.nn.sigmoid(self.oculta(x))))\n"
        "y1 = tf.keras.utils.to_categorical(training_labels, 10)\n"
        "y2 = tf.keras.utils.to_categorical(test_labels, 10)\n"
        "datos = tf.data.Dataset.from_tensor_slices((training_images.astype('float32'), y1)).shuffle(4000).batch(64)\n"
        "def nueva(n=128):\n"
        "    r = Red(n)\n"
        "    r.compile(optimizer=tf.keras.optimizers.Adam(), loss='categorical_crossentropy', metrics=['accuracy'])\n"
        "    return r\n"
    )
    changes: dict[str, str | None] = {
        "1": model + "red = nueva()\nhist = red.fit(datos, epochs=10, verbose=0)\nprint(hist.history)",
        "2": "prueba = tf.data.Dataset.from_tensor_slices((test_images.astype('float32'), y2)).batch(100)\nred.evaluate(prueba)",
        "3": "classifications = red.predict(test_images)\nprint(classifications[0])",
        "4.1": "a = nueva(512)\na.fit(datos, epochs=1)",
        "4.2": "b = nueva(1024)\nb.fit(datos, epochs=1)",
        "5": "print(a.predict(test_images)[0].argmax(), b.predict(test_images)[0].argmax())",
        "8.1": "nueva().fit(datos, epochs=15, verbose=0)",
        "8.2": "nueva().fit(datos, epochs=30, verbose=0)",
    }
    history = "{'accuracy': [" + ", ".join(["0.8"] * 10) + "], 'loss': [" + ", ".join(["0.5"] * 10) + "]}"
    return with_saved_error(notebook(changes, {"1": history}), "6")


def prepared_beforehand() -> Any:
    """Images flattened and standardised before; definition, compile and fit in cells of their own; one name for all."""
    start = (
        "X = training_images.reshape(-1, 784).astype('float32')\nXt = test_images.reshape(-1, 784).astype('float32')\n"
        "m, s = X.mean(), X.std()\nX = (X - m) / s\nXt = (Xt - m) / s\n"
    )
    build = (
        "model = tf.keras.models.Sequential()\nmodel.add(tf.keras.layers.Dense({n}, activation='sigmoid', input_dim=784))\n"
        "model.add(tf.keras.layers.Dropout(0.1))\nmodel.add(tf.keras.layers.Dense({out}, activation='softmax'))\n"
        "model.compile(loss=tf.keras.losses.sparse_categorical_crossentropy, optimizer='Adam', metrics=['accuracy'])\n"
    )
    train = "model.fit(X, training_labels, epochs={e}, batch_size=64, verbose=0)\n"
    changes: dict[str, str | None] = {
        "1": start + build.format(n=128, out=10) + train.format(e=10),
        "2": "loss, acc = model.evaluate(Xt, test_labels, verbose=0)\nprint(acc)",
        "3": "classifications = model.predict(Xt)\nprint(classifications[0])",
        "4.1": build.format(n=512, out=10) + train.format(e=1) + "p512 = model.predict(Xt)",
        "4.2": build.format(n=1024, out=10) + train.format(e=1) + "p1024 = model.predict(Xt)",
        "5": "print(p512[0].argmax())\nprint(p1024[0].argmax())",
        "7": build.format(n=128, out=5) + train.format(e=1),
        "8.1": build.format(n=128, out=10) + train.format(e=15),
        "8.2": train.format(e=30),
    }
    return with_saved_error(notebook(changes), "6", "InvalidArgumentError", "ignored")


def colab_in_english() -> Any:
    """Colab's imports and shell commands; Keras 3 imported as such; a Rescaling layer on raw images; English prose."""
    imports = (
        "%tensorflow_version 2.x\n!pip install -q tensorflow\nfrom google.colab import drive, files\n"
        "drive.mount('/content/drive')\nimport keras\nfrom keras import layers\n"
        "(xr, yr), (xs, ys) = keras.datasets.fashion_mnist.load_data()\n"
        "def net(n, out=10):\n"
        "    m = keras.Sequential([layers.Input((28, 28)), layers.Rescaling(1/255), layers.Flatten(),\n"
        "                          layers.Dense(n, activation=keras.activations.sigmoid),\n"
        "                          layers.Dense(out, activation='softmax')])\n"
        "    m.compile(optimizer=keras.optimizers.Adam(0.001), loss='sparse_categorical_crossentropy', metrics=['accuracy'])\n"
        "    return m\n"
    )
    changes: dict[str, str | None] = {
        "1": imports + "net1 = net(128)\nnet1.fit(xr, yr, epochs=10, batch_size=64)",
        "2": "net1.evaluate(xs, ys)",
        "3": "classifications = net1.predict(xs)\nclassifications[0]",
        "3.1": "Softmax returns a probability for each of the ten classes.",
        "3.2": "It is an ankle boot (9)",
        "4.1": "net2 = net(512)\nnet2.fit(xr, yr, epochs=1)",
        "4.2": "net3 = net(1024)\nnet3.fit(xr, yr, epochs=1)",
        "4.3": "Accuracy gets slightly better, but training takes longer.",
        "5": "net2.predict(xs)[0].argmax(), net3.predict(xs)[0].argmax()",
        "5.1": "Still class 9, the ankle boot.",
        "5.2": "Because the picture is easy and every network has learned it.",
        "6 prose": "The 28x28 image is not flattened into a vector, so the shape of the output does not match the labels.",
        "7": "net(5).fit(xr, yr, epochs=1)",
        "7.1": "There is one neuron for each of the ten classes.",
        "7.2": "It fails with an error, because the labels go from 0 to 9 and there are only five outputs.",
        "8.1": "net(128).fit(xr, yr, epochs=15, batch_size=64, verbose=0)",
        "8.2": "net(128).fit(xr, yr, epochs=30, batch_size=64, verbose=0)",
        "8.3": "This is overfitting: the network memorises the training data and does not generalise.",
    }
    return with_saved_error(notebook(changes), "6")


def unusual_ways() -> Any:
    """Images scaled to unit length; a loop over epochs; no Flatten before a layer that wants 784; "the same class"."""
    start = "A = tf.keras.utils.normalize(training_images, axis=1)\nB = tf.keras.utils.normalize(test_images, axis=1)\n"
    build = network().replace("'adam'", "tf.keras.optimizers.Adam(learning_rate=0.002)")
    changes: dict[str, str | None] = {
        "1": start
        + build
        + "for i in range(2):\n    model.fit(A, training_labels, epochs=5, batch_size=64, verbose=0)",
        "2": "model.save('red.keras')\nigual = tf.keras.models.load_model('red.keras')\nigual.evaluate(B, test_labels)",
        "3": "classifications = model.predict(B)\nprint(classifications[0])\nprint(class_names[np.argmax(classifications[0])])",
        "3.2": None,
        "4.1": network(512, name="m512") + "m512.fit(A, training_labels, epochs=1)",
        "4.2": network(1024, name="m1024") + "m1024.fit(A, training_labels, epochs=1)",
        "5": "m512.predict(B)\nm1024.predict(B)",
        "5.1": "El primer elemento sigue correspondiendo a la misma clase que antes.",
        "6": "malo = tf.keras.Sequential([tf.keras.layers.Dense(128, activation='sigmoid', input_shape=(784,)),\n"
        "    tf.keras.layers.Dense(10, activation='softmax')])\n"
        "malo.compile('adam', 'sparse_categorical_crossentropy')\nmalo.fit(training_images, training_labels)",
        "8.1": "for e in [15, 30]:\n    "
        + "\n    ".join(network(name="otra").splitlines())
        + "\n    otra.fit(A, training_labels, epochs=e, batch_size=64, verbose=0)",
        "8.2": None,
    }
    changes["1"] = (
        "class_names = ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot']\n"
        + str(changes["1"])
    )
    lists = "[" + ", ".join(["0.51"] * 10) + "]\n[" + ", ".join(["0.82"] * 10) + "]\n"
    return with_saved_error(notebook(changes, {"1": lists}), "6")


def own_callbacks_everywhere() -> Any:
    """A clock of the student's own in every training, lists within lists, results as dictionaries, NumPy's numbers."""
    clock = (
        "class Reloj(tf.keras.callbacks.Callback):\n"
        "    def on_epoch_end(self, epoch, logs=None):\n        print(epoch)\n"
    )
    stop = (
        "from tensorflow.python.keras.callbacks import Callback\n"
        "class Parar(Callback):\n"
        "    def __init__(self, limite=0.4):\n        self.limite, self.vistas = limite, {'loss': []}\n"
        "    def on_epoch_end(self, epoch, logs=None):\n"
        "        self.vistas['loss'].append(logs['loss'])\n"
        "        if min(self.vistas['loss']) <= self.limite:\n            self.model.stop_training = True\n"
    )
    changes: dict[str, str | None] = {
        "1": clock
        + network()
        + fit(more=", callbacks=[Reloj()]")
        .replace("batch_size=64", "batch_size=np.int64(64)")
        .replace("np.", "numpy.")
        .replace("model.fit", "import numpy\nmodel.fit"),
        "2": "print(model.evaluate(test_images, test_labels, return_dict=True))",
        "5": "m512.predict(test_images)[0].argmax(), m1024.predict(test_images)[0].argmax()",
        "5.1": None,
        "6": network(name="flat", flatten=False)
        + "try:\n    flat.fit(training_images, training_labels)\nexcept Exception as e:\n    print('Fallo:', type(e).__name__)",
        "9": stop
        + network(name="stopped")
        + "callbacks = [Parar()]\n"
        + "stopped.fit(training_images, training_labels, epochs=2, verbose=0, callbacks=[callbacks, Reloj()])\n",
    }
    return notebook(changes, {"1": LOG_10, "6": "Fallo: ValueError\n"})


def told_by_a_function() -> Any:
    """Every answer is told by a function of the student's own; trained an epoch at a time, and on from where it was."""
    result = nbformat.v4.new_notebook()

    def part(heading: str, *sources: str, output: str = "") -> None:
        result.cells.append(nbformat.v4.new_markdown_cell(heading))
        result.cells.extend(nbformat.v4.new_code_cell(source) for source in sources)
        if output:
            result.cells[-1].outputs = [nbformat.v4.new_output("stream", name="stdout", text=output)]

    def tell(question: str) -> str:
        return f'decir("{CORRECT[question]}")'

    part("# Entrega", SETUP, "from IPython.display import Markdown, display\ndecir = lambda t: display(Markdown(t))")
    every = "for n in range(10):\n    model.fit(training_images, training_labels, batch_size=64, verbose=2)"
    part("Ejercicio 1", network() + every, output="938/938 - 2s - 2ms/step - accuracy: 0.8 - loss: 0.4\n" * 10)
    part("Ejercicio 2", CORRECT["2"])
    part("Ejercicio 3.1", CORRECT["3"] + "\n" + tell("3.1"))
    part("Ejercicio 3.2", 'decir(f"La {classifications[0].argmax()}, o sea, la clase del botín")')
    part("Ejercicio 4.1 y ejercicio 4.2", CORRECT["4.1"] + "\n" + CORRECT["4.2"])
    part("Ejercicio 4.3", tell("4.3"))
    part("Ejercicio 5.1", CORRECT["5"], tell("5.1"))
    part("Ejercicio 5.2", tell("5.2"))
    part("Ejercicio 6", tell("6 prose"), CORRECT["6"])
    result.cells[-1].outputs = [nbformat.v4.new_output("error", ename="ValueError", evalue="shapes", traceback=[])]
    part("Ejercicio 7.1", CORRECT["7"], tell("7.1"))
    part("Ejercicio 7.2", tell("7.2"))
    go_on = "otra.fit(training_images, training_labels, initial_epoch={}, epochs={}, batch_size=64, verbose=0)"
    part("Ejercicio 8.1", network(name="otra") + go_on.format(0, 15))
    part("Ejercicio 8.2", go_on.format(15, 30))
    part("Ejercicio 8.3", tell("8.3"))
    stop = (
        "class Freno(tf.keras.callbacks.LambdaCallback):\n"
        "    def __init__(self, tope):\n        self.tope = tope\n"
        "        super().__init__(on_epoch_end=lambda epoch, logs: self.mira(logs))\n"
        "    def mira(self, logs):\n"
        "        if logs['loss'] <= self.tope:\n            self.model.stop_training = True\n"
    )
    fitted = "stopped.fit(training_images, training_labels, epochs=2, verbose=0, callbacks=Freno(0.4))"
    part("Ejercicio 9", stop + network(name="stopped") + fitted)
    return result


STUDENTS = {
    "told by a function": told_by_a_function,
    "own callbacks everywhere": own_callbacks_everywhere,
    "unusual ways": unusual_ways,
    "the reference's way": lambda: with_saved_error(notebook(), "6"),
    "functional, without markers": functional_without_markers,
    "one loop for all": one_loop_for_all,
    "subclassed, on a pipeline": subclassed_with_pipeline,
    "images prepared beforehand": prepared_beforehand,
    "Colab, in English": colab_in_english,
}


@pytest.mark.parametrize("student", STUDENTS)
def test_honest_student_has_all_points(student: str, grade: Grade) -> None:
    graded = grade(STUDENTS[student]())
    lost = {name: text for name, text in graded.lost().items() if not name.startswith("test")}
    assert graded.score.score == 10, lost
    assert graded.evidence.cut_short is None


def test_nothing_but_code_cells_still_finds_the_networks(grade: Grade) -> None:
    """No markdown at all, no markers: networks are found by what they are."""
    places = ("1", "2", "4.1", "4.2", "6", "7", "8.1", "8.2", "9")
    graded = grade(cells(SETUP, *(CORRECT[place] for place in places)))
    found = {question: graded.points(question) for question in ("1", "2", "4.1", "4.2", "8.1", "8.2", "9")}
    without_saved_log = {"1": 3.25, "2": 0.5, "4.1": 0.25, "4.2": 0.25, "8.1": 0.2, "8.2": 0.2, "9": 2}
    assert found == pytest.approx(without_saved_log), graded.lost()


def test_what_ran_when_it_was_saved_goes_to_a_person(grade: Grade) -> None:
    """An optimizer that Keras has removed: nothing is a silent zero, and what can be seen is marked."""
    answer = network().replace("'adam'", "tf.keras.optimizers.experimental.Adam(0.001)") + fit()
    graded = grade(notebook({"1": answer}))
    statuses = {finding.check: str(finding.status) for finding in graded.score.questions[0].findings}
    assert statuses == {
        "hidden_layers": "passed",
        "hidden_activation": "passed",
        "output_layer": "passed",
        "optimizer": "needs_review",
        "epochs": "needs_review",
        "batch_size": "needs_review",
        "epoch_log": "passed",
        "test_accuracy": "needs_review",
    }
    assert graded.score.provisional


def test_a_loop_of_the_students_own_counts_as_training(grade: Grade) -> None:
    """Gradient tape instead of fit: the network is judged, and a person sees what it was trained on, and for how long."""
    loop = (
        "model = tf.keras.Sequential([tf.keras.Input((28, 28)), tf.keras.layers.Flatten(),\n"
        "    tf.keras.layers.Dense(128, 'sigmoid'), tf.keras.layers.Dense(10, 'softmax')])\n"
        "adam = tf.keras.optimizers.Adam(0.01)\nce = tf.keras.losses.SparseCategoricalCrossentropy()\n"
        "for x, y in tf.data.Dataset.from_tensor_slices((training_images, training_labels)).batch(64):\n"
        "    with tf.GradientTape() as tape:\n        loss = ce(y, model(x))\n"
        "    adam.apply_gradients(zip(tape.gradient(loss, model.trainable_weights), model.trainable_weights))\n"
    )
    graded = grade(notebook({"1": loop}))
    statuses = {finding.check: str(finding.status) for finding in graded.score.questions[0].findings}
    assert statuses["hidden_layers"] == statuses["output_layer"] == statuses["optimizer"] == "passed", graded.lost()
    assert statuses["epochs"] == statuses["batch_size"] == "needs_review"
    assert statuses["test_accuracy"] in ("needs_review", "failed")
    assert "accuracy" in graded.finding("1", "test_accuracy").evidence, "measured as question 2 hands the images to it"


def test_images_that_were_handed_to_the_trainer_can_be_looked_at_again(grade: Grade) -> None:
    """What the trainer is given is taken out of the exchange folder; the same few images are named in events, too."""
    one = "one = test_images[:1].astype('float32')\nprint(model.predict(one), model.predict(one))"
    graded = grade(cells(SETUP, network() + fit(epochs=1), one))
    assert graded.evidence.remarks == ()
    assert [(call.kind, call.x is not None) for call in graded.evidence.calls] == [("predict", True)] * 2
