"""Pure helpers without I/O: errors, time, money, text, forms' readers, settings."""
