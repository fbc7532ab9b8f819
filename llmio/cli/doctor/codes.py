"""The catalogue: code → severity, cause, fix. The page docs/operators/doctor.md is written from it."""

from __future__ import annotations

from typing import Final

from llmio.cli.doctor.codes_outside import OUTSIDE

CODES: Final[dict[str, tuple[str, str, str]]] = {
    # -- settings --
    "settings.wrong": (
        "error",
        "A setting has a value that cannot be used; processes refuse to start.",
        "Correct the variable; `llmio config describe` shows what it takes.",
    ),
    "settings.unknown": (
        "warning",
        "A variable is set that nothing reads, most likely misspelt; what it should say is not in force.",
        "Correct its name, or remove it; `llmio config describe` lists all names.",
    ),
    "settings.secret": (
        "error",
        "Cookies and links are signed with a secret; without one of at least 32 characters production does not start.",
        "Set SECRET_COOKIE_TOKEN to what `openssl rand -hex 32` prints; keep it, or everybody is signed out.",
    ),
    "settings.file": (
        "error",
        "A variable NAME_FILE names a file with the value of NAME, and that file cannot be read.",
        "Correct the path, or let the account of llmio read the file.",
    ),
    "settings.twice": (
        "warning",
        "Two variables that mean the same are set to different values.",
        "Take out all but one of them.",
    ),
    "settings.off": (
        "warning",
        "A switch of the reference is set to a word for off: it is off here, and would be on there.",
        "Remove the variable where it should be off.",
    ),
    "settings.permissions": (
        "warning",
        "Other accounts of this machine can read a file with secrets.",
        "chmod 600 the file; if strangers have accounts here, make new secrets.",
    ),
    "settings.zone": (
        "warning",
        "TZ names a time zone that is not known here: the log has the times of another one.",
        "Write it as Europe/Berlin; if it is written so, install the system's list of zones (tzdata).",
    ),
    # -- database --
    "database.unset": (
        "error",
        "No database is named, and no `llmio up` runs on the data folder here.",
        "Set DATABASE_URL, or LLMIO_DATA to the folder on which `llmio up` runs.",
    ),
    "database.address": (
        "error",
        "DATABASE_URL is not an address of a database.",
        "Write it as postgresql://user:password@host:5432/database; signs such as @ or / in the password as %40, %2F.",
    ),
    "database.unreachable": (
        "error",
        "PostgreSQL does not answer at the address: it is down, elsewhere, or a firewall stands between.",
        "Start PostgreSQL; look at host and port in DATABASE_URL, and at listen_addresses and pg_hba.conf there.",
    ),
    "database.login": (
        "error",
        "PostgreSQL does not let the user of DATABASE_URL in.",
        "Correct user and password, or set them there: ALTER ROLE … LOGIN PASSWORD …; look at pg_hba.conf.",
    ),
    "database.missing": (
        "error",
        "The server is there, but has no database of that name.",
        "Correct the name in DATABASE_URL, or make it: createdb --encoding=UTF8 --owner=USER NAME; then llmio db upgrade.",
    ),
    "database.version": (
        "error",
        "PostgreSQL is older than 15; queries of llmio fail there.",
        "Move to PostgreSQL 17: dump, restore, or pg_upgrade.",
    ),
    "database.encoding": (
        "error",
        "The database does not keep text as UTF-8: names and texts are refused or spoilt.",
        "Dump it, make a new one with createdb --encoding=UTF8 --template=template0, and restore into that.",
    ),
    "database.readonly": (
        "error",
        "The database takes no writes: it is a copy that follows another (a standby), or was set so. Nothing can be saved.",
        "Let DATABASE_URL name the server that writes, or promote this one; else reset default_transaction_read_only.",
    ),
    "database.incomplete": (
        "error",
        "The revision says that all tables of llmio are there, and one is not: restored in part, or dropped by hand.",
        "Restore the whole backup, schema llmio included, into an empty database.",
    ),
    "database.extension": (
        "error",
        "An extension that the tables need is not installed in this database.",
        "As a superuser, in this database: CREATE EXTENSION NAME WITH SCHEMA public.",
    ),
    "database.migrations": (
        "error",
        "The code is newer than the database: an update was installed, and the database not brought up to date.",
        "Make a backup, then run llmio db upgrade.",
    ),
    "database.newer": (
        "error",
        "The database was brought up to date by a newer llmio than this one.",
        "Install that version on this machine, too; or restore the backup made before the update.",
    ),
    "database.sequence": (
        "error",
        "The next row would get a number that is taken, and be refused: a restore brought the rows, and not the counter.",
        "SELECT setval('SEQUENCE', LARGEST_NUMBER);",
    ),
    "database.index": (
        "warning",
        "An index cannot be relied on: its making was broken off (CREATE INDEX CONCURRENTLY), or found rows twice.",
        "REINDEX INDEX CONCURRENTLY NAME;",
    ),
    "database.collation": (
        "warning",
        "The system sorts text by other rules than when the database was made (an update, another image): rows may not be found.",
        "REINDEX DATABASE CONCURRENTLY NAME; then ALTER DATABASE NAME REFRESH COLLATION VERSION.",
    ),
    "database.unsafe": (
        "error",
        "PostgreSQL does not wait for the disk: when the machine fails, what people were told is saved is lost, or all is spoilt.",
        "Switch it on in postgresql.conf (or reset it for database and role), and reload.",
    ),
    "database.vacuum": (
        "error",
        "Old rows have not been seen to for long; after two thousand million transactions PostgreSQL takes no writes.",
        "VACUUM (FREEZE) the database; look for transactions that stay open, and for autovacuum = off.",
    ),
    "database.scarce": (
        "warning",
        "Processes may want more connections than the server allows: when there is much to do, some are refused.",
        "Raise max_connections; lower WEB_CONCURRENCY, RAILS_MAX_THREADS or LLMIO_WORKER_CONCURRENCY; or put pgbouncer between.",
    ),
    # -- schema --
    "schema.differs": (
        "warning",
        "A table, column or index is not as the code expects it: it was changed by hand, or a restore was not whole.",
        "Look at what llmio db check says, and put it right or restore a backup.",
    ),
    "database.connections": (
        "warning",
        "Nearly all connections that the server allows are taken; the next process will be refused.",
        "Raise max_connections (or the limit of database or role), run fewer processes, or put pgbouncer between.",
    ),
    "database.idle": (
        "warning",
        "A transaction has been open for minutes without doing anything: it keeps locks, and vacuum from cleaning up.",
        "End it: SELECT pg_terminate_backend(PID); set idle_in_transaction_session_timeout for that program.",
    ),
    # -- redis --
    "redis.unset": (
        "error",
        "No Redis is named: jobs are found late, sessions and live pages do not work.",
        "Set REDIS_URL, or let `llmio up` bring a Valkey along.",
    ),
    "redis.address": (
        "error",
        "REDIS_URL is not an address of a Redis.",
        "Write it as redis://:password@host:6379/0, with TLS as rediss://….",
    ),
    "redis.unreachable": (
        "error",
        "Redis does not answer at the address.",
        "Start Redis or Valkey; look at host and port in REDIS_URL, and at `bind` and protected-mode there.",
    ),
    "redis.login": (
        "error",
        "Redis does not accept the password, or the user may not do what llmio does.",
        "Put the password of `requirepass` or of the user (ACL) into REDIS_URL: redis://user:password@host/0.",
    ),
    "redis.eviction": (
        "warning",
        "With maxmemory and this policy Redis drops any key when memory is short, also queues: jobs are late then.",
        "Set maxmemory-policy noeviction (or a volatile-… one); use another Redis for caches of others.",
    ),
    "redis.misconf": (
        "error",
        "Redis refuses to write, since it could not save its data to the disk.",
        "Make room on the disk of Redis, let it write in its folder; its log says what failed.",
    ),
    "redis.readonly": (
        "error",
        "This Redis is a replica, which takes no writes.",
        "Name the primary in REDIS_URL, or make this one the primary: REPLICAOF NO ONE.",
    ),
    "redis.full": (
        "error",
        "Redis has reached maxmemory and refuses to write.",
        "Raise maxmemory, or remove what others keep there.",
    ),
    "redis.unwritable": (
        "error",
        "Redis answers, but did not take a small key.",
        "Look at its log and at the rights of the user in REDIS_URL.",
    ),
    # -- jobs, clock --
    "jobs.worker": (
        "error",
        "No worker has given a sign for half a minute: mails, notices, search and files wait.",
        "Start `llmio worker`, or look at its log; all that waits is done once it runs.",
    ),
    "jobs.schedule": (
        "error",
        "The schedule gives no sign: polls do not close on time, reminders and clean-ups do not happen.",
        "Start `llmio beat` (one is enough), or look at its log.",
    ),
    "jobs.late": (
        "error",
        "A job has waited for more than five minutes beyond its time: workers are too few, hang, or miss a queue.",
        "Look at /admin/jobs or `llmio jobs`; start more workers or raise LLMIO_WORKER_CONCURRENCY.",
    ),
    "jobs.dead": (
        "warning",
        "Jobs failed for good: something that was to happen did not.",
        "Look at the errors on /admin/jobs or by `llmio jobs`; mend the cause, then try again or delete them there.",
    ),
    "jobs.version": (
        "warning",
        "Processes of this site are of different versions: one was not started again after an update.",
        "Start all of them again; see that each machine and image has the same version.",
    ),
    "jobs.switches": (
        "warning",
        "Processes of this site were told different things by their variables: what holds depends on which is asked.",
        "Give all of them the same variables, and start again those that differ.",
    ),
    "clock.apart": (
        "warning",
        "This machine and the database do not agree what time it is: links end early, work comes at the wrong moment.",
        "Let both machines follow a time server (systemd-timesyncd, chrony).",
    ),
    # -- disk --
    "disk.full": (
        "warning",
        "The disk of the data folder is nearly full; files and mails will be refused.",
        "Make room, or move LLMIO_DATA to a larger disk.",
    ),
    "disk.inodes": (
        "warning",
        "The disk of the data folder takes hardly any more files, though there may be room: it has too many small ones.",
        "Remove what is not needed (df -i shows where), or move LLMIO_DATA to another disk.",
    ),
    "disk.folder": (
        "error",
        "The data folder cannot be written to.",
        "Correct LLMIO_DATA, or give the folder to the account that llmio runs as (chown).",
    ),
    **OUTSIDE,
}
"""Causes and fixes are for operators, in English like all commands."""
