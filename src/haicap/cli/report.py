"""`haicap report`."""

from __future__ import annotations

from pathlib import Path

import click

from haicap.cli import options, screen
from haicap.report.document import to_json
from haicap.report.forms import written
from haicap.report.markdown import LIMIT, to_markdown
from haicap.report.reading import read_report


@click.command("report")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to; its name's end says the form: .html, .md, .csv, .xml (JUnit), .sarif, .json.",
)
@click.option(
    "--limit",
    metavar="CHARACTERS",
    type=click.IntRange(min=2_000),
    default=LIMIT,
    show_default=True,
    help="How long Markdown may be: a comment of GitHub holds 65,536, one of GitLab 1,000,000.",
)
@options.as_json
def command(file: Path, out: Path | None, limit: int, as_json: bool) -> None:
    """A plan, an inspection, a difference or a certificate, for people who decide: one page, a comment, a table.

    Without -o it is Markdown on standard output. An altered plan is refused (3).

    \b
    Example:
      haicap report plan.json -o plan.html
      haicap report plan.json --limit 65000
      haicap report inspection.json -o inspection.xml
    """
    report = read_report(file)
    if out is not None:
        screen.write(out, written(report, out, file, limit))
        screen.say(f"wrote {out}")
    if as_json:
        click.echo(to_json(report), nl=False)
    elif out is None:
        click.echo(to_markdown(report, limit), nl=False)
