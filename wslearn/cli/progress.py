"""`wslearn progress`: which exercises are done."""

from pathlib import Path

import click

from wslearn.cli import options

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(
    epilog=options.examples("wslearn progress", "wslearn progress --export ann.json", "wslearn progress --csv .")
)
@click.argument("notebooks", required=False, type=FOLDER)
@click.option("--export", metavar="FILE", type=click.Path(path_type=Path), help="Write it to a file to hand in.")
@click.option("--csv", "handed_in", metavar="FOLDER", type=FOLDER, help="Print a table of the files in FOLDER, as CSV.")
def progress(notebooks: Path | None, export: Path | None, handed_in: Path | None) -> None:
    """Show which exercises are done in the folder NOTEBOOKS.

    That is the current folder, or wslearn-notebooks in it, if you name none. A check that passes in a notebook is noted
    in NOTEBOOKS/.wslearn/progress.json, on this computer only, and you may delete it. For an instructor, --csv reads a
    folder of files that students made with --export, and prints a row for each.
    """
    from wslearn.cli import handed_in as tables
    from wslearn.progress import table

    if export and handed_in:
        raise click.UsageError("give --export or --csv: one writes your own progress, the other reads a class's.")
    here = (folder for folder in (Path(), Path("wslearn-notebooks")) if (folder / ".wslearn").is_dir())
    folder = notebooks or next(here, Path())
    problems: list[str] = []
    try:
        if export:
            tables.export(folder, export)
            click.echo(f"{export} is your progress: hand it in.")
        elif handed_in:
            rows, problems = tables.as_csv(handed_in)
            click.echo(rows, nl=False)
        else:
            click.echo(table(folder))
    except (OSError, ValueError) as error:
        why = f"cannot use {error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
        raise click.ClickException(why) from error
    for problem in problems:
        click.echo(f"Not read: {problem}.", err=True)
    if problems:
        raise click.exceptions.Exit(1)
