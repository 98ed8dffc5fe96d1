"""The register: who was booked, who came."""
