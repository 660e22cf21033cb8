"""Signed-in browsers: one cookie that holds whom it is for, signed."""

import os
import secrets
from pathlib import Path

from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.settings import Settings

COOKIE = "somata_session"


class Sessions:
    """Makes and reads the session cookie. It ends with its age or the account's epoch."""

    def __init__(self, settings: Settings) -> None:
        key = settings.secret_key or kept_secret(settings.data_dir / "secret.key")
        self._signer = URLSafeTimedSerializer(key, salt="session")
        self._max_age_s = settings.session_days * 86_400
        self._public_https = (settings.public_url or "").startswith("https:")

    def start(self, request: Request, response: Response, labeler_id: int, epoch: int) -> None:
        """Sign a browser in."""
        response.set_cookie(
            COOKIE,
            self._signer.dumps([labeler_id, epoch]),
            max_age=self._max_age_s,
            httponly=True,
            samesite="lax",
            secure=self._public_https or request.url.scheme == "https",
        )

    def end(self, response: Response) -> None:
        """Sign a browser out."""
        response.delete_cookie(COOKIE, httponly=True, samesite="lax")

    def read(self, request: Request) -> tuple[int, int] | None:
        """The labeler's key and epoch of a sound cookie, or None."""
        cookie = request.cookies.get(COOKIE)
        if cookie is None:
            return None
        try:
            labeler_id, epoch = self._signer.loads(cookie, max_age=self._max_age_s)
            return int(labeler_id), int(epoch)
        except (BadSignature, ValueError, TypeError):
            return None


def kept_secret(file: Path) -> str:
    """The key in this file; made, readable by its owner alone, where it is missing."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f"{file.name}.{os.getpid()}")
        partial.touch(mode=0o600)
        partial.write_text(secrets.token_urlsafe(48))
        try:
            # A link, not a rename: of two processes that start at once, the first one's key stays.
            os.link(partial, file)
        except FileExistsError:
            pass
        finally:
            partial.unlink()
    return file.read_text().strip()
