"""Whether the carrier knows our numbers and sends their webhooks here: what `nowrongdoor check` asks."""

from collections.abc import Mapping
from urllib.parse import urldefrag

from telephony.gateway import TwilioCarrier
from triage.ports import CarrierRefused, CarrierUnavailable

WANTED = {
    "voice_url": "/voice/incoming",
    "status_callback": "/voice/status",
    "sms_url": "/sms/incoming",
}

NOT_SEEN = (
    "Cannot be seen from here: whether the carrier still answers STOP and HELP by itself. Text HELP to a line and read "
    "whose words come back; how to switch it off is in README, The text line."
)


def carrier_faults(carrier: TwilioCarrier, lines: Mapping[str, str]) -> list[str]:
    """One sentence for each thing to mend at the carrier. `lines` are our numbers, each with its route."""
    try:
        numbers = {number.phone_number: number for number in carrier.numbers()}
    except CarrierUnavailable as away:
        return [f"The carrier cannot be asked: {away}. Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN."]
    except CarrierRefused as no:
        return [f"The carrier refused to list our numbers ({no.reason})."]
    faults = [] if lines else ["No line is configured. Run `nowrongdoor apply` with a service file."]
    for line in lines:
        known = numbers.get(line)
        if known is None:
            faults.append(f"{line} is not one of the carrier account's numbers: calls to it cannot reach us.")
            continue
        for field, path in WANTED.items():
            wanted = carrier.address(path)
            if urldefrag(getattr(known, field) or "").url != wanted:
                faults.append(f"{line}: set its {field} to {wanted} at the carrier.")
        if not known.voice_fallback_url:
            faults.append(f"{line}: set its voice_fallback_url, best to a document the carrier hosts (fallback-twiml).")
    return faults
