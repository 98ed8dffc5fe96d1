"""PostgreSQL and output: queries, migrations, jobs, templates, mail, event rows, invariants, the privacy map."""
