"""Sharing a circle: its short address, a QR code, a poster, and a frame for other sites."""
