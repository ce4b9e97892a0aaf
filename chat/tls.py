"""TLS to the broker: certificates are always verified, against the system's store or the CA file that was chosen."""

import ssl

import truststore

from chat.address import BrokerAddress
from chat.errors import EntryError
from chat.words import _

_HOSTNAME_MISMATCH = 62
_EXPIRED = 10
_NOT_YET_VALID = 9
"""OpenSSL's X509_V_ERR_* numbers (x509_vfy.h)."""


def tls_context(broker: BrokerAddress) -> ssl.SSLContext:
    """A context for this broker, TLS 1.2 or newer. Raises `EntryError` for a file that can't be used."""
    context: ssl.SSLContext
    if broker.ca_file is None:
        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        try:
            context = ssl.create_default_context(cafile=broker.ca_file)
        except (OSError, ssl.SSLError):
            raise EntryError("ca_file", _("{file} holds no certificate (PEM). Choose another file.").format(file=broker.ca_file)) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if broker.certificate is not None:
        try:
            # Without a password function OpenSSL would ask on the terminal for that of an encrypted key.
            context.load_cert_chain(broker.certificate, broker.key_file, password="")
        except (OSError, ssl.SSLError):
            raise EntryError(
                "certificate", _("The client certificate and its key can’t be read or don’t fit. Choose PEM files without a password.")
            ) from None
    return context


def distrust(error: ssl.SSLCertVerificationError, broker: BrokerAddress) -> str:
    """Why the broker's certificate was not believed, as a sentence."""
    match error.verify_code:
        case code if code == _HOSTNAME_MISMATCH:
            return _("The certificate of {place} is for another host name. Check the address.").format(place=broker.place)
        case code if code == _EXPIRED:
            return _("The certificate of {place} has expired. Check this computer’s date, or tell whoever runs the broker.").format(
                place=broker.place
            )
        case code if code == _NOT_YET_VALID:
            return _("The certificate of {place} is not valid yet. Check this computer’s date.").format(place=broker.place)
        case _:
            return _("The certificate of {place} is not trusted here. If the broker has a CA of its own, choose its CA file.").format(
                place=broker.place
            )
