"""Writes `models/src/data/html5.txt`: HTML's named characters, each a line of a name without `&` and its characters' numbers."""

import html.entities
from pathlib import Path

PATH = Path(__file__).resolve().parents[2] / "models/src/data/html5.txt"
rows = sorted(html.entities.html5.items())
PATH.write_text("".join(f"{name} {' '.join(f'{ord(c):x}' for c in text)}\n" for name, text in rows))
print(len(rows), PATH.stat().st_size)
