"""E-mail addresses, in the one form in which they are stored and looked up."""

from email_validator import EmailNotValidError, validate_email

from nyumba.errors import FieldError

NOT_AN_ADDRESS = FieldError("must be an e-mail address, such as wanjiku@example.com", pointer="/email")


def normalise_email(text: str) -> str | None:
    """The address in lower case, its domain in ASCII; None when it is no address that mail can be sent to.

    The part before the @ must be ASCII too: hardly any server takes others, and letter case stays a simple matter.
    """
    try:
        address = validate_email(text.strip(" "), check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        return None
    return f"{address.ascii_local_part}@{address.ascii_domain}".lower()
