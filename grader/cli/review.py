"""`grader review`: a person decides."""

from __future__ import annotations

import getpass
import shlex
from typing import Annotated, cast

import typer

from grader.cli.exit_codes import OK
from grader.cli.options import GradebookUrl, GradedLanguage, GradedOut, whole_number
from grader.errors import UsageError
from grader.requirements import check_requirements
from grader.rubric.language import Language

EXAMPLE = "grader review out/class --who ana --blind"


def review(
    out: GradedOut,
    who: Annotated[
        str, typer.Option("--who", metavar="NAME", help="Who marks. Your login name if not given.", show_default=False)
    ] = "",
    port: Annotated[
        int | None,
        typer.Option(
            "--port", parser=whole_number, metavar="NUMBER", help="A free one if not given.", show_default=False
        ),
    ] = None,
    listen: Annotated[
        str,
        typer.Option(
            "--listen",
            metavar="ADDRESS",
            help="0.0.0.0 in a container whose port is published on your loopback interface; others get no answer.",
        ),
    ] = "127.0.0.1",
    blind: Annotated[bool, typer.Option("--blind", help="Hide names, and shuffle the order.")] = False,
    model_url: Annotated[
        str,
        typer.Option(
            "--model-url",
            metavar="URL",
            show_default=False,
            help="An OpenAI-compatible service that gives a second opinion where you ask for it. It is sent answers, "
            "and no names. Its key, if it asks for one, stands in GRADER_MODEL_KEY.",
        ),
    ] = "",
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="The model of that service.", show_default=False)
    ] = "",
    language: GradedLanguage = None,
    gradebook: GradebookUrl = "",
) -> int:
    """Decide at a page in your browser what the grader leaves to a person; any other mark can be changed there, too."""
    if bool(model_url) != bool(model):
        raise UsageError("--model-url and --model go together. Received: {given}", given=model_url or model)
    if model_url and not model_url.startswith(("http://", "https://")):
        raise UsageError("--model-url must start with http:// or https://. Received: {model_url}", model_url=model_url)
    check_requirements("desk")
    from rich.console import Console

    from grader.publishing import open_class
    from grader.reports.translation import Translator
    from grader.review import serve_desk

    console, graded = Console(), open_class(out, gradebook, cast(Language | None, language))
    translator = Translator(graded.language)

    def announce(address: str) -> None:
        for line in (
            translator.say("Review desk: {address}", address=address),
            translator.say(
                "End it with Ctrl-C; then 'grader report {out}' writes the reports anew.", out=shlex.quote(str(out))
            ),
        ):
            console.print(line, highlight=False, soft_wrap=True, markup=False)

    serve_desk(
        graded,
        out,
        announce,
        who=" ".join((who or getpass.getuser()).split())[:80],
        listen=listen,
        port=port or 0,
        blind=blind,
        model_url=model_url,
        model_name=model,
    )
    return OK
