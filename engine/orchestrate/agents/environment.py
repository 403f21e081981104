"""The environment of agents and of Intents' commands: an allow-list of what the person's environment holds.

A secret that an agent needs is named in its settings (`env_allow`); everything else stays out of it and of its tools.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import translate
from functools import cache
from typing import Final

__all__ = ["ALLOWED", "allowed_environment", "handed_on"]

#: names and patterns that are handed on: where programs and homes are, language, time, certificates, proxies, identity
ALLOWED: Final = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "TEMP", "TMP", "XDG_*",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE", "*_proxy",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSH_AUTH_SOCK",
    "GIT_AUTHOR_*", "GIT_COMMITTER_*", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
    "VIRTUAL_ENV", "CONDA_PREFIX", "PYENV_ROOT", "NVM_DIR", "JAVA_HOME", "GOPATH", "GOROOT", "CARGO_HOME",
    "RUSTUP_HOME", "CI",
)  # fmt: skip
#: nobody is there to answer a question or to leave an editor
_NOT_INTERACTIVE: Final = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    "GIT_PAGER": "cat",
    "PAGER": "cat",
    "TERM": "dumb",
    "NO_COLOR": "1",
}


def allowed_environment(environ: Mapping[str, str], more: Iterable[str] = ()) -> dict[str, str]:
    """What an agent gets of `environ`: names that match `ALLOWED` or a pattern of `more`, and that nobody is there."""
    return {**_NOT_INTERACTIVE, **handed_on(environ, more)}


def handed_on(environ: Mapping[str, str], more: Iterable[str] = ()) -> dict[str, str]:
    """What of `environ` may leave the process of the person: names that match `ALLOWED` or a pattern of `more`."""
    wanted = _any_of((*ALLOWED, *more))
    return {name: value for name, value in environ.items() if wanted.match(name)}


@cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))
