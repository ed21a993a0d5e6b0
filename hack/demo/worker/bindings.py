"""Finds out how to reach the shop's services.

The usual variables win; the files of service bindings (https://servicebinding.io)
fill in what they leave open, above all the certificate of the authority.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Connection:
    url: str
    ca_file: str | None = None

    @property
    def scheme(self):
        return urlsplit(self.url).scheme

    @property
    def query(self):
        return urlsplit(self.url).query


def connection(variable, types, env=os.environ):
    """Returns the Connection for a service, or None when nothing is configured."""
    found = [b for b in _bindings(env.get("SERVICE_BINDING_ROOT")) if b["type"].lower() in types]
    url = env.get(variable) or next((b["uri"] for b in found if b["uri"]), None)
    if not url:
        return None
    host = urlsplit(url).hostname
    binding = next((b for b in found if b["host"] == host or b["uri"] == url), None)
    return Connection(url, binding["ca"] if binding else None)


def require(variable, types, env=os.environ):
    found = connection(variable, types, env)
    if found is None:
        raise RuntimeError(f"nothing is configured for {types[0]}: set {variable} or mount a service binding")
    return found


def _bindings(root):
    if not root or not Path(root).is_dir():
        return []
    return [_binding(path) for path in sorted(Path(root).iterdir()) if path.is_dir() and not path.name.startswith(".")]


def _binding(path):
    def entry(name):
        file = path / name
        return file.read_text().strip() if file.is_file() else ""

    ca = path / "ca.crt"
    return {
        "type": entry("type"),
        "host": entry("host"),
        "uri": entry("uri"),
        "ca": str(ca) if ca.is_file() and ca.stat().st_size else None,
    }
