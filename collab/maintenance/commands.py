"""`flask` commands: backup, restore, rotate-keys and related ones."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import click
from flask import Flask

from ..core.database import engine
from ..core.security import RINGS, key_id
from ..core.slots import application
from ..core.storage import blob_store
from ..extensions import db
from ..version import VERSION
from . import keys
from .backup import making, restoring
from .backup.manifest import Manifest, NotABackup
from .backup.sealing import CanNotOpen, Identity, Opener, Passphrase, Recipient, Sealer

#: Errors that end a command with a sentence.
SAID_ERRORS = (
    making.CanNotBackUp,
    restoring.CanNotRestore,
    NotABackup,
    CanNotOpen,
    OSError,
    EOFError,
    sqlite3.Error,
)
WRONG_KEY = "The passphrase or the key is not the backup's, or the file was changed or cut off."

FILE_PATH = click.Path(dir_okay=False, path_type=Path)
passphrase_option = click.option(
    "--passphrase-file", type=FILE_PATH, help="a file whose first line is the passphrase"
)


def init_app(app: Flask) -> None:
    """Add the commands."""
    for command in (backup, restore, backup_identity, rotate_keys, reseal):
        app.cli.add_command(command)


class CareCommand(click.Command):
    """A command that ends with a sentence, whatever prevents its work."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        try:
            return super().invoke(ctx)
        except SAID_ERRORS as error:
            text = str(error)
            raise click.ClickException(
                text or (WRONG_KEY if isinstance(error, CanNotOpen) else repr(error))
            ) from None


def _passphrase(file: Path | None, *, twice: bool) -> Passphrase:
    if file is not None:
        words = file.read_text().partition("\n")[0].strip()
    else:
        words = click.prompt("Passphrase", hide_input=True, confirmation_prompt=twice)
    if not words:
        raise click.ClickException("The passphrase is empty.")
    return Passphrase(words)


@click.command("backup", cls=CareCommand)
@click.argument("path", type=FILE_PATH)
@click.option("--encrypt", is_flag=True, help="encrypt with a passphrase, which is asked for")
@passphrase_option
@click.option("--to", "public", help="encrypt to this public key (`backup-identity` makes one)")
def backup(path: Path, encrypt: bool, passphrase_file: Path | None, public: str | None) -> None:
    """Write the whole installation, as of one moment, to a file; the server may be running."""
    seal: tuple[Sealer, Opener | None] | None = None
    if public:
        seal = Recipient(public), None
    elif encrypt or passphrase_file:
        words = _passphrase(passphrase_file, twice=True)
        seal = words, words
    made = making.make(_sources(), path.absolute(), seal)
    click.echo(f"{path}: {len(made.manifest.files)} files, {made.bytes} bytes.")
    click.echo(f"It shows {made.manifest.moment}; writers waited {made.held_s * 1000:.1f} ms.")
    for name in made.manifest.missing:
        click.echo(f"Not on the disk, and so not in it: {name}", err=True)
    if made.manifest.given:
        names = ", ".join(made.manifest.given)
        click.echo(f"Keep these settings beside it, for they are not in it: {names}.")


def _sources() -> making.Sources:
    app = application()
    rings = RINGS.of(app)
    manifest = Manifest(
        "",
        VERSION,
        _revision(),
        keys={name: [key_id(secret) for secret in ring.secrets] for name, ring in rings.items()},
        given=[name for name, ring in rings.items() if ring.path is None],
    )
    columns = blob_store.digest_columns()
    return making.Sources(
        app.config["INSTANCE_PATH"],
        _database(),
        blob_store.blobs(),
        tuple((column.class_.__tablename__, column.key) for column in columns),
        manifest,
    )


def _database() -> Path:
    if not engine().is_file:
        raise making.CanNotBackUp(
            f"{engine().place} is on a database server: back it up with its own tools"
            " (docs/operations.md)."
        )
    return Path(db.engine.url.database or "").absolute()


def _revision() -> str:
    path = _database()
    if not path.exists():
        raise making.CanNotBackUp(f"There is no database {path}.")
    with db.engine.connect() as connection:
        return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())


@click.command("restore", cls=CareCommand)
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--check", is_flag=True, help="only check that the backup is complete")
@click.option(
    "--at", help="from a folder of backups, restore the newest made up to this time (RFC 3339)"
)
@passphrase_option
@click.option("--identity", type=FILE_PATH, help="the file with the private key")
def restore(
    path: Path, check: bool, at: str | None, passphrase_file: Path | None, identity: Path | None
) -> None:
    """Restore a backup into INSTANCE_PATH, which must be empty; the server must not be running."""
    ask, made = _asking(passphrase_file, identity), _keys_just_made()
    with contextlib.ExitStack() as stack:
        # Otherwise a second try, with the right passphrase, would not find the folder empty.
        stack.callback(restoring.take_back, application().config["INSTANCE_PATH"], made)
        if at is not None:
            path = restoring.newest_before(path, _time(at), ask)
            click.echo(f"The newest up to then is {path}.")
        elif path.is_dir():
            raise click.ClickException(
                f"{path} is a folder: `--at TIME` chooses one of its backups."
            )
        manifest = restoring.check(path, ask) if check else _restored(path, ask, made)
        if not check:
            stack.pop_all()
    moment, count = manifest.moment, len(manifest.files)
    click.echo(f"{path} is whole: {count} files, of {moment}, Collab {manifest.version}.")
    if not check:
        click.echo("It is restored. Start the server: it brings the database up to date.")


def _keys_just_made() -> set[Path]:
    """Return the key files that this command has made, as every command does if there are none."""
    return {ring.path for ring in RINGS.here().values() if ring.is_new and ring.path}


def _restored(path: Path, ask: Callable[[], Opener], made: set[Path]) -> Manifest:
    app = application()
    rings = RINGS.of(app)
    instance: Path = app.config["INSTANCE_PATH"]
    database = _database() if app.config["DATABASE_URL"] else None
    manifest = restoring.restore(path, ask, instance, database, made)
    given = {
        name: [key_id(one) for one in ring.secrets]
        for name, ring in rings.items()
        if ring.path is None
    }
    for name in restoring.fitting_keys(manifest, given):
        click.echo(
            f"{name} was a setting where the backup was made, and is another one here: what it "
            "sealed can't be opened.",
            err=True,
        )
    return manifest


def _asking(passphrase_file: Path | None, identity: Path | None) -> Callable[[], Opener]:
    @cache
    def ask() -> Opener:
        if identity is not None:
            return Identity(identity.read_text())
        return _passphrase(passphrase_file, twice=False)

    return ask


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.ClickException(
            f"{text!r} is not a time such as 2026-11-29T12:00:00Z."
        ) from None
    return found.replace(tzinfo=found.tzinfo or UTC)


@click.command("backup-identity", cls=CareCommand)
@click.argument("path", type=FILE_PATH)
def backup_identity(path: Path) -> None:
    """Make a key pair: the private key in a file, to be kept elsewhere; prints the public one."""
    private, public = Identity.new()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{private}\n")
    click.echo(public)


@click.command("rotate-keys", cls=CareCommand)
@click.option(
    "--forget", is_flag=True, help="forget the older keys at once: everybody is logged out"
)
def rotate_keys(forget: bool) -> None:
    """Add a new key to sign and seal with; the older ones stay until nothing needs them."""
    for line in keys.rotate(application(), forget=forget):
        click.echo(line)


@click.command("reseal", cls=CareCommand)
def reseal() -> None:
    """Reseal kept secrets with the newest SEALING_KEY, and forget the older ones."""
    for line in keys.reseal(application()):
        click.echo(line)
