"""How responses are encoded for transfer: pages compressed on the way, static files compressed beforehand."""
