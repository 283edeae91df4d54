"""Signs a delivery as Standard Webhooks does."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from portcullis.errors import ActionError


def signature(secret: str, delivery_id: str, timestamp: int, body: bytes) -> str:
    """`v1,<base64>` over id, seconds since 1970 and the bytes as they go over the wire.

    secret: `whsec_<base64>`.
    Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    @raises ActionError when the secret does not have that form
    """
    signed = b"%s.%d.%s" % (delivery_id.encode("ascii"), timestamp, body)
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode("ascii")


def key_of(secret: str) -> bytes:
    """The key in a secret of the form `whsec_<base64>`. @raises ActionError"""
    try:
        if not secret.startswith("whsec_"):
            raise ValueError("no prefix")
        key = base64.b64decode(secret[len("whsec_") :], validate=True)
        if len(key) == 0:
            raise ValueError("empty")
        return key
    except (ValueError, binascii.Error):
        raise ActionError(
            "The signing secret must look like whsec_ and base64. `portcullis secrets` prints it on the receiver; "
            "enter it on the app's setup page."
        ) from None
