"""The vault of a data folder that a benchmark made, as the program opens it."""

from pathlib import Path

from campaigns.settings import Settings, vault_for
from campaigns.vault import Vault


def vault_in(folder: Path) -> Vault:
    return vault_for(Settings(_env_file=None, data_dir=folder))  # type: ignore[call-arg]
