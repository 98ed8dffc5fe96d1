"""The database and what leaves it: queries, migrations, jobs, templates, mail, audit, checks."""
