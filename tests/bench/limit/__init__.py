"""The limit: what bare Starlette, asyncpg and Jinja2 reach with the same SQL and the same templates."""
