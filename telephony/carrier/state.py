"""What outlives a restart when a state folder is given: texts, and who has stopped which number's."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from .messages import Message, Messages
from .settings import WrongSetting

NAME = "texts.json"
KEPT_TEXTS = 2000
DATES = ("date_created", "date_updated", "date_sent")


def save(messages: Messages, folder: Path) -> None:
    """Write the texts and opt-outs, readable by their owner alone, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = list(islice(reversed(messages.all.values()), KEPT_TEXTS))[::-1]
    rows = [asdict(replace(text, media=[])) for text in texts]  # pictures are not kept on a disk
    content = {"texts": rows, "stopped": sorted(messages.stopped)}
    unfinished = folder / f"{NAME}.new"
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, default=datetime.isoformat)
    unfinished.replace(folder / NAME)


def load(messages: Messages, folder: Path) -> None:
    """Bring back what `save` wrote; nothing where it never did. Raises WrongSetting for a file that is not ours."""
    path = folder / NAME
    if not path.exists():
        return
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        for row in content["texts"]:
            dates = {name: row[name] and datetime.fromisoformat(row[name]) for name in DATES}
            text = Message(**{**row, **dates})
            messages.all[text.sid] = text
        messages.stopped |= {(line, person) for line, person in content["stopped"]}
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise WrongSetting(f"--state-dir: {path} cannot be read ({type(problem).__name__}); remove it") from None
