"""The command line: `backtalk COMMAND`. One module per noun; what they need is imported when they run, so that help is quick."""

from __future__ import annotations

import click

from backtalk import __version__
from backtalk.cli.bot_files import export_command, import_command
from backtalk.cli.database import backup_command, migrate_command
from backtalk.cli.doctor import doctor_command
from backtalk.cli.group import Commands
from backtalk.cli.schema import schema_command
from backtalk.cli.serve import demo_command, serve_command
from backtalk.cli.tests import test_command
from backtalk.cli.token import token_group
from backtalk.cli.workspace import workspace_group


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="backtalk")
def main() -> None:
    """Chatbots that answer from your own systems.

    `backtalk demo` starts a sample shop to look at, `backtalk serve` your own installation. Settings come from the
    environment (BACKTALK_…) or a TOML file; see docs/self-hosting.md.
    """


for _command in (
    serve_command,
    demo_command,
    token_group,
    workspace_group,
    schema_command,
    export_command,
    import_command,
    test_command,
    migrate_command,
    backup_command,
    doctor_command,
):
    main.add_command(_command)
