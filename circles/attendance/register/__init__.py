"""The register: the roster of a gathering and its marks."""
