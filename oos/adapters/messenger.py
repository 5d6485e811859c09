"""The Messenger port: web addresses over HTTP, mail over SMTP; every call ends in its time."""

from __future__ import annotations

import smtplib
import ssl
import time
from email.message import EmailMessage
from typing import Final
from urllib.parse import urlsplit

from oos.service.messenger import HttpRequest, HttpResponse, Mail, MessageFailed

MOST_BYTES: Final = 4 << 20
"""An answer that is larger is refused: it would go into the journal."""
SMTPS_PORT: Final = 465


class NetworkMessenger:
    """The network as this host reaches it; proxies are those of the environment."""

    def request(self, request: HttpRequest) -> HttpResponse:
        """Ask a web address. Whatever it answers is an answer. Raises MessageFailed when there is none."""
        import httpx  # here, because most runs send no message

        where = shown_address(request.url)
        end = time.monotonic() + request.seconds
        try:
            with (
                httpx.Client(timeout=request.seconds, follow_redirects=True) as client,
                client.stream(
                    request.method, request.url, headers=dict(request.headers), content=request.body or None
                ) as answer,
            ):
                body = b""
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > MOST_BYTES:
                        raise MessageFailed(f"{where}: the answer is larger than {MOST_BYTES >> 20} MiB", again=False)
                    # The time-outs of the library are for each read; an answer that drips would never end.
                    if time.monotonic() > end:
                        raise MessageFailed(f"{where}: no whole answer within {request.seconds:g} s")
                return HttpResponse(answer.status_code, dict(answer.headers), body)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            raise MessageFailed(f"{where}: this is no web address ({error})", again=False) from error
        except httpx.TimeoutException as error:
            raise MessageFailed(f"{where}: no answer within {request.seconds:g} s") from error
        except (httpx.HTTPError, OSError) as error:
            raise MessageFailed(f"{where}: {error or type(error).__name__}") from error

    def mail(self, mail: Mail) -> None:
        """Hand a mail to its server, which takes it for every recipient. Raises MessageFailed."""
        where = f"{mail.host}:{mail.port}"
        try:
            message = _message(mail)
            with _connected(mail) as server:
                if mail.user:
                    server.login(mail.user, mail.password)
                refused = server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            raise MessageFailed(f"{where} refused {_refused(error.recipients)}", again=False) from error
        except smtplib.SMTPResponseException as error:
            answer = error.smtp_error
            said = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
            again = 400 <= error.smtp_code < 500
            raise MessageFailed(f"{where} answered {error.smtp_code} {said}", again=again) from error
        except (ValueError, smtplib.SMTPNotSupportedError) as error:
            raise MessageFailed(f"{where}: {error}", again=False) from error
        except (smtplib.SMTPException, OSError) as error:
            raise MessageFailed(f"{where}: {error or type(error).__name__}") from error
        if refused:
            raise MessageFailed(f"{where} refused {_refused(refused)}; the others have it", again=False)


def _connected(mail: Mail) -> smtplib.SMTP:
    """A server that may be spoken to, encrypted where it can be. Raises what smtplib raises, ValueError."""
    context = ssl.create_default_context()
    if mail.encryption == "tls" or (not mail.encryption and mail.port == SMTPS_PORT):
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=mail.seconds, context=context)
    server = smtplib.SMTP(mail.host, mail.port, timeout=mail.seconds)
    try:
        server.ehlo()
        if mail.encryption == "starttls" or (not mail.encryption and server.has_extn("starttls")):
            server.starttls(context=context)
            server.ehlo()
        elif mail.user and mail.encryption != "none":
            raise ValueError("the server offers no encryption, and the password would be readable; Encryption: none")
    except BaseException:
        server.close()
        raise
    return server


def _message(mail: Mail) -> EmailMessage:
    message = EmailMessage()
    message["From"] = mail.sender
    message["To"] = ", ".join(mail.recipients)
    if mail.carbon_copies:
        message["Cc"] = ", ".join(mail.carbon_copies)
    message["Subject"] = mail.subject
    if mail.message_id:
        message["Message-ID"] = mail.message_id
    message.set_content(mail.text)
    return message


def _refused(recipients: dict[str, tuple[int, bytes]]) -> str:
    return ", ".join(f"{who} ({code} {said.decode(errors='replace')})" for who, (code, said) in recipients.items())


def shown_address(url: str) -> str:
    """A web address without what may be secret in it: its query, user and password."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"
    except ValueError:
        return "(an address that cannot be read)"
