"""Commands that are imported when they are used, and the options that every one of them takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from oos.cli import exits
from oos.cli.session import OUTPUTS, ReaderGone, Session

Setter = Callable[[Session, Any], None]


class GlobalOption(click.Option):
    """An option that may stand before or after the verb, and whose value goes to the session."""

    def __init__(self, declarations: Sequence[str], put: Setter, **attributes: Any) -> None:
        def keep(context: click.Context, _: click.Parameter, value: Any) -> None:
            if value is not None:
                put(context.ensure_object(Session), value)

        super().__init__(declarations, callback=keep, expose_value=False, default=None, **attributes)


def _flag(declarations: Sequence[str], put: Setter, help: str) -> GlobalOption:
    return GlobalOption(declarations, put, is_flag=True, help=help)


def _setting(name: str, metavar: str, help: str, type: Any = None) -> GlobalOption:
    def put(session: Session, value: Any) -> None:
        session.flags[name] = value

    return GlobalOption([f"--{name.replace('_', '-')}"], put, metavar=metavar, help=help, type=type)


def _put(name: str) -> Setter:
    return lambda session, value: setattr(session, name, value)


def _put_debug(session: Session, value: bool) -> None:
    session.debug = session.verbose = value


def _global_options() -> list[click.Parameter]:
    return [
        GlobalOption(
            ["-o", "--output"],
            _put("output"),
            type=click.Choice(OUTPUTS),
            help="How results are printed: for people (table), one JSON document, or one JSON value a line.",
        ),
        _flag(["-q", "--quiet"], _put("quiet"), "Print results and faults only."),
        _flag(["-v", "--verbose"], _put("verbose"), "Tell more."),
        _flag(["--debug"], _put_debug, "Log everything to stderr, and show where a failure came from."),
        _setting("inventory", "FILE", "The inventory: regions, zones and hosts.", click.Path()),
        _setting("region", "ID", "The region to work in."),
        _setting("state_dir", "DIR", "Where journal, keys and locks are.", click.Path()),
    ]


GLOBAL_OPTIONS = _global_options()


class Command(click.Command):
    """A verb. Besides its own options it takes the global ones, listed apart in its help."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), *GLOBAL_OPTIONS]

    def invoke(self, ctx: click.Context) -> Any:
        session = ctx.ensure_object(Session)
        if session.verbose:
            session.start_logging()
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            # click would end the process by itself, with an exit code that says "failed".
            raise ReaderGone from error

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_options(self, ctx, formatter)


def _write_options(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    own: list[tuple[str, str]] = []
    shared: list[tuple[str, str]] = []
    for parameter in command.get_params(ctx):
        record = None if isinstance(parameter, click.Argument) else parameter.get_help_record(ctx)
        if record is not None:
            (shared if isinstance(parameter, GlobalOption) else own).append(record)
    for title, records in (("Options", own), ("Global options", shared)):
        if records:
            with formatter.section(title):
                formatter.write_dl(records)


class LazyGroup(click.Group):
    """A group whose commands are named in a table and imported one by one, when they are called."""

    def __init__(
        self,
        name: str,
        table: Mapping[str, tuple[str, str]],
        **attributes: Any,
    ) -> None:
        super().__init__(name, subcommand_metavar="VERB [ARGS]...", **attributes)
        self._table = table
        """By verb: where it is (`module:attribute`), and what it does."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), *GLOBAL_OPTIONS]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            # Somebody who says no verb wants to know which there are.
            click.echo(ctx.get_help(), err=True)
            ctx.exit(exits.USAGE)
        return super().parse_args(ctx, args)

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(self._table)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self._table.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry[0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command), entry[0]
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self._table and not args[0].startswith("-") and not ctx.resilient_parsing:
            from oos.diagnostics import did_you_mean

            hint = did_you_mean(args[0], self._table)
            ctx.fail(f"there is no verb {args[0]!r}" + (f"; {hint}" if hint else ""))
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, summary) for verb, (_, summary) in self._table.items()])
        _write_options(self, ctx, formatter)
