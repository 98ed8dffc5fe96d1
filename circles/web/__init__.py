"""HTTP for every feature: access levels, rendering, forms, headers, cookies, htmx, rate limits."""
