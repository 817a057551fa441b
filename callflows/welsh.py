"""The line's texts in Welsh, by the names they have in `callflows.wording`. Spoken sentences have no Welsh yet.

Who approved what: nobody yet. Like the English these are a draft; a native speaker and the trust's Welsh-language
officer must approve them before use. Administrators may replace any of them (`[wording.cy]` in the service file).

Circumflexes are left out, as is usual in texts: w, y, a, e, i, o and u with one are not in the alphabet of an ordinary
text (GSM 7-bit), and a single one would make each text 70 characters long instead of 160.
"""

from typing import Final

SENTENCES: Final[dict[str, str]] = {
    "text_first": "Dyma {service}. Os oes perygl nawr, ffoniwch 999. Bydd nyrs yn darllen hwn ac yn ateb yma.",
    "text_first_place": "Dyma {service}. Os oes perygl nawr, ffoniwch 999. Bydd nyrs ar gyfer {locality} yn darllen "
    "hwn ac yn ateb yma.",
    "text_stays": "Mae ein negeseuon yn aros ar y ddyfais nes i chi ddileu'r sgwrs.",
    "text_who": "Dyma {service}.",
    "text_danger": "Os oes perygl nawr, ffoniwch 999, neu tecstiwch 999 os ydych wedi cofrestru am hynny. "
    "Mae pobl mewn perygl nawr yn mynd o flaen pawb arall: bydd nyrs yn eich ateb yma cyn gynted ag y gallwn.",
    "text_danger_with_nurse": "Os oes perygl nawr, ffoniwch 999, neu tecstiwch 999 os ydych wedi cofrestru am hynny. "
    "Mae'r nyrs sy'n tecstio gyda chi yn gweld hwn.",
    "text_help": "Dyma {service}. Os oes perygl nawr, ffoniwch 999. Mae nyrs yn darllen hwn a bydd yn eich ateb yma.",
    "text_place": "Diolch. Bydd nyrs ar gyfer {locality} yn eich ateb yma.",
    "text_offer_local": "Tecstiwch LLEOL am help yn eich ardal.",
    "text_which": "Ai {words} oeddech chi'n ei olygu? Tecstiwch y gair eto, neu ie os oes un yn unig. "
    "Beth bynnag, bydd nyrs yn eich ateb yma.",
    "text_which_first": "Ai {words} oeddech chi'n ei olygu? Tecstiwch y gair eto.",
    "text_or": "neu",
    "text_language": "Bydd ein negeseuon awtomatig yn Gymraeg o hyn ymlaen. Mae'r nyrs yn gweld eich dewis.",
    "text_wait_no_nurse": "Nid oes nyrs ar gael eto.",
    "text_wait_next": "Chi sydd nesaf.",
    "text_wait_one": "Mae un person o'ch blaen.",
    "text_wait_ahead": "Mae {ahead} o bobl o'ch blaen.",
    "text_wait_lately": "Yn ddiweddar, arhosodd pobl tua {minutes} munud.",
    "text_wait_not_known": "Ni allwn ddweud pa mor hir fydd hi.",
    "text_call_back": "Byddwn yn eich ffonio ar y rhif hwn. Cadwch eich ffon yn agos. Mae nyrs hefyd yn darllen eich "
    "negeseuon yma. Mewn perygl nawr, ffoniwch 999.",
    "text_no_call_back": "Ni allwn ffonio'r rhif rydych yn tecstio ohono. Bydd nyrs yn eich ateb yma. "
    "Mewn perygl nawr, ffoniwch 999.",
    "text_promise_soon": "Byddaf yn eich ffonio ar y rhif hwn cyn hir. Cadwch eich ffon yn agos. "
    "Mewn perygl nawr, ffoniwch 999.",
    "text_promise_by": "Byddaf yn eich ffonio ar y rhif hwn erbyn {time}. Cadwch eich ffon yn agos. "
    "Mewn perygl nawr, ffoniwch 999.",
    "text_go_on": "Helo. Awn ymlaen yma drwy neges destun, fel y cytunwyd. Ysgrifennwch pan allwch. "
    "Mewn perygl nawr, ffoniwch 999.",
    "text_silence": "Rydym yma o hyd. Tecstiwch pan allwch, nid oes brys. Mewn perygl nawr, ffoniwch 999.",
    "text_still_waiting": "Nid ydym wedi eich anghofio. Mae eich lle gennych o hyd, a bydd nyrs yn eich ateb yma. "
    "Mewn perygl nawr, ffoniwch 999.",
    "text_ending": "{next} Gallwch decstio yma eto unrhyw bryd. Mewn perygl nawr, ffoniwch 999.",
    "text_back": "Mae eich neges wedi cyrraedd, a bydd nyrs yn ei darllen. Gallwch ddweud mwy wrth aros. "
    "Mewn perygl nawr, ffoniwch 999.",
    "text_after": "A oedd siarad gyda ni o gymorth? Tecstiwch 1 (dim o gwbl) i 5 (llawer), yna unrhyw beth arall. "
    "Nid yw nyrs yn darllen hyn ar unwaith. Mewn perygl, ffoniwch 999.",
    "text_after_thanks": "Diolch. Os bydd angen rhywun arnoch, tecstiwch yma eto: mae nyrs yn darllen hynny. "
    "Mewn perygl nawr, ffoniwch 999.",
    "text_tried_to_ring": "Fe wnaethom geisio eich ffonio. Byddwn yn ceisio eto cyn hir, neu ffoniwch ni pan fydd yn "
    "gyfleus i chi.",
    "text_car_accepted": "Mae rhywun yn dod atoch, fel y gofynnoch. Byddwn yn tecstio eto pan fyddant yn agos. "
    "Mewn perygl nawr, ffoniwch 999.",
    "text_car_near": "Dylai'r sawl sy'n dod atoch fod yno ymhen tua phum munud.",
    "text_car_moving": "Mae'r sawl sy'n dod atoch ar y ffordd nawr.",
    "text_car_not_coming": "Mae'n ddrwg gennym: nid oes neb yn dod atoch nawr wedi'r cyfan. Bydd nyrs yn eich ffonio. "
    "Mewn perygl nawr, ffoniwch 999.",
    "text_local_help": "Dyma'r lleoedd yn eich ardal, fel y gofynnoch: {help}. {service}",
    "text_no_local_help": "Fe ofynnoch pwy i'w ffonio. Samariaid: 116 123, ddydd a nos. Mewn perygl, ffoniwch 999. "
    "Gallwch ein ffonio eto unrhyw bryd. {service}",
}
